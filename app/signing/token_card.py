"""One PKCS#11 module as the token worker sees it: tokens, certificates, one session, one key.

A session is known by (module, token serial, SHA-256 of the certificate), never by slot or label:
another card in the same reader differs by its serial only, and labels repeat. One session stays
open for a whole batch, because opening one costs seconds on common tokens.

Source: PKCS#11 v2.40; RFC 8017 section 9.2 (DigestInfo).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pkcs11
from asn1crypto import algos, x509
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass, TokenFlag
from pkcs11.exceptions import (
    AttributeTypeInvalid,
    MechanismInvalid,
    NoSuchKey,
    PKCS11Error,
)
from pkcs11.types import PROTECTED_AUTH
from pkcs11.util.ec import encode_ecdsa_signature

from app.signing.guard import sha256_hex
from app.signing.token_errors import TokenTrouble

if TYPE_CHECKING:
    from collections.abc import Iterator

MECHANISMS: Final = ("rsa-sha256", "ecdsa-sha256")

_PAD = 0x100


@dataclass(frozen=True, slots=True)
class CardCertificate:
    """A certificate found on a token, before any login."""

    der: bytes
    label: str
    cka_id: bytes
    has_key_hint: bool


@dataclass(slots=True)
class _Login:
    """The one open session and the key it may use."""

    session: Any
    key: Any
    serial: str
    cert_sha256: str


def _attribute(thing: Any, name: Attribute, otherwise: Any) -> Any:
    """An attribute of a token object, or ``otherwise`` when the token keeps none."""
    try:
        value = thing[name]
    except (AttributeTypeInvalid, KeyError):
        return otherwise
    return otherwise if value is None else value


def _serial_text(token: Any) -> str:
    serial = token.serial
    return serial.decode("utf-8", "replace").rstrip("\0 ") if serial else ""


def _certificates(session: Any) -> Iterator[CardCertificate]:
    hints = {
        bytes(_attribute(thing, Attribute.ID, b""))
        for kind in (ObjectClass.PUBLIC_KEY, ObjectClass.PRIVATE_KEY)
        for thing in session.get_objects({Attribute.CLASS: kind})
    }
    for thing in session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE}):
        der = bytes(_attribute(thing, Attribute.VALUE, b""))
        if not der:
            continue
        cka_id = bytes(_attribute(thing, Attribute.ID, b""))
        label = str(_attribute(thing, Attribute.LABEL, ""))
        yield CardCertificate(der, label, cka_id, bool(cka_id) and cka_id in hints)


def _public(der: bytes) -> tuple[KeyType | None, bytes]:
    """Kind of a certificate's key and its RSA modulus, big-endian, empty for other kinds."""
    try:
        key = x509.Certificate.load(der).public_key
        if key.algorithm == "ec":
            return KeyType.EC, b""
        if key.algorithm != "rsa":
            return None, b""
        value = int(key["public_key"].parsed["modulus"].native)
    except (ValueError, TypeError, KeyError):
        return None, b""
    return KeyType.RSA, value.to_bytes((value.bit_length() + 7) // 8, "big")


def _find_key(session: Any, certificate: CardCertificate) -> Any:
    """The private key of ``certificate``: by CKA_ID, else by its modulus.

    Vendors' middleware does not always give a key the identifier of its certificate, and labels
    pair nothing. An identifier must not contradict the modulus; a modulus alone is proof enough.

    Raises:
        NoSuchKey: none, or more than one that cannot be told apart.
    """
    kind, modulus = _public(certificate.der)
    keys = [
        key
        for key in session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})
        if key.key_type == kind
    ]
    shown = [(key, bytes(_attribute(key, Attribute.MODULUS, b"")).lstrip(b"\0")) for key in keys]
    same_id = [
        key
        for key, value in shown
        if certificate.cka_id
        and bytes(_attribute(key, Attribute.ID, b"")) == certificate.cka_id
        and value in (b"", modulus)
    ]
    same_modulus = [key for key, value in shown if modulus and value == modulus]
    for found in (same_id, same_modulus):
        if len(found) == 1:
            return found[0]
    raise NoSuchKey


def _refuse_always_authenticate(key: Any) -> None:
    """Stops at a key that wants the PIN for every signature: the PIN is not kept here."""
    if _attribute(key, Attribute.ALWAYS_AUTHENTICATE, otherwise=False):
        raise TokenTrouble("pin_each_time", "AlwaysAuthenticate")


