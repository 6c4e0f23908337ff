"""The clerk's token: which certificate on it is the clerk's own, before any PIN is asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.x509.oid import NameOID

from app.desk.signing import Signer
from app.domain.errors import Trouble
from app.pipeline.tokendesk import TokenDesk


class OnToken(Protocol):
    """A certificate as the token process tells it."""

    @property
    def der(self) -> bytes:
        """The certificate."""

    @property
    def sha256(self) -> str:
        """Its name everywhere, hexadecimal."""

    @property
    def has_key_hint(self) -> bool:
        """Whether its key can be seen before login."""


def present(desk: TokenDesk, module: Path, cert_sha256: str = "") -> tuple[str, Signer]:
    """Serial number of the token that is plugged in, and the signer its certificate names.

    Args:
        desk: the desk's hold on the token.
        module: the vendor's PKCS#11 module.
        cert_sha256: the certificate to take; empty takes the only one that signs.

    Raises:
        Trouble: sign.token_missing, sign.cert_missing, sign.module_missing and their family.
    """
    desk.open(module)
    for slot in desk.slots():
        found = desk.certificates(slot.serial)
        own = _own(found, cert_sha256)
        if own is not None:
            chain = tuple(item.der for item in found if item.sha256 != own.sha256)
            return slot.serial, Signer(own.der, chain, own.sha256, _name(own.der))
        raise Trouble("sign.cert_missing")
    raise Trouble("sign.token_missing")


def _own(found: Sequence[OnToken], wanted: str) -> OnToken | None:
    if wanted:
        return next((item for item in found if item.sha256 == wanted), None)
    keyed = [item for item in found if item.has_key_hint]
    return next(iter(keyed or [item for item in found if not _issues(item.der)]), None)


def _issues(der: bytes) -> bool:
    """Whether the certificate belongs to an authority: nobody signs papers with it."""
    try:
        basic = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(
            x509.BasicConstraints
        )
    except (ValueError, x509.ExtensionNotFound):
        return False
    return basic.value.ca


def _name(der: bytes) -> str:
    names = x509.load_der_x509_certificate(der).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""
