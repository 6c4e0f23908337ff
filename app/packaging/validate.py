"""The gate before signing: is the file PDF/A-2u, and if not, why?

The structure is judged by pikepdf's allowlist for PDF/A-2b; what 2u asks beyond it, that every
shown letter says which character it is, is judged by ``app.packaging.tounicode``.

Source: ISO 19005-2, 6.2.11.7 and 6.6.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import pikepdf
from pikepdf import pdfa

from app.packaging.errors import PackagingError
from app.packaging.tounicode import unreadable_letters

if TYPE_CHECKING:
    from pikepdf.pdfa import Finding

FLAVOUR = "2u"
_CONFORMANCE_RULE = "ISO_19005_2:6.6.4-3"
_LOOKED_FOR_B_FOUND_U = "pdfaid:conformance is 'U', expected 'B'"
MAX_FINDINGS = 50
# What pikepdf raises over objects of another kind than the reader expects.
_BROKEN = (
    pikepdf.PdfError,
    AttributeError,
    IndexError,
    KeyError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Conformance:
    """A verdict on one file.

    Args:
        flavour: what it was judged against, ``2u``.
        passed: True when nothing was found.
        findings: one line each, the rule first; at most 50.
    """

    flavour: str
    passed: bool
    findings: tuple[str, ...]


def validate(pdf: bytes) -> Conformance:
    """The verdict on a finished file; never raises for what is wrong with the file.

    A signed file is not judged as compliant: forms are outside what the allowlist knows.
    """
    report = pdfa.validate_written(BytesIO(pdf), pdfa.Flavour.PDFA_2B)
    claims_u = any(_is_claim_of_u(each) for each in report.findings)
    findings = [f"{f.rule} {f.message}" for f in report.findings if not _is_claim_of_u(f)]
    if not findings and not claims_u:
        findings.append(f"{_CONFORMANCE_RULE} pdfaid:conformance is not 'U'")
    try:
        with pikepdf.open(BytesIO(pdf)) as document:
            findings += unreadable_letters(document)
    except _BROKEN as e:
        findings.append(f"unreadable {type(e).__name__}")
    return Conformance(FLAVOUR, passed=not findings, findings=tuple(findings[:MAX_FINDINGS]))


def gate(pdf: bytes) -> None:
    """Lets a PDF/A-2u file pass and no other.

    Raises:
        PackagingError: ``pack.not_compliant`` with the first ``finding``.
    """
    verdict = validate(pdf)
    if not verdict.passed:
        raise PackagingError("pack.not_compliant", finding=verdict.findings[0])


def _is_claim_of_u(finding: Finding) -> bool:
    """Is this the allowlist's one complaint about a 2u file: that it claims more than 2b?"""
    return finding.rule == _CONFORMANCE_RULE and finding.message == _LOOKED_FOR_B_FOUND_U