class Card:
    """The PKCS#11 module of this process, loaded once, and at most one open session."""

    def __init__(self, module: str) -> None:
        """Loads the module at path ``module``.

        Raises:
            TokenTrouble: the file is missing, no PKCS#11 module, or refuses to start.
        """
        try:
            self._lib: Any = pkcs11.lib(module)
        except (PKCS11Error, RuntimeError, OSError) as trouble:
            raise TokenTrouble("module_missing", type(trouble).__name__) from trouble
        self._login: _Login | None = None

    def about(self) -> tuple[str, str]:
        """Manufacturer and version of the module, as it tells them."""
        major, minor = self._lib.library_version
        return str(self._lib.manufacturer_id), f"{major}.{minor}"

    def tokens(self) -> list[Any]:
        """Tokens present now, freshly asked."""
        found = []
        for slot in self._lib.get_slots(token_present=True):
            token = slot.get_token()
            if token.flags & TokenFlag.TOKEN_INITIALIZED:
                found.append(token)
        return found

    def token(self, serial: str) -> Any:
        """The token with that serial number.

        Raises:
            TokenTrouble: it is not there, or two claim the same serial.
        """
        found = [token for token in self.tokens() if _serial_text(token) == serial]
        if len(found) != 1:
            raise TokenTrouble("token_missing", "NoSuchToken" if not found else "TwinTokens")
        return found[0]

    def certificates(self, serial: str) -> list[CardCertificate]:
        """Certificates on a token; needs no login."""
        token = self.token(serial)
        if self._login is not None and self._login.serial == serial:
            return list(_certificates(self._login.session))
        with token.open() as session:
            return list(_certificates(session))

    def login(self, serial: str, cert_sha256: str, pin: bytes) -> None:
        """Opens the session with exactly one C_Login and finds the key of the certificate.

        Everything that can be refused without the PIN is refused before it is used.

        Raises:
            TokenTrouble: token or certificate missing, or no PIN given and no PIN pad.
            NoSuchKey: the certificate has no private key here.
        """
        self.logout()
        token = self.token(serial)
        certificate = next(
            (each for each in self.certificates(serial) if sha256_hex(each.der) == cert_sha256),
            None,
        )
        if certificate is None:
            raise TokenTrouble("cert_missing", "NoSuchCertificate")
        if int(token.flags) & int(TokenFlag.USER_PIN_LOCKED):
            raise TokenTrouble("pin_locked", "PinLocked")
        secret = self._secret(token, pin)
        session = token.open(user_pin=secret)
        del secret
        try:
            key = _find_key(session, certificate)
            _refuse_always_authenticate(key)
        except BaseException:
            session.close()
            raise
        self._login = _Login(session, key, serial, cert_sha256)

    @staticmethod
    def _secret(token: Any, pin: bytes) -> object:
        """What C_Login gets: the PIN as text, or the order to ask on the token's own pad."""
        if not pin:
            if int(token.flags) & _PAD:
                return PROTECTED_AUTH
            raise TokenTrouble("pin_wrong", "PinLenRange")
        try:
            return pin.decode("utf-8")
        except UnicodeDecodeError:
            raise TokenTrouble("pin_wrong", "PinInvalid") from None

    def logged_in(self, cert_sha256: str) -> _Login:
        """The open login for that certificate.

        Raises:
            TokenTrouble: nobody is logged in, or with another certificate.
        """
        if self._login is None or self._login.cert_sha256 != cert_sha256:
            raise TokenTrouble("login_needed", "UserNotLoggedIn")
        return self._login

    def sign(self, cert_sha256: str, mechanism: str, attrs: bytes) -> bytes:
        """One raw signature over ``attrs``; ECDSA values come as DER.

        Raises:
            TokenTrouble: not logged in, or a mechanism the key cannot have.
        """
        login = self.logged_in(cert_sha256)
        if mechanism == "rsa-sha256" and login.key.key_type == KeyType.RSA:
            return self._sign_rsa(login.key, attrs)
        if mechanism == "ecdsa-sha256" and login.key.key_type == KeyType.EC:
            digest = hashlib.sha256(attrs).digest()
            return bytes(encode_ecdsa_signature(login.key.sign(digest, mechanism=Mechanism.ECDSA)))
        raise TokenTrouble("mechanism", "MechanismInvalid")

    @staticmethod
    def _sign_rsa(key: Any, attrs: bytes) -> bytes:
        try:
            return bytes(key.sign(attrs, mechanism=Mechanism.SHA256_RSA_PKCS))
        except MechanismInvalid:
            # Some tokens only pad; they get the DigestInfo that the other mechanism would build.
            info = algos.DigestInfo(
                {
                    "digest_algorithm": {"algorithm": "sha256"},
                    "digest": hashlib.sha256(attrs).digest(),
                }
            ).dump()
            return bytes(key.sign(info, mechanism=Mechanism.RSA_PKCS))

    def logout(self) -> None:
        """Closes the session; a token that is gone already is no trouble."""
        login, self._login = self._login, None
        if login is None:
            return
        try:
            login.session.close()
        except PKCS11Error:
            return
