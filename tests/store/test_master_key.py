"""The key is made once, kept outside the vault, and never silently replaced."""

from __future__ import annotations

import hmac
import multiprocessing
import os
import shutil
import sys
import threading
import time
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.fail
import keyring.backends.null
import pytest

from app.domain.errors import Defect, Trouble
from app.store.keys import KEYRING_SWITCH, Keys, load_or_create_master, subkey
from app.store.vault import open_vault


class Ring(keyring.backend.KeyringBackend):
    """A keyring as a desktop has one, kept in memory; it can be locked, deaf or broken."""

    priority = 1

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.deaf: threading.Event | None = None
        self.broken = False

    def _mood(self) -> None:
        if self.broken:
            raise keyring.errors.KeyringLocked
        if self.deaf is not None:
            self.deaf.wait(20)

    def get_password(self, service: str, username: str) -> str | None:
        self._mood()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._mood()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(KEYRING_SWITCH)
    before = keyring.get_keyring()
    ring = Ring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


def files(folder: Path) -> list[str]:
    return sorted(path.suffix for path in folder.iterdir())


def test_without_a_keyring_the_key_is_a_private_file_outside_the_vault(tmp_path: Path):
    home, config = tmp_path / "home", tmp_path / "config"
    first = load_or_create_master(home, config)
    assert (len(first.value), first.place, first.warning) == (32, "file", "store.key_in_file")
    path = config / f"{(home / 'vault_id').read_text()}.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_or_create_master(home, config) == first
    assert first.value.hex() not in repr(first)
    assert sorted(p.name for p in home.iterdir()) == ["vault_id"]


@pytest.mark.skipif(sys.platform == "win32", reason="no mode bits there")
def test_a_key_that_others_can_read_is_reported(tmp_path: Path):
    home, config = tmp_path / "home", tmp_path / "config"
    load_or_create_master(home, config)
    next(config.glob("*.key")).chmod(0o644)
    assert load_or_create_master(home, config).warning == "store.key_readable"


def test_the_keyring_keeps_the_key_and_no_file_does(tmp_path: Path, ring: Ring):
    home, config = tmp_path / "home", tmp_path / "config"
    first = load_or_create_master(home, config)
    assert (first.place, first.warning) == ("keyring", None)
    assert ring.kept == {("counter-station", (home / "vault_id").read_text()): first.value.hex()}
    assert ".key" not in files(config)
    assert load_or_create_master(home, config) == first


def test_two_vaults_have_two_keys(tmp_path: Path, ring: Ring):
    one, two = (load_or_create_master(tmp_path / n, tmp_path / "config") for n in "ab")
    assert one.value != two.value
    assert len(ring.kept) == 2


@pytest.mark.parametrize("backend", [keyring.backends.fail.Keyring, keyring.backends.null.Keyring])
def test_a_keyring_that_only_pretends_is_not_trusted(tmp_path: Path, ring: Ring, backend):
    keyring.set_keyring(backend())
    assert load_or_create_master(tmp_path / "home", tmp_path / "config").place == "file"


def test_a_key_in_a_file_stays_in_use_when_a_keyring_appears(tmp_path: Path, ring: Ring):
    home, config = tmp_path / "home", tmp_path / "config"
    ring.broken = True
    first = load_or_create_master(home, config)
    assert first.place == "file"
    ring.broken = False
    ring.kept["counter-station", (home / "vault_id").read_text()] = "ab" * 32
    assert load_or_create_master(home, config) == first


def test_a_dialog_of_the_keyring_holds_nobody_up(tmp_path: Path, ring: Ring, monkeypatch):
    monkeypatch.setattr("app.store.keys._KEYRING_PATIENCE_S", 0.2)
    ring.deaf = threading.Event()
    started = time.monotonic()
    assert load_or_create_master(tmp_path / "home", tmp_path / "config").place == "file"
    assert time.monotonic() - started < 10
    ring.deaf.set()


