"""The gate before signing: is the file PDF/A of its flavour, and if not, why?

The structure is judged by pikepdf's allowlist, which knows 2b and 3b. What 2u asks beyond 2b, that
every shown letter says which character it is, is judged by ``app.packaging.tounicode``. The
allowlist knows no extension schema, so ours is judged here: it must be declared word for word.

Source: ISO 19005-2, 6.2.11.7, 6.6.2.3 and 6.6.4; ISO 19005-3, 6.8.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import pikepdf
from pikepdf import pdfa

from app.packaging.errors import PackagingError
from app.packaging.metadata import (
    DECLARATION,
    DECLARED_NAMESPACES,
    DOC_CODE,
    ORGAN,
    SCHEMA_PREFIX,
)
from app.packaging.tounicode import unreadable_letters

if TYPE_CHECKING:
    from pikepdf import Pdf

    from app.packaging.model import Flavour

# What the allowlist is asked for, and its one complaint about a file that claims more.
ALLOWLISTS = {
    "2u": pdfa.Flavour.PDFA_2B,
    "2b": pdfa.Flavour.PDFA_2B,
    "3b": pdfa.Flavour.PDFA_3B,
}
READABLE = "2u"  # the flavour whose letters all say what they are
_CONFORMANCE_RULE = "ISO_19005_2:6.6.4-3"
_LOOKED_FOR_B_FOUND_U = f"{_CONFORMANCE_RULE} pdfaid:conformance is 'U', expected 'B'"
_SCHEMA_RULE = "6.6.2.3.1-1"
_OWN_SCHEMA = frozenset(
    [f"XMP namespace {prefix}={uri} is not permitted" for prefix, uri in DECLARED_NAMESPACES]
    + [
        f"XMP property {name} is not permitted"
        for name in (
            "pdfaExtension:schemas",
            f"{SCHEMA_PREFIX}:{DOC_CODE}",
            f"{SCHEMA_PREFIX}:{ORGAN}",
        )
    ]
)
_OWN_VALUE = re.compile(
    rf"<({SCHEMA_PREFIX}:(?:{DOC_CODE}|{ORGAN}))>[^<]*</\1>", re.DOTALL
)  # plain text, as declared
MAX_FINDINGS = 50
# What pikepdf raises over objects of another kind than the reader expects.
_BROKEN = (
    pikepdf.PdfError,
    AttributeError,
    IndexError,
    KeyError,
    OSError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Conformance:
    """A verdict on one file.

    Args:
        flavour: what it was judged against.
        passed: True when nothing was found.
        findings: one line each, the rule first; at most 50.
    """

    flavour: Flavour
    passed: bool
    findings: tuple[str, ...]


def validate(pdf: bytes | Path, flavour: Flavour = "2u") -> Conformance:
    """The verdict on a finished file; never raises for what is wrong with the file.

    A file on disk is read piece by piece, never as a whole. A signed file is not judged as
    compliant: forms are outside what the allowlist knows.
    """
    report = pdfa.validate_written(_source(pdf), ALLOWLISTS[flavour])
    findings = [f"{each.rule} {each.message}" for each in report.findings]
    if flavour == READABLE:
        if _LOOKED_FOR_B_FOUND_U in findings:
            findings.remove(_LOOKED_FOR_B_FOUND_U)
        else:
            findings.append(f"{_CONFORMANCE_RULE} pdfaid:conformance is not 'U'")
    try:
        with pikepdf.open(_source(pdf)) as document:
            if any(map(_is_about_own_schema, findings)) and _declares_own_schema(document):
                findings = [each for each in findings if not _is_about_own_schema(each)]
            if flavour == READABLE:
                findings += unreadable_letters(document)
    except _BROKEN as e:
        findings.append(f"unreadable {type(e).__name__}")
    return Conformance(flavour, passed=not findings, findings=tuple(findings[:MAX_FINDINGS]))


def gate(pdf: bytes | Path, flavour: Flavour = "2u") -> None:
    """Lets a PDF/A file of this flavour pass and no other.

    Raises:
        PackagingError: ``pack.not_compliant`` with the first ``finding``.
    """
    verdict = validate(pdf, flavour)
    if not verdict.passed:
        raise PackagingError("pack.not_compliant", finding=verdict.findings[0])


def _source(pdf: bytes | Path) -> Path | BinaryIO:
    return pdf if isinstance(pdf, Path) else BytesIO(pdf)


def _is_about_own_schema(finding: str) -> bool:
    rule, _, message = finding.partition(" ")
    return rule.endswith(_SCHEMA_RULE) and message in _OWN_SCHEMA


def _declares_own_schema(document: Pdf) -> bool:
    """Does the packet declare our schema as we write it, and use it for plain text only?"""
    packet = document.Root.Metadata.read_bytes().decode("utf-8")
    before, found, after = packet.partition(DECLARATION)
    rest = _OWN_VALUE.sub("", before + after)
    leftovers = (f"{SCHEMA_PREFIX}:{DOC_CODE}", f"{SCHEMA_PREFIX}:{ORGAN}", "pdfaExtension:")
    return bool(found) and not any(name in rest for name in leftovers)
