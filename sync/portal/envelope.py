"""What every answer bears, and how every failure becomes a problem document."""

from __future__ import annotations

import datetime as dt
import errno
import json
import logging
import uuid
from email.utils import format_datetime

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sync.portal.core import Portal
from sync.portal.database import SqlError
from sync.portal.problems import Problem
from sync.portal.requests import REQUEST_ID
from sync.portal.uploads import DisconnectedError
from sync.protocol import (
    CONTRACT,
    CONTRACT_HEADER,
    PORTAL_ID_HEADER,
    PROBLEM_MEDIA,
    REQUEST_ID_HEADER,
    TUS_VERSION,
)

_log = logging.getLogger("sync")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


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
        headers[REQUEST_ID_HEADER] = asked if REQUEST_ID.fullmatch(asked) else uuid.uuid4().hex
        headers["Date"] = format_datetime(self._portal.clock().astimezone(dt.UTC), usegmt=True)
        headers["Cache-Control"] = "no-store"
        headers["Tus-Resumable"] = TUS_VERSION
        headers["X-Content-Type-Options"] = "nosniff"


def _as_problem(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, OSError) and error.errno in _FULL:
        return Problem(507, "storage-full", headers={"Retry-After": "30"})
    if isinstance(error, SqlError) and "full" in str(error):
        return Problem(507, "storage-full", headers={"Retry-After": "30"})
    _log.error("portal defect", exc_info=error)
    return Problem(500, "portal-defect")


async def http_exception(_request: Request, error: Exception) -> Response:
    """The problem document for what the router itself refuses."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = {405: "method-not-allowed", 404: "not-known"}.get(status, "request-malformed")
    return _problem_response(Problem(status, code, where="request"))


def _problem_response(problem: Problem) -> Response:
    body = json.dumps(problem.document(), ensure_ascii=False).encode("utf-8")
    return Response(body, problem.status, dict(problem.headers), PROBLEM_MEDIA)