@pytest.mark.parametrize("trouble", ["silent", "empty"])
def test_an_existing_vault_never_gets_a_new_key(tmp_path: Path, ring: Ring, trouble: str):
    home, config = tmp_path / "home", tmp_path / "config"
    open_vault(home, load_or_create_master(home, config)).close()
    ring.broken = trouble == "silent"
    kept = dict(ring.kept)
    if trouble == "empty":
        ring.kept.clear()
    slug = {"silent": "store.keyring_silent", "empty": "store.key_missing"}[trouble]
    with pytest.raises(Trouble) as caught:
        load_or_create_master(home, config)
    assert caught.value.slug == slug
    assert ".key" not in files(config)
    ring.broken = False
    ring.kept.update(kept)
    open_vault(home, load_or_create_master(home, config)).close()


@pytest.mark.parametrize("lost", ["key", "vault_id", "database"])
def test_a_vault_that_lost_its_key_is_called_so(tmp_path: Path, lost: str):
    home, config = tmp_path / "home", tmp_path / "config"
    vault = open_vault(home, load_or_create_master(home, config))
    vault.blobs.put(b"paper")
    vault.close()
    if lost == "database":
        (home / "vault.db").unlink()
    if lost == "vault_id":
        (home / "vault_id").unlink()
    else:
        next(config.glob("*.key")).unlink()
    before = files(config)
    with pytest.raises(Trouble, match=r"store\.key_missing"):
        load_or_create_master(home, config)
    assert files(config) == before


@pytest.mark.parametrize("content", [b"", b"zz", b"ab" * 31, b"\xff" * 64])
def test_a_damaged_key_file_is_called_so_and_kept(tmp_path: Path, content: bytes):
    home, config = tmp_path / "home", tmp_path / "config"
    load_or_create_master(home, config)
    path = next(config.glob("*.key"))
    path.write_bytes(content)
    with pytest.raises(Trouble, match=r"store\.key_damaged"):
        load_or_create_master(home, config)
    assert path.read_bytes() == content


def test_a_key_under_the_vault_is_our_mistake(tmp_path: Path):
    for config in (tmp_path / "home", tmp_path / "home" / "config"):
        with pytest.raises(Defect, match="key_inside_home"):
            load_or_create_master(tmp_path / "home", config)


def _load(home: Path, config: Path, start, results) -> None:
    start.wait(30)
    results.put(load_or_create_master(home, config).value)


def test_processes_that_start_at_once_have_one_key(tmp_path: Path):
    context = multiprocessing.get_context("spawn")
    start, results = context.Event(), context.Queue()
    args = (tmp_path / "home", tmp_path / "config", start, results)
    workers = [context.Process(target=_load, args=args) for _ in range(4)]
    for worker in workers:
        worker.start()
    start.set()
    values = {results.get(timeout=60) for _ in workers}
    for worker in workers:
        worker.join(30)
    assert len(values) == 1


def test_subkeys_are_those_of_rfc_5869_and_tell_nothing_of_each_other():
    def hkdf(secret: bytes, info: bytes) -> bytes:  # RFC 5869, sections 2.2 and 2.3, one block
        extracted = hmac.digest(bytes(32), secret, "sha256")
        return hmac.digest(extracted, info + b"\x01", "sha256")

    assert subkey(b"s" * 32, "label") == hkdf(b"s" * 32, b"label")
    keys = Keys.derive(bytes(32))
    assert len({keys.db, keys.blob, keys.name, keys.journal}) == 4
    assert all(len(key) == 32 for key in (keys.db, keys.blob, keys.name, keys.journal))
    assert keys == Keys.derive(bytes(32))
    assert keys.db.hex() not in repr(keys)
    with pytest.raises(Defect, match="key_length"):
        Keys.derive(os.urandom(31))


def test_a_vault_opens_wherever_its_folder_is_moved(tmp_path: Path):
    home, config = tmp_path / "home", tmp_path / "config"
    vault = open_vault(home, load_or_create_master(home, config))
    blob = vault.blobs.put(b"paper")
    vault.close()
    shutil.move(home, tmp_path / "elsewhere")
    again = open_vault(
        tmp_path / "elsewhere", load_or_create_master(tmp_path / "elsewhere", config)
    )
    assert again.blobs.read(blob) == b"paper"
    again.close()
