"""The portal's endpoints under ``/v1``: reading requests, writing answers, nothing else."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import datetime as dt
import errno
import hashlib
import logging
import re
from collections.abc import AsyncIterator, Callable
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sync.canonical import JsonValue, canonical_json
from sync.errors import SyncError
from sync.jws import jws_verify_detached
from sync.manifest import MAX_BLOB_BYTES, MAX_FILES, MAX_MANIFEST_BYTES, Manifest, parse_manifest
from sync.portal.checks import CheckDocument
from sync.portal.core import Portal
from sync.portal.database import SqlError
from sync.portal.dossiers import Record, to_body
from sync.portal.folder import Hop, no_hop
from sync.portal.pages import received_page
from sync.portal.problems import FieldReason, Problem
from sync.portal.receipts import iso
from sync.portal.stations import TOKEN_LIFE_S, Station, parse_enrol
from sync.portal.uploads import DisconnectedError, Upload
from sync.protocol import (
    ASSERTION_TYPE,
    BASE_PATH,
    CONTRACT,
    CONTRACT_HEADER,
    MANIFEST_JWS_HEADER,
    METHOD_OVERRIDE_HEADER,
    OFFSET_MEDIA,
    PORTAL_ID_HEADER,
    PROBLEM_MEDIA,
    REQUEST_ID_HEADER,
    TUS_VERSION,
)
from sync.retry import MAX_PATCH_BYTES
from sync.shape import SHA256_HEX
from sync.wire import is_loopback

_log = logging.getLogger("sync")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NUMBER = re.compile(r"[0-9]{1,15}", re.ASCII)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/=]{44}):", re.ASCII)
_MAX_SMALL_BODY = 16 * 1024
_BODY_STALL_S = 60.0


def create_app(
    data: Path,
    *,
    check_document: CheckDocument | None,
    require_code: bool,
    clock: Callable[[], dt.datetime],
    hop: Hop = no_hop,
) -> Starlette:
    """The portal over ``data`` as an application; ``app.state.portal`` is the open portal.

    Args:
        data: folder of the portal, made when missing.
        check_document: looks at each received file; must be picklable. None: not looked at.
        require_code: whether even a station on this machine needs a one-time code.
        clock: the wall clock, aware.
        hop: told each step of the storage order.

    Raises:
        SyncError: ``sync.portal_in_use``, ``sync.portal_data_bad``, ``sync.portal_folder``.
    """
    portal = Portal(
        data, clock=clock, check_document=check_document, require_code=require_code, hop=hop
    )

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        try:
            await asyncio.to_thread(portal.start)
            yield
        finally:
            await asyncio.to_thread(portal.close)

    endpoints = Endpoints(portal)
    app = Starlette(
        routes=endpoints.routes(),
        lifespan=lifespan,
        middleware=[Middleware(Envelope, portal=portal)],
        exception_handlers={HTTPException: _http_exception},
    )
    app.state.portal = portal
    return app


class Envelope:
    """Gives every answer the headers of the contract and turns every failure into a problem."""

    def __init__(self, app: ASGIApp, portal: Portal) -> None:
        self._app = app
        self._portal = portal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application inside the envelope."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._stamp(scope, MutableHeaders(scope=message))
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except (DisconnectedError, ClientDisconnect):
            return
        except Exception as error:
            if started:
                raise
            await _problem_response(_as_problem(error))(scope, receive, sending)

    def _stamp(self, scope: Scope, headers: MutableHeaders) -> None:
        asked = Request(scope).headers.get(REQUEST_ID_HEADER, "")
        headers[PORTAL_ID_HEADER] = self._portal.id
        headers[CONTRACT_HEADER] = CONTRACT
        headers[REQUEST_ID_HEADER] = asked if _REQUEST_ID.fullmatch(asked) else "-"
        headers["Date"] = format_datetime(self._portal.clock().astimezone(dt.UTC), usegmt=True)
        headers["Cache-Control"] = "no-store"
        headers["Tus-Resumable"] = TUS_VERSION
        headers["X-Content-Type-Options"] = "nosniff"


class Endpoints:
    """One method per request of the contract."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def routes(self) -> list[Route]:
        """Path, method and handler of everything that is served."""
        dossier = f"{BASE_PATH}/dossiers/{{id}}/{{rev}}"
        upload = f"{BASE_PATH}/uploads/{{name}}"
        return [
            Route("/", self.page, methods=["GET"]),
            Route(f"{BASE_PATH}/healthz", self.healthz, methods=["GET"]),
            Route(f"{BASE_PATH}/about", self.about, methods=["GET"]),
            Route(f"{BASE_PATH}/enrol", self.enrol, methods=["POST"]),
            Route(f"{BASE_PATH}/token", self.token, methods=["POST"]),
            Route(dossier, self.put_dossier, methods=["PUT"]),
            Route(dossier, self.get_dossier, methods=["GET"]),
            Route(f"{BASE_PATH}/uploads", self.create_upload, methods=["POST"]),
            Route(f"{BASE_PATH}/uploads", self.upload_options, methods=["OPTIONS"]),
            Route(upload, self.head_upload, methods=["HEAD"]),
            Route(upload, self.patch_upload, methods=["PATCH", "POST"]),
        ]

    async def page(self, request: Request) -> Response:
        """The list of received dossiers for a person at this machine."""
        if not _is_local(request, request.client.host if request.client else ""):
            raise Problem(404, "not-known")
        html = await asyncio.to_thread(received_page, self._portal.database)
        policy = "default-src 'none'; style-src 'unsafe-inline'"
        return Response(html, media_type="text/html", headers={"Content-Security-Policy": policy})

    async def healthz(self, _request: Request) -> Response:
        """Whether the portal is up."""
        return _json({"ok": True})

    async def about(self, request: Request) -> Response:
        """Who this portal is, signed over the asker's nonce."""
        nonce = request.query_params.get("nonce", "")
        if not _REQUEST_ID.fullmatch(nonce):
            raise Problem(400, "request-malformed", where="nonce")
        claims: dict[str, JsonValue] = {
            "portal_id": self._portal.id,
            "issuer": self._portal.pen.issuer,
            "time": iso(self._portal.clock()),
            "keys": [dict(self._portal.pen.verify_key.jwk())],
            "limits": {
                "max_manifest": MAX_MANIFEST_BYTES,
                "max_files": MAX_FILES,
                "max_blob": MAX_BLOB_BYTES,
                "patch_max": MAX_PATCH_BYTES,
            },
            "features": ["tus-1.0.0"],
            "nonce": nonce,
        }
        return _json({**claims, "jws": self._portal.pen.about(claims)})

    async def enrol(self, request: Request) -> Response:
        """A station becomes known."""
        body = await _read(request, _MAX_SMALL_BODY)
        wanted = parse_enrol(body)
        address = request.client.host if request.client else ""
        needs_code = self._portal.require_code or not _is_local(request, address)
        name, fresh = await asyncio.to_thread(
            self._portal.stations.enrol, wanted, address, needs_code=needs_code
        )
        answer: dict[str, JsonValue] = {
            "station_id": name,
            "temp_prefix": f"TAM-{name}-",
            "portal_id": self._portal.id,
            "issuer": self._portal.pen.issuer,
            "keys": [dict(self._portal.pen.verify_key.jwk())],
        }
        return _json(answer, 201 if fresh else 200)

    async def token(self, request: Request) -> Response:
        """A token for a signed assertion."""
        body = await _read(request, _MAX_SMALL_BODY)
        try:
            form = parse_qs(body.decode("ascii"), max_num_fields=10, strict_parsing=True)
        except ValueError as error:
            raise Problem(400, "request-malformed", where="form") from error
        right = (["client_credentials"], [ASSERTION_TYPE])
        if (form.get("grant_type"), form.get("client_assertion_type")) != right:
            raise Problem(400, "request-malformed", where="grant_type")
        assertion = form.get("client_assertion", [""])[0]
        token = await asyncio.to_thread(self._portal.stations.grant, assertion)
        return _json({"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_LIFE_S})

    async def put_dossier(self, request: Request) -> Response:
        """A sealed manifest is committed and acknowledged with a receipt."""
        station = await self._station(request)
        body = await _read(request, MAX_MANIFEST_BYTES)
        _check_digest(request.headers.get("content-digest", ""), body)
        manifest = await asyncio.to_thread(_manifest, request, station, body)
        record, fresh = await asyncio.to_thread(
            self._portal.dossiers.register, station.id, station.office, manifest
        )
        return await self._dossier(record, 201 if fresh else 200)

    async def get_dossier(self, request: Request) -> Response:
        """What the portal knows of one dossier of the asking station."""
        station = await self._station(request)
        rev = request.path_params["rev"]
        if not _NUMBER.fullmatch(rev):
            raise Problem(404, "not-known")
        record = await asyncio.to_thread(
            self._portal.dossiers.get, station.id, request.path_params["id"], int(rev)
        )
        return await self._dossier(record, 200)

    async def upload_options(self, _request: Request) -> Response:
        """What this tus server can do."""
        headers = {
            "Tus-Version": TUS_VERSION,
            "Tus-Extension": "creation",
            "Tus-Max-Size": str(MAX_BLOB_BYTES),
        }
        return Response(status_code=204, headers=headers)

    async def create_upload(self, request: Request) -> Response:
        """Name the upload of a wanted file; what is already here stays."""
        station = await self._station(request)
        _check_tus(request)
        length = _number(request, "upload-length")
        sha256 = _metadata_sha256(request.headers.get("upload-metadata", ""))
        upload = await asyncio.to_thread(self._portal.uploads.find, station.id, sha256)
        if length != upload.size:
            raise Problem(400, "request-malformed", where="Upload-Length")
        offset = await self._portal.uploads.offset(upload)
        headers = {
            "Location": f"{BASE_PATH}/uploads/{station.id}-{sha256}",
            "Upload-Offset": str(offset),
        }
        return Response(status_code=201, headers=headers)

    async def head_upload(self, request: Request) -> Response:
        """How much of an upload is here."""
        upload = await self._upload(request)
        offset = await self._portal.uploads.offset(upload)
        headers = {"Upload-Offset": str(offset), "Upload-Length": str(upload.size)}
        return Response(status_code=200, headers=headers)

    async def patch_upload(self, request: Request) -> Response:
        """Append to an upload."""
        if request.method == "POST" and request.headers.get(METHOD_OVERRIDE_HEADER) != "PATCH":
            raise Problem(405, "method-not-allowed")
        upload = await self._upload(request)
        if request.headers.get("content-type") != OFFSET_MEDIA:
            raise Problem(415, "media-unsupported")
        if request.headers.get("content-encoding", "identity") != "identity":
            raise Problem(415, "media-unsupported")
        if "content-length" not in request.headers:
            raise Problem(411, "request-malformed", where="Content-Length")
        offset = await self._portal.uploads.append(
            upload,
            _number(request, "upload-offset"),
            _number(request, "content-length"),
            request.receive,
        )
        return Response(status_code=204, headers={"Upload-Offset": str(offset)})

    async def _station(self, request: Request) -> Station:
        header = request.headers.get("authorization")
        return await asyncio.to_thread(self._portal.stations.authorise, header)

    async def _upload(self, request: Request) -> Upload:
        station = await self._station(request)
        _check_tus(request)
        owner, _, sha256 = request.path_params["name"].partition("-")
        if owner != station.id or not SHA256_HEX.fullmatch(sha256):
            raise Problem(404, "not-known")
        return await asyncio.to_thread(self._portal.uploads.find, station.id, sha256)

    async def _dossier(self, record: Record, status: int) -> Response:
        return _json(await asyncio.to_thread(self._portal.dossiers.body, record), status)


def _manifest(request: Request, station: Station, body: bytes) -> Manifest:
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


async def _read(request: Request, most: int) -> bytes:
    """The whole body, at most ``most`` bytes of it."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Problem(415, "media-unsupported")
    stated = request.headers.get("content-length", "0")
    if _NUMBER.fullmatch(stated) and int(stated) > most:
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


def _is_local(request: Request, address: str) -> bool:
    """Whether the request was made on this machine and came through no proxy."""
    forwarded = {"forwarded", "x-forwarded-for", "via"}.intersection(request.headers.keys())
    return not forwarded and is_loopback(address) and is_loopback(request.url.hostname or "")


def _check_digest(header: str, body: bytes) -> None:
    """Return only for a body with the SHA-256 it was sent with (RFC 9530)."""
    match = _DIGEST.fullmatch(header.strip())
    stated = base64.b64decode(match[1]) if match else b""
    if stated != hashlib.sha256(body).digest():
        raise Problem(400, "digest-mismatch")


def _check_tus(request: Request) -> None:
    if request.headers.get("tus-resumable") != TUS_VERSION:
        raise Problem(412, "version-unsupported", headers={"Tus-Version": TUS_VERSION})


def _number(request: Request, name: str) -> int:
    text = request.headers.get(name, "")
    if not _NUMBER.fullmatch(text):
        raise Problem(400, "request-malformed", where=name)
    return int(text)


def _metadata_sha256(header: str) -> str:
    """The hash named in ``Upload-Metadata``."""
    for pair in header.split(","):
        name, _, value = pair.strip().partition(" ")
        if name == "sha256":
            with contextlib.suppress(binascii.Error, UnicodeDecodeError, ValueError):
                text = base64.b64decode(value, validate=True).decode("ascii")
                if SHA256_HEX.fullmatch(text):
                    return text
    raise Problem(400, "request-malformed", where="Upload-Metadata")


def _as_problem(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, OSError) and error.errno in _FULL:
        return Problem(507, "storage-full", headers={"Retry-After": "30"})
    if isinstance(error, SqlError) and "full" in str(error):
        return Problem(507, "storage-full", headers={"Retry-After": "30"})
    _log.error("portal defect", exc_info=error)
    return Problem(500, "portal-defect")


async def _http_exception(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = {405: "method-not-allowed", 404: "not-known"}.get(status, "request-malformed")
    return _problem_response(Problem(status, code, where="request"))


def _problem_response(problem: Problem) -> Response:
    body = to_body(problem.document())
    return Response(body, problem.status, dict(problem.headers), PROBLEM_MEDIA)


def _json(value: JsonValue, status: int = 200) -> Response:
    return Response(canonical_json(value), status, media_type="application/json")
