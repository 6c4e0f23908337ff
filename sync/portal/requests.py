"""Reading requests: each header and body is checked here before anything is done with it."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hashlib
import re

from starlette.requests import Request

from sync.errors import SyncError
from sync.jws import jws_verify_detached
from sync.manifest import Manifest, parse_manifest
from sync.portal.problems import FieldReason, Problem
from sync.portal.stations import Station
from sync.protocol import MANIFEST_JWS_HEADER, TUS_VERSION
from sync.shape import SHA256_HEX
from sync.wire import is_loopback

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
NUMBER = re.compile(r"[0-9]{1,15}", re.ASCII)
_DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/=]{44}):", re.ASCII)
_BODY_STALL_S = 60.0


def read_manifest(request: Request, station: Station, body: bytes) -> Manifest:
    """The manifest of a PUT, signed by its station and at its own address."""
    try:
        token = request.headers.get(MANIFEST_JWS_HEADER, "")
        jws_verify_detached(token, body, [station.key])
    except SyncError as error:
        raise Problem(422, "manifest-signature") from error
    try:
        manifest = parse_manifest(body)
    except SyncError as error:
        where = str(error.params.get("where", "$"))
        field = FieldReason(where, "manifest-malformed", {"where": where})
        raise Problem(422, "manifest-malformed", fields=[field], where=where) from error
    address = (request.path_params["id"], request.path_params["rev"])
    if address != (manifest.id, str(manifest.rev)):
        raise Problem(422, "manifest-mismatch", where="id, rev")
    if manifest.station != station.id:
        raise Problem(422, "manifest-mismatch", where="station")
    return manifest


async def read_body(request: Request, most: int) -> bytes:
    """The whole body, at most ``most`` bytes of it."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Problem(415, "media-unsupported")
    stated = request.headers.get("content-length", "0")
    if NUMBER.fullmatch(stated) and int(stated) > most:
        raise Problem(413, "manifest-too-large", most=most)
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_STALL_S):
            async for piece in request.stream():
                body += piece
                if len(body) > most:
                    raise Problem(413, "manifest-too-large", most=most)
    except TimeoutError as error:
        raise Problem(408, "upload-interrupted", headers={"Connection": "close"}) from error
    return bytes(body)


def is_local(request: Request, address: str) -> bool:
    """Whether the request was made on this machine and came through no proxy."""
    forwarded = {"forwarded", "x-forwarded-for", "via"}.intersection(request.headers.keys())
    return not forwarded and is_loopback(address) and is_loopback(request.url.hostname or "")


def check_digest(header: str, body: bytes) -> None:
    """Return only for a body with the SHA-256 it was sent with (RFC 9530)."""
    match = _DIGEST.fullmatch(header.strip())
    stated = base64.b64decode(match[1]) if match else b""
    if stated != hashlib.sha256(body).digest():
        raise Problem(400, "digest-mismatch")


def check_tus(request: Request) -> None:
    """Return only for a request of our tus version."""
    if request.headers.get("tus-resumable") != TUS_VERSION:
        raise Problem(412, "version-unsupported", headers={"Tus-Version": TUS_VERSION})


def header_number(request: Request, name: str) -> int:
    """The number in a header: digits only."""
    text = request.headers.get(name, "")
    if not NUMBER.fullmatch(text):
        raise Problem(400, "request-malformed", where=name)
    return int(text)


def metadata_sha256(header: str) -> str:
    """The hash named in ``Upload-Metadata``."""
    for pair in header.split(","):
        name, _, value = pair.strip().partition(" ")
        if name == "sha256":
            with contextlib.suppress(binascii.Error, UnicodeDecodeError, ValueError):
                text = base64.b64decode(value, validate=True).decode("ascii")
                if SHA256_HEX.fullmatch(text):
                    return text
    raise Problem(400, "request-malformed", where="Upload-Metadata")
