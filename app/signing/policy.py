"""What is looked at before the PIN: the certificate and the paper. It fails closed.

A token signs with an expired, revoked or foreign certificate without a word, and so does the
library underneath. So everything is judged here, before a human types a PIN, and a finding of
level ``block`` has no override.

Source: Circular 15/2025/TT-BKHCN, Article 5(1) (checks before signing); Decree 68/2024/ND-CP,
Articles 30 to 33; RFC 5280; ETSI TS 119 312 (key sizes).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal

from app.signing.document import document_faults
from app.signing.errors import SigningError
from app.signing.guard import sha256_hex
from app.signing.trust import (
    CRL_GRACE,
    NoPathError,
    certificates,
    path_revocation,
    path_to_anchor,
    revocation_lists,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EXPIRY_NOTICE: Final = timedelta(days=30)
MIN_RSA_BITS: Final = 2048
MIN_EC_BITS: Final = 256

_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_OTHER_WORK = {"server_auth", "code_signing", "time_stamping", "ocsp_signing"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found before signing.

    Attributes:
        slug: what it is, dotted.
        level: ``block`` forbids signing, ``warn`` is told and signing goes on.
        params: values for the slug's texts.
    """

    slug: str
    level: Literal["block", "warn"]
    params: Mapping[str, str | int] = field(default_factory=lambda: MappingProxyType({}))


def _block(slug: str, **params: str | int) -> Finding:
    return Finding(slug, "block", MappingProxyType(dict(params)))


def _warn(slug: str, **params: str | int) -> Finding:
    return Finding(slug, "warn", MappingProxyType(dict(params)))


def check_certificate(
    cert: bytes,
    chain: Sequence[bytes],
    anchors: Sequence[bytes],
    crls: Sequence[bytes],
    now: datetime,
    *,
    holder_sha256: str | None = None,
) -> tuple[Finding, ...]:
    """Everything that speaks against signing with ``cert`` at ``now``; blocks first.

    Args:
        cert: the signer's certificate, DER or PEM.
        chain: certificates that may stand between it and an anchor.
        anchors: trusted roots, DER or PEM; none means that nothing is trusted.
        crls: revocation lists, DER or PEM, of any issuer.
        now: the time of signing, with a zone.
        holder_sha256: the certificate registered for this person, when one is.

    Raises:
        SigningError: ``sign.trust_unreadable``: an anchor, chain or list cannot be read.
    """
    try:
        (own,) = certificates([cert])
    except (SigningError, ValueError):
        return (_block("sign.cert_unreadable"),)
    others, roots = certificates(chain), certificates(anchors)
    lists = revocation_lists(crls)
    findings: list[Finding] = []
    if holder_sha256 is not None and sha256_hex(own.dump()) != holder_sha256.lower():
        findings.append(_block("sign.cert_not_yours"))
    findings += _validity(own, now)
    findings += _usage(own)
    findings += _key(own)
    findings += _trust(own, others, roots, lists, now, already_blocked=bool(findings))
    return tuple(sorted(findings, key=lambda finding: finding.level != "block"))


def _validity(own: Any, now: datetime) -> list[Finding]:
    if now < own.not_valid_before:
        return [_block("sign.cert_not_yet_valid", date=own.not_valid_before.date().isoformat())]
    if now > own.not_valid_after:
        return [_block("sign.cert_expired", date=own.not_valid_after.date().isoformat())]
    left = own.not_valid_after - now
    if left <= EXPIRY_NOTICE:
        return [_warn("sign.cert_expires_soon", days=left.days)]
    return []


def usage_fault(own: Any) -> str:
    """Why a certificate may not sign papers, or "": ca, key_usage, extended_key_usage."""
    if own.ca:
        return "ca"
    usage = own.key_usage_value
    if usage is None or "non_repudiation" not in usage.native:
        return "key_usage"
    extended = own.extended_key_usage_value
    if extended is not None and set(extended.native) <= _OTHER_WORK:
        return "extended_key_usage"
    return ""


def _usage(own: Any) -> list[Finding]:
    fault = usage_fault(own)
    return [_block("sign.cert_usage", why=fault)] if fault else []


def key_fault(own: Any) -> str:
    """Why a certificate's key or its own signature is too weak, or ""."""
    key = own.public_key
    if key.algorithm == "rsa":
        if key.bit_size < MIN_RSA_BITS:
            return f"rsa-{key.bit_size}"
    elif key.algorithm != "ec" or key.curve != ("named", key.curve[1]):
        return str(key.algorithm)
    elif key.curve[1] not in _CURVES:
        return str(key.curve[1])
    try:
        digest = own["signature_algorithm"].hash_algo
    except ValueError:
        return "signature"
    return digest if digest in {"md2", "md5", "sha1", "sha224"} else ""


def _key(own: Any) -> list[Finding]:
    fault = key_fault(own)
    return [_block("sign.key_weak", why=fault)] if fault else []


def _trust(
    own: Any,
    others: Sequence[Any],
    roots: Sequence[Any],
    lists: Sequence[Any],
    now: datetime,
    *,
    already_blocked: bool,
) -> list[Finding]:
    """Path and revocation; an expired own certificate is named once, by its own finding."""
    try:
        path = path_to_anchor(own, others, roots, now)
    except NoPathError as missing:
        if already_blocked and missing.fault in ("expired", "not_yet_valid"):
            return []
        return [_block("sign.cert_untrusted", why=missing.fault)]
    found = path_revocation(path, lists, now, CRL_GRACE)
    if found.state == "revoked":
        since = "" if found.since is None else found.since.date().isoformat()
        return [_block("sign.cert_revoked", date=since)]
    if found.state == "unknown":
        return [_warn("sign.revocation_unknown")]
    return [_warn("sign.revocation_stale")] if found.in_grace else []


def check_document(pdf: bytes, *, field: str = "Clerk-1") -> tuple[Finding, ...]:
    """Everything that forbids signing this PDF; empty when it may be signed.

    Args:
        pdf: the paper.
        field: the signature field that is to be added.
    """
    return tuple(_block(slug, why=why) for slug, why in document_faults(pdf, field))
