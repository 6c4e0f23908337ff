"""A vault of its own for each test; the system's keyring is never touched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.blobs import BlobStore
from app.store.keys import Keys
from app.store.vault import Vault, open_vault


@pytest.fixture(autouse=True)
def _no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTER_STATION_KEYRING", "off")


@pytest.fixture
def master() -> bytes:
    return os.urandom(32)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def vault(home: Path, master: bytes) -> Iterator[Vault]:
    opened = open_vault(home, master)
    yield opened
    opened.close()


@pytest.fixture
def blobs(tmp_path: Path, master: bytes) -> BlobStore:
    store = BlobStore(tmp_path / "home", Keys.derive(master))
    store.prepare()
    return store
