"""The portal's endpoints under ``/v1``: reading requests, writing answers, nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sync.canonical import JsonValue, canonical_json
from sync.manifest import MAX_BLOB_BYTES, MAX_FILES, MAX_MANIFEST_BYTES
from sync.portal.checks import CheckDocument
from sync.portal.core import Portal
from sync.portal.dossiers import Record
from sync.portal.envelope import Envelope, http_exception
from sync.portal.folder import Hop, no_hop
from sync.portal.pages import received_page
from sync.portal.problems import Problem
from sync.portal.receipts import iso
from sync.portal.requests import (
    NUMBER,
    REQUEST_ID,
    check_digest,
    check_tus,
    header_number,
    is_local,
    metadata_sha256,
    read_body,
    read_manifest,
)
from sync.portal.stations import TOKEN_LIFE_S, Station, parse_enrol
from sync.portal.uploads import Upload
from sync.protocol import (
    ASSERTION_TYPE,
    BASE_PATH,
    METHOD_OVERRIDE_HEADER,
    OFFSET_MEDIA,
    TUS_VERSION,
)
from sync.retry import MAX_PATCH_BYTES
from sync.shape import SHA256_HEX

_MAX_SMALL_BODY = 16 * 1024


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
        exception_handlers={HTTPException: http_exception},
    )
    app.state.portal = portal
    return app


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
        if not is_local(request, request.client.host if request.client else ""):
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
        if not REQUEST_ID.fullmatch(nonce):
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
        body = await read_body(request, _MAX_SMALL_BODY)
        wanted = parse_enrol(body)
        address = request.client.host if request.client else ""
        needs_code = self._portal.require_code or not is_local(request, address)
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
        body = await read_body(request, _MAX_SMALL_BODY)
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
        body = await read_body(request, MAX_MANIFEST_BYTES)
        check_digest(request.headers.get("content-digest", ""), body)
        manifest = await asyncio.to_thread(read_manifest, request, station, body)
        record, fresh = await asyncio.to_thread(
            self._portal.dossiers.register, station.id, station.office, manifest
        )
        return await self._dossier(record, 201 if fresh else 200)

    async def get_dossier(self, request: Request) -> Response:
        """What the portal knows of one dossier of the asking station."""
        station = await self._station(request)
        rev = request.path_params["rev"]
        if not NUMBER.fullmatch(rev):
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
        check_tus(request)
        length = header_number(request, "upload-length")
        sha256 = metadata_sha256(request.headers.get("upload-metadata", ""))
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
            header_number(request, "upload-offset"),
            header_number(request, "content-length"),
            request.receive,
        )
        return Response(status_code=204, headers={"Upload-Offset": str(offset)})

    async def _station(self, request: Request) -> Station:
        header = request.headers.get("authorization")
        return await asyncio.to_thread(self._portal.stations.authorise, header)

    async def _upload(self, request: Request) -> Upload:
        station = await self._station(request)
        check_tus(request)
        owner, _, sha256 = request.path_params["name"].partition("-")
        if owner != station.id or not SHA256_HEX.fullmatch(sha256):
            raise Problem(404, "not-known")
        return await asyncio.to_thread(self._portal.uploads.find, station.id, sha256)

    async def _dossier(self, record: Record, status: int) -> Response:
        return _json(await asyncio.to_thread(self._portal.dossiers.body, record), status)


def _json(value: JsonValue, status: int = 200) -> Response:
    return Response(canonical_json(value), status, media_type="application/json")
