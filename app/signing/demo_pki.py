"""A test PKI and a software token, made on the spot: the demo's and the tests' certificate.

Every name in it says TEST, its root is in nobody's trust store, and its keys are thrown away after
use except the clerk's, which lives in the software token. Making it again with the same folder
returns what is there.

Source: RFC 5280; PKCS#11 v2.40 sections 5.5 and 5.7; SoftHSM 2 configuration.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from app.signing.demo_token import TokenContent, write_token
from app.signing.errors import SigningError
from app.signing.guard import sha256_hex
from app.signing.modules import check_module, find_softhsm

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DEMO_LABEL", "DemoToken", "find_softhsm", "make_demo_token"]

DEMO_LABEL: Final = "KY-THU-TEST"
LIFE: Final = timedelta(days=730)
RENEW: Final = timedelta(days=31)
CHILD_S: Final = 60.0

_STATE = "demo.json"


@dataclass(frozen=True, slots=True)
class DemoToken:
    """A software token with a clerk's test certificate.

    Attributes:
        softhsm_conf: value for SOFTHSM2_CONF of every process that loads the module.
        label: label of the token.
        serial: serial number of the token.
        cert_sha256: SHA-256 of the clerk's certificate, hexadecimal.
        cert: the clerk's certificate, DER.
        chain: the issuing certificate, DER.
        root_pem: the test root, PEM.
        crls: revocation lists of root and issuer, DER.
    """

    softhsm_conf: Path
    label: str
    serial: str
    cert_sha256: str
    cert: bytes
    chain: tuple[bytes, ...]
    root_pem: bytes
    crls: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _Pki:
    root: x509.Certificate
    issuer: x509.Certificate
    clerk: x509.Certificate
    clerk_key: rsa.RSAPrivateKey
    crls: tuple[x509.CertificateRevocationList, ...]


def make_demo_token(
    dir: Path,  # noqa: A002 - the folder is what a caller thinks of
    *,
    now: datetime,
    module: Path,
    pin: str,
    clerk_name: str,
) -> DemoToken:
    """The software token in ``dir``, made when it is not there or near its end.

    Args:
        dir: a folder of our own for configuration, token and certificates.
        now: the time from which the certificates count, with a zone.
        module: path of libsofthsm2.
        pin: PIN of the new token.
        clerk_name: name in the clerk's certificate.

    Raises:
        SigningError: ``sign.module_missing`` and others of ``modules``; ``sign.demo_failed``.
    """
    check_module(module)
    try:
        dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        conf = _write_conf(dir)
        ready = _load(dir, conf, now)
        if ready is not None:
            return ready
        pki = _make_pki(clerk_name, now)
        return _make(dir, conf, now, pki, _in_child(dir, conf, module, pki, pin))
    except OSError as trouble:
        raise SigningError("sign.demo_failed", why=type(trouble).__name__) from trouble


def _write_conf(folder: Path) -> Path:
    """SoftHSM's configuration; written every time, because the folder may have moved."""
    conf = folder / "softhsm2.conf"
    tokens = folder.resolve() / "tokens"
    tokens.mkdir(mode=0o700, exist_ok=True)
    lines = (
        f"directories.tokendir = {tokens}",
        "objectstore.backend = file",
        "log.level = ERROR",
        "slots.removable = true",
    )
    fresh = conf.with_suffix(".new")
    fresh.write_text("\n".join(lines) + "\n", encoding="utf-8")
    fresh.replace(conf)
    return conf


def _load(folder: Path, conf: Path, now: datetime) -> DemoToken | None:
    """What an earlier run made, when it is whole and still in its time."""
    try:
        told = json.loads((folder / _STATE).read_bytes())
        label, serial, sha256 = (str(told[key]) for key in ("label", "serial", "cert_sha256"))
        cert = x509.load_pem_x509_certificate((folder / "clerk.pem").read_bytes())
        issuer = x509.load_pem_x509_certificate((folder / "issuer.pem").read_bytes())
        root_pem = (folder / "root.pem").read_bytes()
        crls = tuple((folder / name).read_bytes() for name in ("root.crl", "issuer.crl"))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    der = cert.public_bytes(Encoding.DER)
    in_time = cert.not_valid_before_utc <= now <= cert.not_valid_after_utc - RENEW
    if not in_time or sha256_hex(der) != sha256 or not any((folder / "tokens").iterdir()):
        return None
    chain = (issuer.public_bytes(Encoding.DER),)
    return DemoToken(conf, label, serial, sha256, der, chain, root_pem, crls)


