"""The master key of a vault, where it is kept, and the keys derived from it.

The key never lies under the vault's own folder: whoever carries the folder away has nothing. It is
kept in the operating system's keyring, else in a 0600 file in the user's configuration folder,
which is reported as a warning.

Source: HKDF, RFC 5869.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import stat
import sys
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.domain.errors import Defect, Trouble
from app.store.durable import disk_errors, locked, make_folder, write_once

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

MASTER_BYTES = 32
KEYRING_SWITCH = "COUNTER_STATION_KEYRING"
_SERVICE = "counter-station"
_KEYRING_PATIENCE_S = 3.0
_log = logging.getLogger("store")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Keys:
    """The subkeys of one vault, 32 bytes each; none of them tells anything of another."""

    db: bytes = field(repr=False)
    blob: bytes = field(repr=False)
    name: bytes = field(repr=False)
    journal: bytes = field(repr=False)

    @classmethod
    def derive(cls, master: bytes) -> Keys:
        """The subkeys of a master key of 32 bytes (HKDF-SHA256, one label for each)."""
        if len(master) != MASTER_BYTES:
            raise Defect("store.key_length", length=len(master))
        return cls(*(subkey(master, f"counter-station/{n}/1") for n in cls.__slots__))


@dataclass(frozen=True, slots=True)
class MasterKey:
    """The master key, where it was found, and what the person should be warned of (a slug)."""

    value: bytes = field(repr=False)
    place: Literal["keyring", "file"]
    warning: str | None


def subkey(secret: bytes, label: str, salt: bytes | None = None, length: int = 32) -> bytes:
    """A key of ``length`` bytes derived from ``secret`` for the one purpose named by ``label``."""
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=label.encode()).derive(secret)


def load_or_create_master(home: Path, config_dir: Path) -> MasterKey:
    """The master key of the vault in ``home``, made now if there is no vault yet.

    Args:
        home: the vault's folder; gets ``vault_id``, a random name that is no secret.
        config_dir: the user's configuration folder, outside ``home``.

    Raises:
        Trouble: ``store.key_missing`` if there is a vault but no key, ``store.keyring_silent`` if
            the keyring that may have it is locked, ``store.key_damaged``, or the disk refuses.
        Defect: ``store.key_inside_home`` if ``config_dir`` lies under ``home``.
    """
    if config_dir.resolve().is_relative_to(home.resolve()):
        raise Defect("store.key_inside_home")
    if _has_content(home) and not (home / "vault_id").is_file():
        raise Trouble("store.key_missing")
    with disk_errors():
        make_folder(home)
    vault_id = write_once(home / "vault_id", str(uuid.uuid4()).encode()).decode("ascii", "replace")
    path = config_dir / f"{vault_id}.key"
    with disk_errors():
        make_folder(config_dir)
    with locked(config_dir / f"{vault_id}.lock"):
        ring = _Keyring.present()
        found = _look(ring, vault_id, path)
        if found is None and _has_content(home):
            silent = ring is not None and not ring.answers
            raise Trouble("store.keyring_silent" if silent else "store.key_missing")
        return found or _create(ring, vault_id, path)


def _has_content(home: Path) -> bool:
    database, blobs = home / "vault.db", home / "blobs"
    with disk_errors():
        return (database.is_file() and database.stat().st_size > 0) or (
            blobs.is_dir() and any(blobs.iterdir())
        )


def _look(ring: _Keyring | None, vault_id: str, path: Path) -> MasterKey | None:
    """The key that was written down before; a file counts more than the keyring.

    A file is made only when the keyring did not answer, so its key is the one in use, whatever a
    keyring that answers later may hold.
    """
    with disk_errors():
        if path.is_file():
            loose = sys.platform != "win32" and stat.S_IMODE(path.stat().st_mode) & 0o077
            warning = "store.key_readable" if loose else "store.key_in_file"
            return MasterKey(_parse(path.read_bytes()), "file", warning)
    text = ring.get(vault_id) if ring else None
    return None if text is None else MasterKey(_parse(text.encode()), "keyring", None)


def _create(ring: _Keyring | None, vault_id: str, path: Path) -> MasterKey:
    """A new key, written down and read back before anything is encrypted with it."""
    text = secrets.token_hex(MASTER_BYTES)
    if ring and ring.put(vault_id, text) and ring.get(vault_id) == text:
        return MasterKey(_parse(text.encode()), "keyring", None)
    return MasterKey(_parse(write_once(path, text.encode())), "file", "store.key_in_file")


def _parse(text: bytes) -> bytes:
    with contextlib.suppress(ValueError):
        value = bytes.fromhex(text.decode("ascii").strip())
        if len(value) == MASTER_BYTES:
            return value
    raise Trouble("store.key_damaged")


class _Keyring:
    """The system's keyring, asked in a thread so that a dialog of its own cannot hold us up."""

    def __init__(self, backend: KeyringBackend) -> None:
        self._backend = backend
        self.answers = True

    @classmethod
    def present(cls) -> _Keyring | None:
        """The keyring, or None where it is switched off, absent or only pretends."""
        if os.environ.get(KEYRING_SWITCH, "").lower() == "off":
            return None
        found = _in_time(_find_backend)
        return cls(found[0]) if found and found[0] else None

    def get(self, name: str) -> str | None:
        """What is kept under ``name``; None if nothing is, or if it does not answer."""
        found = _in_time(lambda: self._backend.get_password(_SERVICE, name))
        self.answers = bool(found)
        return found[0] if found else None

    def put(self, name: str, text: str) -> bool:
        """Whether the keyring took ``text``."""
        return self.answers and bool(
            _in_time(lambda: self._backend.set_password(_SERVICE, name, text))
        )


def _find_backend() -> KeyringBackend | None:
    import keyring  # noqa: PLC0415 - slow, and workers that are handed the key never need it
    from keyring.backends import fail, null  # noqa: PLC0415 - same

    backend = keyring.get_keyring()
    return None if isinstance(backend, fail.Keyring | null.Keyring) else backend


def _in_time(call: Callable[[], _T]) -> tuple[_T] | tuple[()]:
    """What ``call`` returned, or nothing if it failed or takes over 3 s (an unlock dialog)."""
    results: list[_T] = []

    def run() -> None:
        try:
            results.append(call())
        except Exception as error:  # noqa: BLE001 - a foreign plug-in may raise anything
            _log.warning("keyring", extra={"error": type(error).__name__})

    thread = threading.Thread(target=run, name="keyring", daemon=True)
    thread.start()
    thread.join(_KEYRING_PATIENCE_S)
    return (results[0],) if results else ()
