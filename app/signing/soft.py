"""A signer from a PKCS#12 file, with the same part to play as a token.

Made for trials and for offices' own scripts; a key in a file is not a signature device in the sense
of the law, so a desk in production refuses it.

Source: RFC 7292 (PKCS #12).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asn1crypto import pkcs12 as asn1_pkcs12
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from app.signing.errors import SigningError
from app.signing.guard import check_attrs, sha256_hex

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


class SoftSigner:
    """A private key, its certificate and chain, unlocked from a PKCS#12 file.

    Attributes:
        cert: the signer's certificate, DER.
        chain: the other certificates of the file that are no roots, DER.
    """

    def __init__(self, p12: bytes, pin: bytearray) -> None:
        """Unlocks ``p12`` and wipes ``pin``, whatever happens.

        Raises:
            SigningError: ``sign.p12_unreadable``, ``sign.pin_wrong``, ``sign.no_key``,
                ``sign.key_weak``.
        """
        try:
            self._key, own, others = _unlock(p12, bytes(pin))
        finally:
            for index in range(len(pin)):
                pin[index] = 0
        self.cert = own.public_bytes(Encoding.DER)
        self.chain = tuple(
            each.public_bytes(Encoding.DER) for each in others if each.subject != each.issuer
        )
        self.cert_sha256 = sha256_hex(self.cert)

    def sign(self, attrs: bytes) -> bytes:
        """One raw signature over the DER of signed attributes.

        Raises:
            SigningError: ``sign.refused_attrs``.
        """
        check_attrs(attrs, self.cert_sha256)
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(attrs, padding.PKCS1v15(), hashes.SHA256())
        return self._key.sign(attrs, ec.ECDSA(hashes.SHA256()))


def _unlock(
    p12: bytes, pin: bytes
) -> tuple[rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, Certificate, list[Certificate]]:
    try:
        _ = asn1_pkcs12.Pfx.load(p12, strict=True)["version"].native
    except (ValueError, TypeError) as trouble:
        raise SigningError("sign.p12_unreadable") from trouble
    try:
        key, own, others = pkcs12.load_key_and_certificates(p12, pin)
    except ValueError:
        # The library does not tell a wrong password from damage; the outer form was sound.
        raise SigningError("sign.pin_wrong", why="PinIncorrect") from None
    except (UnsupportedAlgorithm, TypeError) as trouble:
        raise SigningError("sign.p12_unreadable") from trouble
    if key is None or own is None:
        raise SigningError("sign.no_key", why="p12")
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise SigningError("sign.key_weak", why="kind")
    return key, own, list(others)
