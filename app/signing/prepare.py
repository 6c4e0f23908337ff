"""Preparing a signature: a pure step from bytes to bytes. No key, no clock, no chance in it.

The prepared file holds everything but the CMS: the stamp, the signature dictionary and a hole of
zeros. The signed attributes are fixed here too, so what the token later signs can be stored, shown
and, after a crash, signed or embedded again to the same bytes.

Source: ISO 32000-2 section 12.8, ETSI EN 319 142-1 (PAdES baseline B-B), RFC 5652, RFC 5035.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, Self

from asn1crypto import x509
from pyhanko.pdf_utils import generic, layout
from pyhanko.pdf_utils.font.api import FontEngineFactory, FontSubsetCollection
from pyhanko.pdf_utils.font.opentype import GlyphAccumulator
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.text import TextBoxStyle
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.pdf_cms import ExternalSigner
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner
from pyhanko.stamp.text import TextStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

from app.signing.appearance import (
    FONT_SIZE_PT,
    LEADING_PT,
    VIETNAM,
    Stamp,
    conversion_mark,
    font_bytes,
    organ_stamp,
)
from app.signing.errors import SigningError
from app.signing.integrity import open_pdf
from app.signing.placement import Box, check_box, place

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HOLE_HEX: Final = 24_576  # hexadecimal digits: CMS, chain and a later time-stamp fit

__all__ = [
    "HOLE_HEX",
    "Box",
    "PreparedSignature",
    "Stamp",
    "conversion_mark",
    "organ_stamp",
    "place",
    "prepare",
]


@dataclass(frozen=True, slots=True)
class PreparedSignature:
    """A file that lacks only its CMS, and what the token is to sign.

    Attributes:
        pdf: the prepared file with its hole.
        digest: SHA-256 over the file without the hole.
        hole: offsets of the hole, from ``<`` to behind ``>``.
        signed_attrs: DER of the SET OF signed attributes.
        cert: the signer's certificate, DER.
        chain: certificates between it and the anchor, DER.
        now: the signing time, in Vietnam's zone.
        field: name of the signature field.
    """

    pdf: bytes
    digest: bytes
    hole: tuple[int, int]
    signed_attrs: bytes
    cert: bytes
    chain: tuple[bytes, ...]
    now: datetime
    field: str

    def record(self) -> bytes:
        """All but the PDF as canonical JSON: what must be durable before the token is called."""
        told = {
            "cert": _b64(self.cert),
            "chain": [_b64(each) for each in self.chain],
            "digest": self.digest.hex(),
            "field": self.field,
            "hole": list(self.hole),
            "now": self.now.isoformat(),
            "signed_attrs": _b64(self.signed_attrs),
        }
        return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def load(cls, record: bytes, pdf: bytes) -> Self:
        """The prepared signature of a stored record and its PDF.

        Raises:
            SigningError: ``sign.record_damaged``: the record is no record or of another PDF.
        """
        try:
            told = json.loads(record)
            start, end = (int(each) for each in told["hole"])
            loaded = cls(
                pdf=pdf,
                digest=bytes.fromhex(told["digest"]),
                hole=(start, end),
                signed_attrs=_unb64(told["signed_attrs"]),
                cert=_unb64(told["cert"]),
                chain=tuple(_unb64(each) for each in told["chain"]),
                now=datetime.fromisoformat(told["now"]),
                field=str(told["field"]),
            )
        except (ValueError, TypeError, KeyError) as trouble:
            raise SigningError("sign.record_damaged", why="record") from trouble
        loaded.check()
        return loaded

    def check(self) -> None:
        """Passes when hole and digest fit the PDF.

        Raises:
            SigningError: ``sign.record_damaged``.
        """
        start, end = self.hole
        fits = 0 < start < end <= len(self.pdf)
        if not fits or self.pdf[start : start + 1] != b"<" or self.pdf[end - 1 : end] != b">":
            raise SigningError("sign.record_damaged", why="hole")
        if digest_around(self.pdf, self.hole) != self.digest:
            raise SigningError("sign.record_damaged", why="digest")


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _unb64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def digest_around(pdf: bytes, hole: tuple[int, int]) -> bytes:
    """SHA-256 of ``pdf`` without the bytes of the hole."""
    start, end = hole
    digest = hashlib.sha256(memoryview(pdf)[:start])
    digest.update(memoryview(pdf)[end:])
    return digest.digest()


class _Writer(IncrementalPdfFileWriter):
    """An incremental writer that is a pure function of the file and a seed.

    The stock one draws a file identifier and a font prefix by lot and writes the wall clock into
    the metadata. Here both come from the seed, and the metadata stay those of the paper.
    """

    def __init__(self, pdf: bytes, seed: bytes) -> None:
        self._seed = seed
        super().__init__(BytesIO(pdf), prev=open_pdf(pdf))
        first = self._document_id[0]
        marked = hashlib.sha256(b"id" + seed).digest()[:16]
        if "/ID" not in self.prev.trailer:
            first = generic.ByteStringObject(marked)
        self._document_id = generic.ArrayObject([first, generic.ByteStringObject(marked)])

    def _update_meta(self) -> None:
        """Leaves the metadata alone."""

    def get_subset_collection(self, base_postscript_name: str) -> Any:
        if base_postscript_name not in self._font_resources:
            self._font_resources[base_postscript_name] = _Subsets(base_postscript_name, self._seed)
        return self._font_resources[base_postscript_name]


class _Subsets(FontSubsetCollection):
    """Font subsets whose six-letter prefixes come from a seed."""

    def __init__(self, name: str, seed: bytes) -> None:
        super().__init__(name)
        object.__setattr__(self, "_seed", seed)

    def add_subset(self) -> str:
        seed: bytes = self.__dict__["_seed"]
        drawn = hashlib.sha256(b"font%d" % len(self.subsets) + seed).digest()
        return "".join(chr(ord("A") + byte % 26) for byte in drawn[:6])


class _StampFont(FontEngineFactory):
    """The stamp's font, embedded as the subset that is used."""

    def create_font_engine(self, writer: Any, obj_stream: Any = None) -> Any:
        if obj_stream is None and writer.stream_xrefs:
            obj_stream = writer.prepare_object_stream()
        engine = GlyphAccumulator(
            writer, BytesIO(font_bytes()), font_size=FONT_SIZE_PT, obj_stream=obj_stream
        )
        engine.tt.recalcTimestamp = False  # else the subset would carry the wall clock
        return engine


