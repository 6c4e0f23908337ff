"""The token worker: the only process that ever loads a PKCS#11 module.

Vendor modules crash, hang and write where they please. So one process per module holds it, single
threaded, and speaks frames on its standard input and output; a crash shows as the end of the pipe.
It never sees a document: DER of signed attributes comes in, a raw signature goes out. It imports
nothing heavier than python-pkcs11 and asn1crypto.

Requests are ``{id, op, …}`` with op of hello, slots, certs, login, sign, logout, bye; after login
the PIN follows as a raw frame. Answers are ``{id, ok: true, …}`` or
``{id, ok: false, error: {family, name}}``. The end of standard input ends the worker.
"""

from __future__ import annotations

import argparse
import base64
import ctypes
import os
import signal
import struct
import sys
from typing import TYPE_CHECKING, BinaryIO

from app.signing.errors import SigningError
from app.signing.frames import (
    MAX_PIN_BYTES,
    FrameError,
    JsonValue,
    read_json,
    read_raw,
    write_json,
)
from app.signing.guard import check_attrs, sha256_hex
from app.signing.token_errors import TokenTrouble, classify

if TYPE_CHECKING:
    from app.signing.token_card import Card

Answer = dict[str, JsonValue]

_PR_SET_DUMPABLE = 4
_FLAG_NAMES = {
    0x100: "pin_pad",
    0x10000: "pin_count_low",
    0x20000: "pin_final_try",
    0x40000: "pin_locked",
    0x80000: "pin_to_be_changed",
}


def harden() -> None:
    """No core dump and no foreign memory reader of this process, which will hold a PIN."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - exists on POSIX only

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


class _Worker:
    """Answers requests with one lazily loaded module."""

    def __init__(self, module: str, stdin: BinaryIO) -> None:
        self._module = module
        self._stdin = stdin
        self._card: Card | None = None
        self._ops = {
            "hello": self._hello,
            "slots": self._slots,
            "certs": self._certs,
            "login": self._login,
            "sign": self._sign,
            "logout": self._logout,
            "bye": self._logout,
        }

    @property
    def card(self) -> Card:
        """The loaded module; loading it here keeps a broken one from ending the process mute."""
        if self._card is None:
            from app.signing.token_card import Card  # noqa: PLC0415 - loads the native library

            self._card = Card(self._module)
        return self._card

    def answer(self, request: Answer) -> Answer:
        """The answer to one request; every trouble becomes a family and a name."""
        head: Answer = {"id": request.get("id")}
        operation = self._ops.get(_text(request, "op"), self._unknown)
        try:
            return {**head, "ok": True, **operation(request)}
        except SigningError as refusal:
            why = str(refusal.params.get("why", ""))
            return {**head, "ok": False, "error": {"family": "refused_attrs", "name": why}}
        except FrameError:
            raise
        except Exception as trouble:  # noqa: BLE001 - a driver may raise anything; it is classified
            family, name = classify(trouble)
            return {**head, "ok": False, "error": {"family": family, "name": name}}

    def _hello(self, _request: Answer) -> Answer:
        manufacturer, version = self.card.about()
        bits = struct.calcsize("P") * 8
        return {
            "module": self._module,
            "manufacturer": manufacturer,
            "version": version,
            "bits": bits,
        }

    def _slots(self, _request: Answer) -> Answer:
        found: list[JsonValue] = [
            {
                "serial": token.serial.decode("utf-8", "replace").rstrip("\0 "),
                "label": token.label,
                "model": token.model,
                "manufacturer": token.manufacturer_id,
                "flags": [name for bit, name in _FLAG_NAMES.items() if int(token.flags) & bit],
            }
            for token in self.card.tokens()
        ]
        return {"slots": found}

    def _certs(self, request: Answer) -> Answer:
        found: list[JsonValue] = [
            {
                "der": base64.b64encode(each.der).decode(),
                "sha256": sha256_hex(each.der),
                "label": each.label,
                "cka_id": each.cka_id.hex(),
                "has_key_hint": each.has_key_hint,
            }
            for each in self.card.certificates(_text(request, "serial"))
        ]
        return {"certs": found}

    def _login(self, request: Answer) -> Answer:
        # The PIN frame is taken off the pipe first, or a refusal would leave it there.
        pin = read_raw(self._stdin, MAX_PIN_BYTES)
        if pin is None:
            raise FrameError("no PIN frame after login")
        self.card.login(_text(request, "serial"), _text(request, "cert_sha256"), pin)
        return {}

    def _sign(self, request: Answer) -> Answer:
        cert_sha256 = _text(request, "cert_sha256")
        try:
            attrs = base64.b64decode(_text(request, "attrs"), validate=True)
        except ValueError:
            raise TokenTrouble("refused_attrs", "base64") from None
        self.card.logged_in(cert_sha256)
        check_attrs(attrs, cert_sha256)
        value = self.card.sign(cert_sha256, _text(request, "mechanism"), attrs)
        return {"signature": base64.b64encode(value).decode()}

    def _logout(self, _request: Answer) -> Answer:
        if self._card is not None:
            self._card.logout()
        return {}

    def _unknown(self, _request: Answer) -> Answer:
        raise TokenTrouble("module_fault", "UnknownOperation")


def _text(request: Answer, name: str) -> str:
    value = request.get(name)
    return value if isinstance(value, str) else ""


def _own_pipe(stdout: BinaryIO) -> BinaryIO:
    """A private copy of the answer pipe when it is file 1, so that a chatty module cannot spoil it.

    Afterwards file 1 is the standard error.
    """
    try:
        number = stdout.fileno()
    except OSError:
        return stdout
    if number != 1:
        return stdout
    private = os.dup(1)
    os.set_inheritable(private, False)
    os.dup2(2, 1)
    return os.fdopen(private, "wb", buffering=0)


def main(stdin: BinaryIO, stdout: BinaryIO, module: str) -> int:
    """Serves requests until the input ends; the exit code of the process.

    Args:
        stdin: where request and PIN frames come from.
        stdout: where answers go.
        module: path of the PKCS#11 module.

    Returns:
        0 after ``bye`` or the end of the input, 2 when the peer breaks the frame rules.
    """
    harden()
    pipe = _own_pipe(stdout)
    worker = _Worker(module, stdin)
    try:
        while (request := read_json(stdin)) is not None:
            write_json(pipe, worker.answer(request))
            if request.get("op") == "bye":
                break
    except FrameError:
        return 2
    except BrokenPipeError:
        return 0
    return 0


def serve(module: str) -> int:
    """Serves ``module`` on this process's own standard input and output: the whole worker.

    The input is read without a buffer, so that no copy of a PIN stays in one; Ctrl-C is left to
    the desk, which ends its workers in order.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with os.fdopen(os.dup(0), "rb", buffering=0) as stdin:
        return main(stdin, sys.stdout.buffer, module)


def _entry() -> int:
    parser = argparse.ArgumentParser(prog="token", description="the PKCS#11 worker (internal)")
    parser.add_argument("--module", required=True, metavar="PATH", help="the PKCS#11 module")
    return serve(parser.parse_args().module)


if __name__ == "__main__":
    sys.exit(_entry())
