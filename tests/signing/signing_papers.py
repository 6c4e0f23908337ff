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


def hybrid() -> bytes:
    """A PDF with a table and a cross-reference stream beside it, as some word processors write."""
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(
        (
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
        ),
        start=1,
    ):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    stream_at = len(out)
    entry = b"\1" + stream_at.to_bytes(2, "big") + b"\0"
    out += (
        b"4 0 obj\n<< /Type /XRef /Size 5 /W [1 2 1] /Index [4 1] /Length 4 /Root 1 0 R >>\n"
        b"stream\n" + entry + b"\nendstream\nendobj\n"
    )
    table_at = len(out)
    out += b"xref\n0 4\n0000000000 65535 f \n"
    out += b"".join(b"%010d 00000 n \n" % each for each in offsets)
    out += b"trailer\n<< /Size 5 /Root 1 0 R /XRefStm %d >>\n" % stream_at
    out += b"startxref\n%d\n%%%%EOF\n" % table_at
    return bytes(out)


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
