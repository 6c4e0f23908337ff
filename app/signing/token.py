"""The client of a token worker: what a window or a signing job holds in its hand.

It starts the worker, keeps deadlines, drains its standard error and turns families into slugs. It
knows nothing of PDF and imports nothing heavy, because the window imports it. A PIN passes through
once, as a ``bytearray`` that is wiped after sending; a rejected PIN is never tried again.
"""

from __future__ import annotations

import base64
import contextlib
import queue
import subprocess  # noqa: TID251 - this module is the named wrapper of the token worker
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final, Self, cast

from app.signing.errors import SigningError
from app.signing.frames import (
    MAX_PIN_BYTES,
    FrameError,
    JsonValue,
    read_json,
    write_json,
    write_raw,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

START_S: Final = 20.0  # an antivirus may look at the module first
LOGIN_S: Final = 90.0  # a PIN pad waits for fingers
SIGN_S: Final = 60.0
CLOSE_S: Final = 5.0

_SLUGS: Final = {
    "cancelled": "sign.cancelled",
    "cert_missing": "sign.cert_missing",
    "login_needed": "sign.login_needed",
    "mechanism": "sign.mechanism",
    "module_fault": "sign.module_fault",
    "module_missing": "sign.module_missing",
    "no_key": "sign.no_key",
    "pin_each_time": "sign.pin_each_time",
    "pin_locked": "sign.pin_locked",
    "pin_setup": "sign.pin_setup",
    "pin_wrong": "sign.pin_wrong",
    "refused_attrs": "sign.refused_attrs",
    "session_busy": "sign.session_busy",
    "token_lost": "sign.token_lost",
    "token_missing": "sign.token_missing",
}


@dataclass(frozen=True, slots=True)
class TokenSlot:
    """A token that is present now."""

    serial: str
    label: str
    model: str
    manufacturer: str
    pin_pad: bool
    pin_count_low: bool
    pin_final_try: bool
    pin_locked: bool
    pin_to_be_changed: bool


@dataclass(frozen=True, slots=True)
class TokenCertificate:
    """A certificate on a token.

    Attributes:
        der: the certificate, DER.
        sha256: its SHA-256, hexadecimal: its name everywhere.
        label: the token's label for it; not unique, not to be trusted.
        cka_id: the PKCS#11 identifier that pairs it with its key, hexadecimal.
        has_key_hint: a key object of that identifier is visible before login.
    """

    der: bytes
    sha256: str
    label: str
    cka_id: str
    has_key_hint: bool


def _wipe(secret: bytearray) -> None:
    for index in range(len(secret)):
        secret[index] = 0


class TokenClient:
    """A running token worker; one request at a time, from any thread."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        """Starts the worker and greets it.

        Args:
            argv: command of the worker, without any secret.
            env: its whole environment; None inherits ours.

        Raises:
            SigningError: ``sign.module_missing`` or ``sign.module_fault``.
        """
        self._lock = threading.Lock()
        self._count = 0
        self._answers: queue.SimpleQueue[dict[str, JsonValue] | None] = queue.SimpleQueue()
        self._last_words: deque[bytes] = deque(maxlen=32)
        try:
            self._process = subprocess.Popen(
                list(argv),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env=None if env is None else dict(env),
            )
        except OSError as trouble:
            raise SigningError("sign.module_fault", why="start") from trouble
        self._stdin = cast("BinaryIO", self._process.stdin)
        self._threads = [
            threading.Thread(target=self._read_answers, name="token-answers", daemon=True),
            threading.Thread(target=self._drain_stderr, name="token-stderr", daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        try:
            hello = self._ask("hello", START_S)
        except SigningError:
            self.close()
            raise
        self.manufacturer = str(hello.get("manufacturer", ""))
        self.version = str(hello.get("version", ""))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """Whether the worker is still running."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process id of the worker."""
        return self._process.pid

    @property
    def last_words(self) -> str:
        """The end of what the worker wrote to its standard error, for a diagnosis."""
        return b"".join(self._last_words).decode("utf-8", "replace")

    def slots(self) -> tuple[TokenSlot, ...]:
        """Tokens present now.

        Raises:
            SigningError: the module or its process is in trouble.
        """
        answer = self._ask("slots", START_S)
        return tuple(_slot(each) for each in _objects(answer, "slots"))

    def certificates(self, serial: str) -> tuple[TokenCertificate, ...]:
        """Certificates on the token ``serial``, without a login.

        Raises:
            SigningError: ``sign.token_missing`` and the troubles of the module.
        """
        answer = self._ask("certs", START_S, serial=serial)
        return tuple(_certificate(each) for each in _objects(answer, "certs"))

    def login(self, serial: str, cert_sha256: str, pin: bytearray) -> None:
        """Logs in with one C_Login and wipes ``pin``, whatever happens.

        An empty PIN means: ask on the token's own pad.

        Raises:
            SigningError: ``sign.pin_wrong``, ``sign.pin_locked``, ``sign.pin_setup``,
                ``sign.token_missing``, ``sign.cert_missing``, ``sign.no_key`` and others.
        """
        try:
            if len(pin) > MAX_PIN_BYTES:
                raise SigningError("sign.pin_wrong", why="PinLenRange")
            self._ask("login", LOGIN_S, secret=pin, serial=serial, cert_sha256=cert_sha256)
        finally:
            _wipe(pin)

    def sign(self, cert_sha256: str, mechanism: str, attrs: bytes) -> bytes:
        """One raw signature over the DER of signed attributes.

        Args:
            cert_sha256: the certificate that is logged in.
            mechanism: ``rsa-sha256`` or ``ecdsa-sha256``.
            attrs: DER of the SET OF signed attributes.

        Raises:
            SigningError: ``sign.in_doubt`` when the worker went away in the middle: the token may
                have signed, but no signature left it. Else the trouble the token named.
        """
        encoded = base64.b64encode(attrs).decode()
        answer = self._ask(
            "sign", SIGN_S, cert_sha256=cert_sha256, mechanism=mechanism, attrs=encoded
        )
        return base64.b64decode(str(answer.get("signature", "")))

    def logout(self) -> None:
        """Ends the login; the worker stays."""
        self._ask("logout", CLOSE_S)

    def close(self) -> None:
        """Ends the worker: politely, then not."""
        with self._lock:
            if not self._stdin.closed:
                with contextlib.suppress(OSError):
                    self._stdin.close()
            try:
                self._process.wait(CLOSE_S)
            except subprocess.TimeoutExpired:
                self._kill()
            for thread in self._threads:
                thread.join(CLOSE_S)
            for pipe in (self._process.stdout, self._process.stderr):
                if pipe is not None:
                    pipe.close()

    def kill(self) -> None:
        """Ends the worker at once, even in the middle of a request of another thread."""
        self._kill()

    def _kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _read_answers(self) -> None:
        pipe = cast("BinaryIO", self._process.stdout)
        try:
            while (answer := read_json(pipe)) is not None:
                self._answers.put(answer)
        except (FrameError, OSError, ValueError):
            pass
        self._answers.put(None)

    def _drain_stderr(self) -> None:
        pipe = cast("BinaryIO", self._process.stderr)
        try:
            while part := pipe.read(4096):
                self._last_words.append(part)
        except (OSError, ValueError):
            return

    def _ask(
        self, op: str, limit_s: float, *, secret: bytearray | None = None, **values: JsonValue
    ) -> dict[str, JsonValue]:
        """Sends one request and waits for its answer."""
        with self._lock:
            self._count += 1
            request: dict[str, JsonValue] = {"id": self._count, "op": op, **values}
            try:
                write_json(self._stdin, request)
                if secret is not None:
                    write_raw(self._stdin, secret)
                answer = self._answers.get(timeout=limit_s)
            except (OSError, ValueError):
                answer = None
            except queue.Empty:
                self._kill()
                raise self._gone(op, "deadline") from None
            if answer is None or answer.get("id") != self._count:
                self._kill()
                raise self._gone(op, "ended")
        if answer.get("ok") is True:
            return answer
        raise _trouble(answer)

    @staticmethod
    def _gone(op: str, why: str) -> SigningError:
        return SigningError("sign.in_doubt" if op == "sign" else "sign.module_fault", why=why)


def _trouble(answer: Mapping[str, JsonValue]) -> SigningError:
    error = answer.get("error")
    told = error if isinstance(error, dict) else {}
    family = str(told.get("family", "module_fault"))
    slug = _SLUGS.get(family, "sign.module_fault")
    return SigningError(slug, why=str(told.get("name", "")))


def _objects(answer: Mapping[str, JsonValue], name: str) -> list[dict[str, JsonValue]]:
    found = answer.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _slot(told: Mapping[str, JsonValue]) -> TokenSlot:
    listed = told.get("flags")
    flags = listed if isinstance(listed, list) else []
    return TokenSlot(
        serial=str(told.get("serial", "")),
        label=str(told.get("label", "")),
        model=str(told.get("model", "")),
        manufacturer=str(told.get("manufacturer", "")),
        pin_pad="pin_pad" in flags,
        pin_count_low="pin_count_low" in flags,
        pin_final_try="pin_final_try" in flags,
        pin_locked="pin_locked" in flags,
        pin_to_be_changed="pin_to_be_changed" in flags,
    )


def _certificate(told: Mapping[str, JsonValue]) -> TokenCertificate:
    return TokenCertificate(
        der=base64.b64decode(str(told.get("der", ""))),
        sha256=str(told.get("sha256", "")),
        label=str(told.get("label", "")),
        cka_id=str(told.get("cka_id", "")),
        has_key_hint=told.get("has_key_hint") is True,
    )
