"""The verdict on a signed PDF: five words, worst signature first, never green without evidence.

``valid``: intact, trusted, not revoked by evidence. ``unverified``: intact, but a path, revocation
evidence or a proven time is missing, or bytes follow that nothing signed. ``outdated``: only its
algorithm is no longer accepted. ``invalid``: altered, revoked, of the wrong use, or expired when
signed. ``unsigned``: no signature at all. Nothing here goes online and nothing is written.

Source: ETSI EN 319 102-1 (validation), ETSI EN 319 142-1 (PAdES), RFC 5280, Law 20/2023/QH15.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from pyhanko.sign.validation.generic_cms import collect_timing_info
from pyhanko_certvalidator import ValidationContext

from app.signing.integrity import SignedPart, open_lenient, signed_parts
from app.signing.policy import key_fault, usage_fault
from app.signing.tail import is_accounted, is_white
from app.signing.trust import (
    NoPathError,
    Revocation,
    certificates,
    path_revocation,
    path_to_anchor,
    revocation_lists,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

Verdict = Literal["valid", "unverified", "outdated", "invalid", "unsigned"]

_WORST_FIRST: Final[tuple[Verdict, ...]] = ("invalid", "unverified", "outdated", "valid")
_OLD_DIGESTS = {"md2", "md5", "sha1"}


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """One signature as it was found.

    Attributes:
        field: name of its field.
        signer: common name in the signer's certificate, "" when it cannot be read.
        level: ``T`` when a trusted signature time-stamp was found, else ``B``.
        intact: what it covers is unchanged and later changes are allowed ones.
        trusted: a path leads to one of the given anchors and the use is right.
        revocation: ``good``, ``revoked`` or ``unknown``.
        signing_time: the time the signer claims, ISO 8601, or None.
        timestamp_time: the time a trusted time-stamp proves, ISO 8601, or None.
    """

    field: str
    signer: str
    level: Literal["B", "T"]
    intact: bool
    trusted: bool
    revocation: Literal["good", "revoked", "unknown"]
    signing_time: str | None
    timestamp_time: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict on a file, its signatures in order, and the slugs of what was found."""

    verdict: Verdict
    signatures: tuple[SignatureReport, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Ground:
    """What verdicts stand on."""

    anchors: tuple[Any, ...]
    crls: tuple[Any, ...]
    now: datetime


def verify(
    pdf: bytes,
    *,
    anchors: Sequence[bytes],
    crls: Sequence[bytes],
    now: datetime,
    offline: bool = True,
) -> Report:
    """The verdict on ``pdf`` with the given anchors and revocation lists, at ``now``.

    Args:
        pdf: the file.
        anchors: trusted roots, DER or PEM.
        crls: revocation lists, DER or PEM.
        now: the time of checking, with a zone.
        offline: always true today: nothing is fetched.

    Raises:
        SigningError: ``sign.unreadable_pdf``, ``sign.trust_unreadable``.
    """
    del offline  # nothing here fetches; the parameter keeps callers explicit
    ground = _Ground(certificates(anchors), revocation_lists(crls), now)
    reader, lenient = open_lenient(pdf)
    parts = signed_parts(reader)
    judged = [_judge(part, ground) for part in parts if not part.is_timestamp]
    if not judged:
        return Report("unsigned", (), ())
    verdicts = [verdict for verdict, _report, _problems in judged]
    problems = [slug for _verdict, _report, slugs in judged for slug in slugs]
    if any(part.is_timestamp and part.fault for part in parts):
        verdicts.append("invalid")
        problems.append("sign.timestamp_broken")
    if lenient:
        verdicts.append("unverified")
        problems.append("sign.lenient_reading")
    if not _tail_is_honest(reader, pdf, parts):
        verdicts.append("unverified")
        problems.append("sign.suspicious_tail")
    worst = _worst(verdicts)
    reports = tuple(report for _verdict, report, _problems in judged)
    return Report(worst, reports, tuple(dict.fromkeys(problems)))


def _tail_is_honest(reader: Any, pdf: bytes, parts: Sequence[SignedPart]) -> bool:
    """Whether what follows the last signature is nothing, or evidence added by the rules."""
    last = max(parts, key=lambda part: part.end)
    if is_white(pdf, last.end):
        return True
    return last.later == "evidence" and is_accounted(reader, pdf, last.end)


_FAULTS = {
    "broken": "sign.sig_broken",
    "partial": "sign.sig_partial",
    "altered": "sign.sig_altered",
}


def _judge(part: SignedPart, ground: _Ground) -> tuple[Verdict, SignatureReport, list[str]]:
    """Verdict, report and problems of one signature."""
    signer = _signer(part)
    claimed = part.signed_at
    if part.fault or signer is None:
        report = SignatureReport(
            part.field, _name(signer), "B", False, False, "unknown", _iso(claimed), None
        )
        return "invalid", report, [_FAULTS.get(part.fault, "sign.sig_broken")]
    proven = _proven_time(part, ground)
    findings = _time_findings(signer, claimed, proven, ground.now)
    trusted, revoked, more = _trust_findings(part, signer, proven, ground)
    findings += more
    if _old(part, signer):
        findings.append(("outdated", "sign.algorithm_old"))
    worst = _worst([verdict for verdict, _slug in findings])
    report = SignatureReport(
        field=part.field,
        signer=_name(signer),
        level="B" if proven is None else "T",
        intact=True,
        trusted=trusted,
        revocation=revoked.state,
        signing_time=_iso(claimed),
        timestamp_time=_iso(proven),
    )
    return worst, report, [slug for _verdict, slug in findings]


def _worst(verdicts: Sequence[Verdict]) -> Verdict:
    for each in _WORST_FIRST:
        if each in verdicts:
            return each
    return "valid"


def _signer(part: SignedPart) -> Any:
    try:
        return part.embedded.signer_cert
    except Exception:  # noqa: BLE001 - a hostile CMS may raise anything; there is no signer then
        return None


def _name(signer: Any) -> str:
    if signer is None:
        return ""
    try:
        name = signer.subject.native.get("common_name") or signer.subject.human_friendly
    except (ValueError, TypeError):
        return ""
    return str(name[-1] if isinstance(name, list) else name)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _proven_time(part: SignedPart, ground: _Ground) -> datetime | None:
    """The time of a signature time-stamp that is intact and leads to an anchor."""
    if not ground.anchors:
        return None
    context = ValidationContext(
        trust_roots=list(ground.anchors),
        other_certs=list(part.embedded.other_embedded_certs),
        moment=ground.now,
        allow_fetching=False,
        time_tolerance=timedelta(0),
    )
    try:
        found = asyncio.run(
            collect_timing_info(
                part.embedded.signer_info, context, raw_digest=part.embedded.compute_digest
            )
        )
    except Exception:  # noqa: BLE001 - a time-stamp that cannot be judged proves nothing
        return None
    stamp = found.get("timestamp_validity")
    if stamp is None or not (stamp.intact and stamp.valid and stamp.trusted):
        return None
    when: datetime = stamp.timestamp
    return when


def _time_findings(
    signer: Any, claimed: datetime | None, proven: datetime | None, now: datetime
) -> list[tuple[Verdict, str]]:
    """Whether the certificate was in its time when it signed."""
    begin, end = signer.not_valid_before, signer.not_valid_after
    at = proven or _aware(claimed)
    if at is not None and at > end:
        return [("invalid", "sign.cert_expired")]
    if at is not None and at < begin:
        return [("invalid", "sign.cert_not_yet_valid")]
    if proven is None and now > end:
        return [("unverified", "sign.expired_unproven")]
    if now < begin:
        return [("invalid", "sign.cert_not_yet_valid")]
    return []


def _aware(moment: datetime | None) -> datetime | None:
    """A claimed time only when it names its zone: without one it cannot be compared."""
    return moment if moment is not None and moment.tzinfo is not None else None


def _trust_findings(
    part: SignedPart, signer: Any, proven: datetime | None, ground: _Ground
) -> tuple[bool, Revocation, list[tuple[Verdict, str]]]:
    """Path, use and revocation."""
    findings: list[tuple[Verdict, str]] = []
    if usage_fault(signer):
        findings.append(("invalid", "sign.cert_usage"))
    # An ended certificate still has a path; it is judged at its last valid moment.
    moment = min(proven or ground.now, signer.not_valid_after)
    try:
        others = part.embedded.other_embedded_certs
        path = path_to_anchor(signer, others, ground.anchors, moment)
    except NoPathError as missing:
        if missing.fault == "algorithm":
            return False, Revocation("unknown"), [*findings, ("outdated", "sign.algorithm_old")]
        findings.append(("unverified", "sign.cert_untrusted"))
        return False, Revocation("unknown"), findings
    found = path_revocation(path, ground.crls, ground.now, timedelta(0))
    if found.state == "revoked" and proven and found.since and found.since > proven:
        found = Revocation("good")  # revoked later than a trusted time-stamp proves it signed
    if found.state == "revoked":
        findings.append(("invalid", "sign.cert_revoked"))
    elif found.state == "unknown":
        findings.append(("unverified", "sign.revocation_unknown"))
    return not findings or findings[0][1] != "sign.cert_usage", found, findings


def _old(part: SignedPart, signer: Any) -> bool:
    digest = str(part.embedded.md_algorithm).lower()
    return digest in _OLD_DIGESTS or bool(key_fault(signer))
