"""Paths to configured anchors and what revocation lists say: the ground every verdict stands on.

Only the anchors that are passed in are trusted: never the operating system's store, a certificate
inside a PDF or an issuer's name. Revocation fails towards doubt: a list must be signed by the
issuer, in its time and cover the certificate before it may speak in favour; against a certificate
any list of its issuer counts, however old.

Source: RFC 5280 sections 6.1 (path validation) and 6.3 (CRL validation).
"""

from __future__ import annotations

import asyncio
import itertools
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from asn1crypto import crl as asn1_crl
from asn1crypto import pem
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    DisallowedAlgorithmError,
    ExpiredError,
    NotYetValidError,
    PathBuildingError,
    PathValidationError,
    ValidationError,
)

from app.signing.errors import SigningError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
CRL_GRACE: Final = timedelta(hours=72)

PathFault = Literal["untrusted", "expired", "not_yet_valid", "algorithm"]
RevocationState = Literal["good", "revoked", "unknown"]

_PEM_BLOCK = re.compile(rb"-----BEGIN [A-Z0-9 ]+-----.+?-----END [A-Z0-9 ]+-----", re.DOTALL)
_CrlKey = (
    dsa.DSAPublicKey,
    rsa.RSAPublicKey,
    ec.EllipticCurvePublicKey,
    ed25519.Ed25519PublicKey,
    ed448.Ed448PublicKey,
)


class NoPathError(Exception):
    """No acceptable path leads from a certificate to an anchor; ``fault`` says why."""

    def __init__(self, fault: PathFault) -> None:
        super().__init__(fault)
        self.fault: PathFault = fault


@dataclass(frozen=True, slots=True)
class Revocation:
    """What the known lists say of one certificate.

    Attributes:
        state: good, revoked or unknown; unknown is never taken for good.
        since: when it was revoked, else None.
        in_grace: the list in favour is past its next update, yet within the grace time.
    """

    state: RevocationState
    since: datetime | None = None
    in_grace: bool = False


def _blocks(blob: bytes) -> list[bytes]:
    """The DER values in a blob of PEM blocks or of plain DER."""
    if not pem.detect(blob):
        return [blob]
    return [pem.unarmor(block)[2] for block in _PEM_BLOCK.findall(blob)]


def certificates(blobs: Iterable[bytes]) -> tuple[Any, ...]:
    """The certificates in DER or PEM blobs, a PEM blob holding one or many.

    Raises:
        SigningError: ``sign.trust_unreadable``: something in there is no certificate.
    """
    found = []
    for blob in blobs:
        try:
            for der in _blocks(blob):
                cert = asn1_x509.Certificate.load(der, strict=True)
                _ = cert.subject, cert.not_valid_after, cert.public_key.algorithm
                found.append(cert)
        except (ValueError, TypeError, KeyError) as trouble:
            raise SigningError("sign.trust_unreadable", why="certificate") from trouble
    return tuple(found)


def revocation_lists(blobs: Iterable[bytes]) -> tuple[Any, ...]:
    """The revocation lists in DER or PEM blobs.

    Raises:
        SigningError: ``sign.trust_unreadable``: something in there is no revocation list.
    """
    found = []
    for blob in blobs:
        try:
            for der in _blocks(blob):
                one = asn1_crl.CertificateList.load(der, strict=True)
                _ = one.issuer, one["tbs_cert_list"]["this_update"].native
                found.append(one)
        except (ValueError, TypeError, KeyError) as trouble:
            raise SigningError("sign.trust_unreadable", why="crl") from trouble
    return tuple(found)


def path_to_anchor(
    cert: Any, others: Sequence[Any], anchors: Sequence[Any], moment: datetime
) -> tuple[Any, ...]:
    """The certificates from an anchor (first) to ``cert`` (last), validated at ``moment``.

    Raises:
        NoPathError: there is none; expiry and forbidden algorithms are told apart.
    """
    if not anchors:
        raise NoPathError("untrusted")
    context = ValidationContext(
        trust_roots=list(anchors),
        other_certs=list(others),
        moment=moment,
        allow_fetching=False,
        revocation_mode="soft-fail",
        time_tolerance=timedelta(seconds=0),
    )
    validator = CertificateValidator(
        cert, intermediate_certs=list(others), validation_context=context
    )
    try:
        path = asyncio.run(validator.async_validate_path())
        return tuple(path.iter_certs(include_root=True))
    except ExpiredError:
        raise NoPathError("expired") from None
    except NotYetValidError:
        raise NoPathError("not_yet_valid") from None
    except DisallowedAlgorithmError:
        raise NoPathError("algorithm") from None
    except (PathBuildingError, PathValidationError, ValidationError, ValueError, TypeError):
        raise NoPathError("untrusted") from None


