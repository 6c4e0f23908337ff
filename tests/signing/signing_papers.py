"""Papers to sign: PDF/A pages with drawn ink, and hostile files."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import pikepdf
from PIL import Image, ImageDraw

from app.packaging.compose import compose
from app.packaging.model import IDENTITY, Metadata, PageInput
from app.signing.embed import build_cms, embed
from app.signing.prepare import PreparedSignature, Stamp, prepare
from tests.signing.signing_pki import NOW, Entity, pki

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

DPI = 100
A4 = (827, 1169)  # px at 100 dpi
InkPt = tuple[float, float, float, float]


def paper(
    ink: Iterable[InkPt] = ((60, 700, 540, 712), (60, 400, 540, 412)),
    *,
    size_px: tuple[int, int] = A4,
    pages: int = 1,
    tint: int = 244,
) -> bytes:
    """A PDF/A-2u of scanned-looking pages; ``ink`` boxes in pt from the lower left corner."""
    picture = Image.new("RGB", size_px, (tint, tint, tint - 4))
    draw = ImageDraw.Draw(picture)
    scale = DPI / 72
    for x0, y0, x1, y1 in ink:
        top, bottom = size_px[1] - y1 * scale, size_px[1] - y0 * scale
        draw.rectangle((x0 * scale, top, x1 * scale - 1, bottom - 1), fill=(20, 20, 30))
    encoded = BytesIO()
    picture.save(encoded, "JPEG", quality=90, dpi=(DPI, DPI))
    page = PageInput(encoded.getvalue(), DPI, DPI, IDENTITY, *size_px)
    return compose([page] * pages, Metadata(title="Giấy thử nghiệm"))


def plain(**catalogue: object) -> bytes:
    """A small PDF without any picture; keywords go into the catalogue."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        for key, value in catalogue.items():
            pdf.Root[pikepdf.Name("/" + key)] = value
        out = BytesIO()
        pdf.save(out, static_id=True)
        return out.getvalue()


def prepared(
    pdf: bytes,
    entity: Entity | None = None,
    *,
    stamp: Stamp | None = None,
    now: datetime = NOW,
    field: str = "Clerk-1",
) -> PreparedSignature:
    signer = entity or pki().clerk
    return prepare(pdf, cert=signer.der, chain=pki().chain, stamp=stamp, now=now, field=field)


def signed(
    pdf: bytes,
    entity: Entity | None = None,
    *,
    stamp: Stamp | None = None,
    now: datetime = NOW,
    field: str = "Clerk-1",
) -> bytes:
    """``pdf`` signed through our own path with a key in memory."""
    signer = entity or pki().clerk
    ready = prepared(pdf, signer, stamp=stamp, now=now, field=field)
    return embed(ready, build_cms(ready, signer.sign(ready.signed_attrs)))
