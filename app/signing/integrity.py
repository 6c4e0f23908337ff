"""Whether the signatures inside a PDF still hold: bytes, coverage, later changes. No trust here.

Source: ISO 32000-2 section 12.8 (digital signatures), ETSI EN 319 142-1 (PAdES).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal, cast

from pyhanko.pdf_utils import misc
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel, SuspiciousModification
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from app.signing.errors import SigningError

if TYPE_CHECKING:
    from datetime import datetime

MAX_PDF_BYTES = 512 * 1024 * 1024

Fault = Literal["", "broken", "partial", "altered"]
Later = Literal["nothing", "evidence", "form"]


@dataclass(frozen=True, slots=True)
class SignedPart:
    """One filled signature field of a PDF.

    Attributes:
        field: its full name.
        fault: "" when it holds; ``broken`` bytes or value, ``partial`` coverage, ``altered`` later.
        is_timestamp: a document time-stamp, not a person's signature.
        end: offset behind the last byte it covers, 0 when unknown.
        later: what allowed changes followed: nothing, evidence for validation, or form entries.
        signed_at: the time the signer claims, if any.
        embedded: pyHanko's object, None when it cannot be read at all.
        digest: the document digest, None when it cannot be computed.
    """

    field: str
    fault: Fault
    is_timestamp: bool
    end: int
    later: Later
    signed_at: datetime | None
    embedded: Any
    digest: bytes | None


def open_pdf(pdf: bytes, *, strict: bool = True) -> Any:
    """A reader over ``pdf``.

    Raises:
        SigningError: ``sign.unreadable_pdf``; ``why`` is too_big, encrypted, damaged or no_pages.
    """
    if len(pdf) > MAX_PDF_BYTES:
        raise SigningError("sign.unreadable_pdf", why="too_big")
    try:
        reader = PdfFileReader(BytesIO(pdf), strict=strict)
        encrypted = bool(reader.encrypted)
        pages = 1 if encrypted else int(reader.root["/Pages"]["/Count"])
        _ = reader.total_revisions
    except Exception as trouble:
        raise SigningError("sign.unreadable_pdf", why="damaged") from trouble
    if encrypted:
        raise SigningError("sign.unreadable_pdf", why="encrypted")
    if pages < 1:
        raise SigningError("sign.unreadable_pdf", why="no_pages")
    return reader


def open_lenient(pdf: bytes) -> tuple[Any, bool]:
    """A reader over ``pdf``, and whether the file breaks the rules a strict reader keeps.

    Raises:
        SigningError: ``sign.unreadable_pdf``.
    """
    try:
        reader = open_pdf(pdf)
    except SigningError as trouble:
        if trouble.params.get("why") != "damaged":
            raise
        return open_pdf(pdf, strict=False), True
    if reader.xrefs.hybrid_xrefs_present:
        return open_pdf(pdf, strict=False), True
    return reader, False


def signed_parts(reader: Any) -> tuple[SignedPart, ...]:
    """Every filled signature field, each judged alone: one bad field does not hide another.

    Raises:
        SigningError: ``sign.unreadable_pdf``: the form itself cannot be walked.
    """
    try:
        fields = list(enumerate_sig_fields(reader, filled_status=True))
    except Exception as trouble:
        raise SigningError("sign.unreadable_pdf", why="form") from trouble
    return tuple(_judge(reader, str(name), ref) for name, _value, ref in fields)


def _judge(reader: Any, name: str, ref: Any) -> SignedPart:
    embedded: Any = None
    is_timestamp = False
    end = 0
    try:
        field = ref.get_object()
        embedded = EmbeddedPdfSignature(reader, field, name)
        is_timestamp = embedded.sig_object_type == "/DocTimeStamp"
        start, end = _byte_range(embedded)
        digest = _value_holds(embedded, is_timestamp=is_timestamp)
        fault: Fault
        later: Later
        fault, later = ("broken", "nothing") if digest is None else _changes(embedded, start)
        claimed = embedded.self_reported_timestamp
        return SignedPart(name, fault, is_timestamp, end, later, claimed, embedded, digest)
    except Exception:  # noqa: BLE001 - what cannot be judged is broken, whatever was raised
        return SignedPart(name, "broken", is_timestamp, end, "nothing", None, embedded, None)


def _byte_range(embedded: Any) -> tuple[int, int]:
    """Start and end of what is covered; the hole between must be one."""
    numbers = [int(each) for each in embedded.byte_range]
    if len(numbers) != 4 or min(numbers) < 0:  # noqa: PLR2004 - two ranges of (offset, length)
        raise misc.PdfReadError("ByteRange")
    start, length, resume, rest = numbers
    if length >= resume:
        raise misc.PdfReadError("ByteRange")
    return start, resume + rest


def _value_holds(embedded: Any, *, is_timestamp: bool) -> bytes | None:
    """The document digest when digest and signature value hold, else None."""
    digest: bytes = embedded.compute_digest()
    kind, signed = "data", digest
    if is_timestamp:
        # The token's own content names the digest of the document; its signature covers that.
        content = embedded.signed_data["encap_content_info"]["content"]
        imprint = content.parsed["message_imprint"]["hashed_message"].native
        if imprint != digest:
            return None
        kind = "tst_info"
        signed = hashlib.new(embedded.md_algorithm, content.contents).digest()
    intact, valid = validate_sig_integrity(embedded.signer_info, embedded.signer_cert, kind, signed)
    return digest if intact and valid else None


def _changes(embedded: Any, start: int) -> tuple[Fault, Later]:
    """What is wrong with the coverage or with later changes, and which allowed ones there are."""
    embedded.compute_integrity_info()
    if start != 0 or embedded.coverage in (
        SignatureCoverageLevel.UNCLEAR,
        SignatureCoverageLevel.CONTIGUOUS_BLOCK_FROM_START,
    ):
        return "partial", "nothing"
    found = embedded.diff_result
    if isinstance(found, SuspiciousModification):
        return "altered", "nothing"
    if embedded.summarise_integrity_info()["docmdp_ok"] is False:
        return "altered", "nothing"
    level = ModificationLevel.NONE if found is None else found.modification_level
    if level == ModificationLevel.OTHER:
        return "altered", "nothing"
    later = {ModificationLevel.NONE: "nothing", ModificationLevel.LTA_UPDATES: "evidence"}
    return "", cast("Later", later.get(level, "form"))
