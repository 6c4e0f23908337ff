"""The wire contract in one place: names of headers and paths, and every type that travels.

The parts live in modules of their own (``canonical``, ``manifest``, ``jws``, ``receipt``); callers
import them from here.
"""

from __future__ import annotations

from dataclasses import dataclass

from sync.canonical import JsonValue, canonical_json, parse_canonical, parse_json
from sync.jws import (
    VerifyKey,
    jws_sign,
    jws_sign_detached,
    jws_verify,
    jws_verify_detached,
    thumbprint,
)
from sync.manifest import (
    MAX_FILES,
    MAX_MANIFEST_BYTES,
    FileRef,
    Manifest,
    ManifestComponent,
    ManifestDocument,
    SignatureRef,
    check_temp_code,
    parse_manifest,
)
from sync.receipt import Reason, Receipt, check_receipt, parse_receipt
from sync.shape import Shape

__all__ = [
    "BASE_PATH",
    "BLOB_HASH_STATUS",
    "CONTRACT",
    "MAX_FILES",
    "MAX_MANIFEST_BYTES",
    "DossierRev",
    "FileRef",
    "JsonValue",
    "Manifest",
    "ManifestComponent",
    "ManifestDocument",
    "Missing",
    "Reason",
    "Receipt",
    "SignatureRef",
    "VerifyKey",
    "canonical_json",
    "check_receipt",
    "check_temp_code",
    "jws_sign",
    "jws_sign_detached",
    "jws_verify",
    "jws_verify_detached",
    "parse_canonical",
    "parse_json",
    "parse_manifest",
    "parse_missing",
    "parse_receipt",
    "thumbprint",
]

BASE_PATH = "/v1"
CONTRACT = "1"
TUS_VERSION = "1.0.0"
BLOB_HASH_STATUS = 460
"""The file does not have the hash it was announced with (the tus checksum extension's number)."""

PORTAL_ID_HEADER = "X-Portal-Id"
CONTRACT_HEADER = "X-Contract"
REQUEST_ID_HEADER = "X-Request-Id"
MANIFEST_JWS_HEADER = "X-Manifest-JWS"
METHOD_OVERRIDE_HEADER = "X-HTTP-Method-Override"
OFFSET_MEDIA = "application/offset+octet-stream"
PROBLEM_MEDIA = "application/problem+json"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True, order=True)
class DossierRev:
    """One revision of one dossier: what is registered and delivered as a whole."""

    id: str
    rev: int


@dataclass(frozen=True, slots=True)
class Missing:
    """A file the portal lacks; ``offset`` bytes of it are already there."""

    sha256: str
    size: int
    upload_url: str
    offset: int


def parse_missing(top: Shape) -> tuple[Missing, ...]:
    """The files listed under ``missing``.

    Raises:
        ShapeError: the list has another form.
    """
    found: list[Missing] = []
    for one in top.shapes("missing", MAX_FILES):
        size = one.integer("size", 1)
        found.append(
            Missing(
                one.sha256("sha256"), size, one.text("upload_url"), one.integer("offset", 0, size)
            )
        )
    return tuple(found)