def _style(stamp: Stamp) -> Any:
    """Left-aligned lines at natural size, no frame, no background."""
    corner = layout.SimpleBoxLayoutRule(
        x_align=layout.AxisAlignment.ALIGN_MIN,
        y_align=layout.AxisAlignment.ALIGN_MAX,
        inner_content_scaling=layout.InnerScaling.NO_SCALING,
    )
    text = TextBoxStyle(
        font=_StampFont(), font_size=FONT_SIZE_PT, leading=LEADING_PT, box_layout_rule=corner
    )
    return TextStampStyle(
        border_width=0,
        background=None,
        text_box_style=text,
        inner_content_layout=corner,
        stamp_text="\n".join(stamp.lines).replace("%", "%%"),
    )


_store: Callable[[], Any] = SimpleCertificateStore


def external_signer(cert: bytes, chain: Sequence[bytes], value: bytes | int) -> Any:
    """PyHanko's signer that packs a signature made elsewhere; roots are left out.

    Raises:
        SigningError: ``sign.cert_unreadable``.
    """
    try:
        own = x509.Certificate.load(cert, strict=True)
        _ = own.public_key.algorithm
        store: Any = _store()
        for each in chain:
            store.register(x509.Certificate.load(each, strict=True))
    except (ValueError, TypeError) as trouble:
        raise SigningError("sign.cert_unreadable") from trouble
    return ExternalSigner(
        signing_cert=own, cert_registry=store, signature_value=value, embed_roots=False
    )


def prepare(
    pdf: bytes,
    *,
    cert: bytes,
    chain: Sequence[bytes],
    stamp: Stamp | None,
    now: datetime,
    field: str = "Clerk-1",
    box: Box | None = None,
) -> PreparedSignature:
    """The prepared signature of ``pdf``: equal arguments give equal bytes.

    Args:
        pdf: a paper that passed ``policy.check_document``.
        cert: the signer's certificate, DER.
        chain: certificates between it and the anchor, DER.
        stamp: the visible part, or None for an invisible signature.
        now: the signing time, with a zone.
        field: name of the new signature field.
        box: where the stamp goes, when a human chose it; else ``placement.place`` finds it.

    Raises:
        SigningError: ``sign.no_room``, ``sign.unreadable_pdf``, ``sign.field_taken``,
            ``sign.cert_unreadable``.
    """
    if now.tzinfo is None:
        raise ValueError("a signing time needs its zone")
    moment = now.astimezone(VIETNAM).replace(microsecond=0)
    signer = external_signer(cert, chain, 512)
    if stamp is None:
        box = None
    elif box is None:
        box = place(pdf, stamp)
    else:
        check_box(pdf, stamp, box)
    seed = hashlib.sha256(
        b"|".join((hashlib.sha256(pdf).digest(), cert, moment.isoformat().encode(), field.encode()))
    ).digest()
    writer = _Writer(pdf, seed)
    pdf_signer = PdfSigner(
        PdfSignatureMetadata(
            field_name=field, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES
        ),
        signer=signer,
        stamp_style=None if stamp is None else _style(stamp),
        new_field_spec=SigFieldSpec(field, on_page=0, box=box),
    )
    prepared, hole, digest = _write(pdf_signer, writer, moment)
    attrs = asyncio.run(signer.signed_attrs(digest, "sha256", use_pades=True)).dump()
    return PreparedSignature(
        pdf=prepared,
        digest=digest,
        hole=hole,
        signed_attrs=attrs,
        cert=cert,
        chain=tuple(chain),
        now=moment,
        field=field,
    )


def _write(pdf_signer: Any, writer: Any, moment: datetime) -> tuple[bytes, tuple[int, int], bytes]:
    """The prepared file, its hole and its digest."""
    try:
        session = pdf_signer.init_signing_session(writer)
        session.system_time = moment
        to_sign = session.prepare_tbs_document(
            validation_info=None, bytes_reserved=HOLE_HEX, appearance_text_params={}
        )
        ready, output = to_sign.digest_tbs_document()
    except SigningError:
        raise
    except Exception as trouble:
        raise SigningError("sign.cannot_prepare", why=type(trouble).__name__) from trouble
    hole = (int(ready.reserved_region_start), int(ready.reserved_region_end))
    return output.getvalue(), hole, bytes(ready.document_digest)
