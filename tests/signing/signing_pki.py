"""Certificates of every kind, good and bad, made on the spot; nothing here is trusted anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime(2026, 11, 24, 9, 14, 5, tzinfo=timezone(timedelta(hours=7)))
YEAR = timedelta(days=365)
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """The same key for the same name within a run."""
    del name
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key(name: str, curve: type[ec.EllipticCurve] = ec.SECP256R1) -> ec.EllipticCurvePrivateKey:
    del name
    return ec.generate_private_key(curve())


@dataclass(frozen=True)
class Entity:
    cert: x509.Certificate
    key: Key

    @property
    def der(self) -> bytes:
        return self.cert.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.cert.public_bytes(Encoding.PEM)

    def sign(self, attrs: bytes) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(attrs, padding.PKCS1v15(), hashes.SHA256())
        return self.key.sign(attrs, ec.ECDSA(hashes.SHA256()))


def issue(
    name: str,
    key: Key,
    issuer: Entity | None = None,
    *,
    begin: datetime = NOW - YEAR,
    end: datetime = NOW + YEAR,
    ca: bool = False,
    non_repudiation: bool = True,
    eku: x509.ObjectIdentifier | None = None,
    digest: hashes.HashAlgorithm | None = None,
) -> Entity:
    """A certificate; without an issuer it signs itself."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer_name = subject if issuer is None else issuer.cert.subject
    issuer_key = key if issuer is None else issuer.key
    usage = x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=non_repudiation and not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )
    if eku is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([eku]), critical=True)
    return Entity(builder.sign(issuer_key, digest or hashes.SHA256()), key)


def crl(
    issuer: Entity,
    *revoked: Entity,
    issued: datetime = NOW - timedelta(hours=2),
    following: datetime | None = None,
    since: datetime = NOW - timedelta(days=3),
    signed_by: Entity | None = None,
) -> bytes:
    """A revocation list of ``issuer``, DER."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.cert.subject)
        .last_update(issued)
        .next_update(following or issued + timedelta(days=7))
    )
    for entity in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(entity.cert.serial_number)
            .revocation_date(since)
            .build()
        )
    key = (signed_by or issuer).key
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


ROOT_NAME, ISSUER_NAME, CLERK_NAME = "TEST Root", "TEST CA Thử Nghiệm", "Lò Thị Mỹ Phượng"


class Pki:
    """Root, issuer and one clerk's certificate of each kind."""

    def __init__(self) -> None:
        self.root = issue(ROOT_NAME, rsa_key("root"), ca=True)
        self.issuer = issue(ISSUER_NAME, rsa_key("issuer"), self.root, ca=True)
        key = rsa_key("clerk")
        self.clerk = issue(CLERK_NAME, key, self.issuer)
        self.clerk_ec = issue(CLERK_NAME, ec_key("clerk"), self.issuer)
        self.expired = issue(
            CLERK_NAME, key, self.issuer, begin=NOW - YEAR, end=NOW - timedelta(days=1)
        )
        self.not_yet = issue(
            CLERK_NAME, key, self.issuer, begin=NOW + timedelta(days=1), end=NOW + YEAR
        )
        self.soon = issue(CLERK_NAME, key, self.issuer, end=NOW + timedelta(days=10))
        self.revoked = issue(CLERK_NAME, key, self.issuer)
        self.no_repudiation = issue(CLERK_NAME, key, self.issuer, non_repudiation=False)
        self.server = issue(CLERK_NAME, key, self.issuer, eku=ExtendedKeyUsageOID.SERVER_AUTH)
        self.weak = issue(CLERK_NAME, rsa_key("weak", 1024), self.issuer)
        rogue_root = issue(ROOT_NAME, rsa_key("rogue root"), ca=True)
        self.rogue_issuer = issue(ISSUER_NAME, rsa_key("rogue issuer"), rogue_root, ca=True)
        self.rogue = issue(CLERK_NAME, key, self.rogue_issuer)
        self.stranger = issue("Kẻ Lạ", rsa_key("stranger"))

    @property
    def anchors(self) -> list[bytes]:
        return [self.root.pem]

    @property
    def chain(self) -> list[bytes]:
        return [self.issuer.der]

    @property
    def crls(self) -> list[bytes]:
        return [crl(self.root), crl(self.issuer, self.revoked)]


@cache
def pki() -> Pki:
    return Pki()
