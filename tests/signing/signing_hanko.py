"""Signatures of other makers, made with pyHanko's own path: what citizens and organs bring."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING

from asn1crypto import keys, x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers.pdf_cms import SimpleSigner
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner, PdfTimeStamper
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from tests.signing.signing_pki import Entity, pki

if TYPE_CHECKING:
    from collections.abc import Sequence


def _key(entity: Entity) -> keys.PrivateKeyInfo:
    der = entity.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return keys.PrivateKeyInfo.load(der)


def _store(chain: Sequence[Entity]) -> SimpleCertificateStore:
    store = SimpleCertificateStore()
    store.register_multiple(x509.Certificate.load(each.der) for each in chain)
    return store


def timestamper(tsa: Entity, when: datetime) -> DummyTimeStamper:
    return DummyTimeStamper(
        x509.Certificate.load(tsa.der), _key(tsa), _store([pki().issuer]), fixed_dt=when
    )


def sign_with_pyhanko(
    pdf: bytes,
    meta: PdfSignatureMetadata,
    entity: Entity | None = None,
    *,
    stamper: DummyTimeStamper | None = None,
    strict: bool = True,
) -> bytes:
    signer = SimpleSigner(
        x509.Certificate.load((entity or pki().clerk).der),
        _key(entity or pki().clerk),
        _store([pki().issuer]),
    )
    out = PdfSigner(meta, signer=signer, timestamper=stamper).sign_pdf(
        IncrementalPdfFileWriter(BytesIO(pdf), strict=strict)
    )
    return bytes(out.getvalue())


def document_timestamp(pdf: bytes, stamper: DummyTimeStamper) -> bytes:
    out = PdfTimeStamper(stamper).timestamp_pdf(IncrementalPdfFileWriter(BytesIO(pdf)), "sha256")
    return bytes(out.getvalue())