def path_revocation(
    path: Sequence[Any], crls: Sequence[Any], moment: datetime, grace: timedelta
) -> Revocation:
    """The worst news about any certificate of ``path`` below its anchor.

    Revoked anywhere is revoked; unknown anywhere is unknown; only all good is good.
    """
    pairs = list(itertools.pairwise(path))
    states = [revocation(cert, issuer, crls, moment, grace) for issuer, cert in pairs]
    for wanted in ("revoked", "unknown"):
        for state in reversed(states):
            if state.state == wanted:
                return state
    return Revocation("good", in_grace=any(state.in_grace for state in states))


def revocation(
    cert: Any, issuer: Any, crls: Sequence[Any], moment: datetime, grace: timedelta
) -> Revocation:
    """What the lists signed by ``issuer`` say of ``cert`` at ``moment``."""
    good: Revocation | None = None
    for listed in crls:
        if listed.issuer != issuer.subject or not _signed_by(listed, issuer):
            continue
        since = _revoked_since(listed, cert.serial_number)
        if since is not None:
            return Revocation("revoked", since)
        favour = _in_favour(listed, cert, moment, grace)
        if favour is not None and (good is None or good.in_grace):
            good = favour
    return good or Revocation("unknown")


def _signed_by(listed: Any, issuer: Any) -> bool:
    usage = issuer.key_usage_value
    if usage is not None and "crl_sign" not in usage.native:
        return False
    try:
        key = load_der_public_key(issuer.public_key.dump())
        if not isinstance(key, _CrlKey):
            return False
        return bool(x509.load_der_x509_crl(listed.dump()).is_signature_valid(key))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False


def _revoked_since(listed: Any, serial: int) -> datetime | None:
    entries = listed["tbs_cert_list"]["revoked_certificates"]
    for entry in entries if entries.native is not None else ():
        if entry["user_certificate"].native == serial:
            reason = entry.crl_reason_value
            if reason is not None and reason.native == "remove_from_crl":
                continue
            since: datetime = entry["revocation_date"].native
            return since
    return None


def _in_favour(listed: Any, cert: Any, moment: datetime, grace: timedelta) -> Revocation | None:
    """Evidence that ``cert`` was not revoked, when the list may give it."""
    if listed.delta_crl_indicator_value is not None or not _in_scope(listed, cert):
        return None
    body = listed["tbs_cert_list"]
    issued, following = body["this_update"].native, body["next_update"].native
    if following is None or issued > moment + CLOCK_TOLERANCE or issued > cert.not_valid_after:
        return None
    if moment > following + grace:
        return None
    return Revocation("good", in_grace=moment > following)


def _in_scope(listed: Any, cert: Any) -> bool:
    """Whether a list that is limited to a part of an issuer's certificates covers this one."""
    scope = listed.issuing_distribution_point_value
    if scope is None:
        return True
    if (
        scope["indirect_crl"].native
        or scope["only_some_reasons"].native is not None
        or scope["only_contains_attribute_certs"].native
        or (scope["only_contains_user_certs"].native and cert.ca)
        or (scope["only_contains_ca_certs"].native and not cert.ca)
    ):
        return False
    if scope["distribution_point"].native is None:
        return True
    theirs = _addresses(scope["distribution_point"])
    own = {
        address
        for point in (cert.crl_distribution_points_value or ())
        for address in _addresses(point["distribution_point"])
    }
    return bool(theirs & own)


def _addresses(name: Any) -> set[str]:
    if name.native is None or name.name != "full_name":
        return set()
    return {str(each.native) for each in name.chosen if each.name == "uniform_resource_identifier"}