def _make(folder: Path, conf: Path, now: datetime, pki: _Pki, serial: str) -> DemoToken:
    """Writes the public files, the state last, and reads them back."""
    cert = pki.clerk.public_bytes(Encoding.DER)
    root_pem = pki.root.public_bytes(Encoding.PEM)
    files = {
        "root.pem": root_pem,
        "issuer.pem": pki.issuer.public_bytes(Encoding.PEM),
        "clerk.pem": pki.clerk.public_bytes(Encoding.PEM),
        "root.crl": pki.crls[0].public_bytes(Encoding.DER),
        "issuer.crl": pki.crls[1].public_bytes(Encoding.DER),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    state = {"label": DEMO_LABEL, "serial": serial, "cert_sha256": sha256_hex(cert)}
    (folder / _STATE).write_text(json.dumps(state), encoding="utf-8")
    made = _load(folder, conf, now)
    if made is None:
        raise SigningError("sign.demo_failed", why="read_back")
    return made


def _in_child(folder: Path, conf: Path, module: Path, pki: _Pki, pin: str) -> str:
    """Serial of the token written by a child: a process can load a PKCS#11 module only once."""
    (folder / _STATE).unlink(missing_ok=True)
    shutil.rmtree(folder / "tokens", ignore_errors=True)
    (folder / "tokens").mkdir(mode=0o700)
    content = TokenContent(
        label=DEMO_LABEL,
        pin=pin,
        key_pkcs1=pki.clerk_key.private_bytes(
            Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()
        ),
        certs=tuple(each.public_bytes(Encoding.DER) for each in (pki.clerk, pki.issuer)),
    )
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(
        target=write_token, args=(os.fspath(conf), os.fspath(module), content, theirs), daemon=True
    )
    child.start()
    theirs.close()
    try:
        answer: tuple[str, str] = ours.recv() if ours.poll(CHILD_S) else ("", "deadline")
    except EOFError:
        answer = ("", "ended")
    finally:
        ours.close()
        child.join(CHILD_S)
        if child.is_alive():
            child.kill()
            child.join()
        child.close()
    serial, why = answer
    if not serial:
        raise SigningError("sign.demo_failed", why=why)
    return serial


def _named(common_name: str, unit: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "TEST - THỬ NGHIỆM - KHÔNG CÓ GIÁ TRỊ"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _usage(*, signs_papers: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs_papers,
        content_commitment=signs_papers,
        key_cert_sign=not signs_papers,
        crl_sign=not signs_papers,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _certificate(
    subject: x509.Name,
    key: rsa.RSAPrivateKey,
    issuer: x509.Name,
    issuer_key: rsa.RSAPrivateKey,
    *,
    now: datetime,
    path_length: int | None,
) -> x509.Certificate:
    """A certificate; ``path_length`` None makes an end entity's."""
    is_ca = path_length is not None
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LIFE)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=path_length), critical=True)
        .add_extension(_usage(signs_papers=not is_ca), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
        .sign(issuer_key, hashes.SHA256())
    )


def _empty_crl(
    issuer: x509.Certificate, key: rsa.RSAPrivateKey, now: datetime
) -> x509.CertificateRevocationList:
    return (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(now - timedelta(hours=1))
        .next_update(now + LIFE)
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
        )
        .sign(key, hashes.SHA256())
    )


def _make_pki(clerk_name: str, now: datetime) -> _Pki:
    def new_key() -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    root_key, issuer_key, clerk_key = new_key(), new_key(), new_key()
    root_name = _named("TEST ROOT - GỐC THỬ NGHIỆM", "Demo")
    issuer_name = _named("TEST CA - CẤP THẺ THỬ NGHIỆM", "Demo")
    root = _certificate(root_name, root_key, root_name, root_key, now=now, path_length=1)
    issuer = _certificate(issuer_name, issuer_key, root_name, root_key, now=now, path_length=0)
    clerk_subject = _named(clerk_name, "KÝ THỬ - TEST")
    clerk = _certificate(
        clerk_subject, clerk_key, issuer_name, issuer_key, now=now, path_length=None
    )
    crls = (_empty_crl(root, root_key, now), _empty_crl(issuer, issuer_key, now))
    return _Pki(root, issuer, clerk, clerk_key, crls)
