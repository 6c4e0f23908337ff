"""The desk's hold on the token: one login, then signatures for the sign worker by relay.

The PIN goes from the caller straight to the token process; the sign worker never sees it.
"""

from __future__ import annotations

import base64
import importlib
import logging
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.errors import Trouble

if TYPE_CHECKING:
    from app.signing.token import TokenCertificate, TokenClient, TokenSlot

log = logging.getLogger("sign")
Reply = Callable[[Mapping[str, object]], object]


class TokenDesk:
    """Owns the token process of this desk."""

    def __init__(self, command: Sequence[str], on_ready: Callable[[bool], None]) -> None:
        self._command = command
        self._on_ready = on_ready
        self._client: TokenClient | None = None
        self._lock = threading.Lock()
        self._requests: queue.Queue[tuple[Mapping[str, str], Reply] | None] = queue.Queue()
        self._relay = threading.Thread(target=self._serve, name="token-relay", daemon=True)
        self._relay.start()
        self.ready = False

    def open(self, module: Path, env: Mapping[str, str] | None = None) -> None:
        """Start the process for ``module``; a running one is ended first."""
        self.close_token()
        with self._lock, _translated():
            stage = importlib.import_module("app.pipeline.stages.token")
            self._client = stage.open_token(self._command, module, env)

    def slots(self) -> tuple[TokenSlot, ...]:
        """The tokens that are present."""
        with self._lock, _translated():
            return self._open().slots()

    def certificates(self, serial: str) -> tuple[TokenCertificate, ...]:
        """The certificates of one token, readable before login."""
        with self._lock, _translated():
            return self._open().certificates(serial)

    def login(self, serial: str, cert_sha256: str, pin: bytearray) -> None:
        """Log in once; ``pin`` is wiped.

        Raises:
            Trouble: sign.pin_wrong, sign.pin_locked, sign.token_lost and their family.
        """
        with self._lock, _translated():
            self._open().login(serial, cert_sha256, pin)
        self._ready(now=True)

    def forward(self, request: Mapping[str, str], reply: Reply) -> None:
        """Queue a signature for the sign worker; ``reply`` gets the answer."""
        self._requests.put((request, reply))

    def close_token(self) -> None:
        """End the token process: the PIN is forgotten."""
        self._ready(now=False)
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def close(self) -> None:
        """End the process and the relay."""
        self.close_token()
        self._requests.put(None)

    def _open(self) -> TokenClient:
        if self._client is None:
            raise Trouble("sign.token_missing")
        return self._client

    def _ready(self, *, now: bool) -> None:
        if now != self.ready:
            self.ready = now
            self._on_ready(now)

    def _serve(self) -> None:
        while (item := self._requests.get()) is not None:
            request, reply = item
            reply(self._sign(request))

    def _sign(self, request: Mapping[str, str]) -> Mapping[str, str]:
        try:
            with self._lock, _translated():
                signature = self._open().sign(
                    request["cert_sha256"],
                    request["mechanism"],
                    base64.b64decode(request["attrs"]),
                )
        except Trouble as error:
            log.warning("token.sign_failed", extra={"slug": error.slug})
            self._ready(now=False)
            return {"error": error.slug}
        return {"signature": base64.b64encode(signature).decode()}


class _translated:  # noqa: N801 - reads as a phrase in a with statement
    """Turns the signing room's errors into the desk's."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        slug = getattr(error, "slug", None)
        if isinstance(slug, str) and not isinstance(error, Trouble):
            raise Trouble.of(slug, getattr(error, "params", {})) from error
