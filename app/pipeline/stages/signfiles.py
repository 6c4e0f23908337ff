"""Loose PDFs signed and judged with the same steps as the counter's papers."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

from app.domain.errors import Trouble
from app.pipeline.stages.signing import refuse, trust
from app.pipeline.stages.token import open_token
from app.signing import appearance, embed, modules, policy, prepare
from app.signing.appearance import Stamp
from app.signing.errors import SigningError
from app.signing.soft import SoftSigner
from app.signing.token import TokenCertificate, TokenClient
from app.signing.verify import Report, verify

Sign = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Key:
    """A key that is logged in: what it certifies and how to use it once."""

    cert: bytes
    chain: tuple[bytes, ...]
    sign: Sign
    close: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """How files are to be signed."""

    stamp: bool
    organ: str | None
    form: str
    anchors: tuple[bytes, ...]
    crls: tuple[bytes, ...]


def anchors_and_crls(
    home: Path, trusted: Sequence[Path], crls: Sequence[Path]
) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """The home's anchors and CRLs with the ones named on the command line.

    Raises:
        Trouble: file.missing.
    """
    for path in (*trusted, *crls):
        if not path.is_file():
            raise Trouble("file.missing", name=path.name)
    anchors, lists = trust(home)
    return (
        (*anchors, *(path.read_bytes() for path in trusted)),
        (*lists, *(path.read_bytes() for path in crls)),
    )


@dataclass(frozen=True, slots=True)
class TokenName:
    """Which token and which of its certificates; None takes the only one with a key."""

    module: Path
    label: str
    cert_sha256: str | None


def token_key(
    command: Sequence[str], token: TokenName, pin: bytearray, wish: Wish, now: dt.datetime
) -> Key:
    """Log in to a token; the certificate is checked before the PIN is used.

    Raises:
        SigningError: sign.token_missing, sign.cert_missing, sign.pin_wrong and family.
        Trouble: the certificate's first blocking finding.
    """
    client = open_token(command, token.module)
    try:
        serial = _serial(client, token.label)
        certificates = client.certificates(serial)
        own = _own(certificates, token.cert_sha256)
        chain = tuple(c.der for c in certificates if c.sha256 != own.sha256)
        refuse(policy.check_certificate(own.der, chain, wish.anchors, wish.crls, now))
        client.login(serial, own.sha256, pin)
    except BaseException:
        client.close()
        raise
    return Key(own.der, chain, _signer(client, own), client.close)


def _serial(client: TokenClient, label: str) -> str:
    serials = [slot.serial for slot in client.slots() if slot.label == label]
    if not serials:
        raise Trouble("sign.token_missing", label=label)
    return serials[0]


def _own(certificates: Sequence[TokenCertificate], wanted: str | None) -> TokenCertificate:
    found = [c for c in certificates if c.sha256 == wanted or (wanted is None and c.has_key_hint)]
    if not found and wanted is None:  # keys hide before login: what issues others is not meant
        found = [c for c in certificates if c.cka_id and not _issues(c.der)]
    if len(found) != 1:
        raise Trouble("sign.cert_missing", n=len(found))
    return found[0]


def _issues(cert: bytes) -> bool:
    try:
        extensions = x509.load_der_x509_certificate(cert).extensions
        return extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, x509.ExtensionNotFound):
        return False


def _signer(client: TokenClient, own: TokenCertificate) -> Sign:
    mechanism = embed.mechanism_for(own.der)
    return lambda attrs: client.sign(own.sha256, mechanism, attrs)


def soft_key(p12: Path, pin: bytearray, wish: Wish, now: dt.datetime) -> Key:
    """Unlock a PKCS#12 file (for practice and tests).

    Raises:
        SigningError: sign.p12_unreadable, sign.pin_wrong.
        Trouble: the certificate's first blocking finding.
    """
    if not p12.is_file():
        raise Trouble("file.missing", name=p12.name)
    soft = SoftSigner(p12.read_bytes(), pin)
    refuse(policy.check_certificate(soft.cert, soft.chain, wish.anchors, wish.crls, now))
    return Key(soft.cert, soft.chain, soft.sign, lambda: None)


def sign_pdf(pdf: bytes, key: Key, wish: Wish, now: dt.datetime) -> bytes:
    """The signed file, read back and proved.

    A command line cannot ask where a stamp may stand: it takes the free place nearest to the top
    right, inside the page if need be, and never covers ink.

    Raises:
        Trouble: a blocking finding about the document.
        SigningError: sign.no_room, sign.proof_failed, sign.in_doubt and family.
    """
    field = "Organ-1" if wish.organ else "Clerk-1"
    refuse(policy.check_document(pdf, field=field))
    stamp = _stamp(key, wish, now)
    prepared = prepare.prepare(
        pdf,
        cert=key.cert,
        chain=key.chain,
        stamp=stamp,
        now=now,
        field=field,
        box=None if stamp is None else prepare.place(pdf, stamp, anywhere=True),
    )
    signed = embed.embed(prepared, embed.build_cms(prepared, key.sign(prepared.signed_attrs)))
    embed.prove(pdf, signed, prepared)
    return signed


def _stamp(key: Key, wish: Wish, now: dt.datetime) -> Stamp | None:
    if not wish.stamp:
        return None
    if wish.organ:
        return appearance.organ_stamp(wish.form, wish.organ, now)
    return appearance.conversion_mark(common_name(key.cert), now)


def common_name(cert: bytes) -> str:
    """The name of a certificate's holder for the mark; empty when it bears none."""
    subject = x509.load_der_x509_certificate(cert).subject
    names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def module_present() -> bool:
    """Whether a vendor's PKCS#11 module or the practice one stands in a usual place."""
    for find in (modules.find_module, modules.find_softhsm):
        with contextlib.suppress(SigningError):
            find()
            return True
    return False


def judge(pdf: bytes, wish: Wish, now: dt.datetime) -> Report:
    """The verdict on a signed file.

    Raises:
        SigningError: sign.unreadable_pdf.
    """
    return verify(pdf, anchors=wish.anchors, crls=wish.crls, now=now)
