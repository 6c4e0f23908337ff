from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.identity import StationIdentity, enrol
from sync.portal import PortalServer
from tests.sync.kit import FileOutbox, Shelf, now


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PortalServer]:
    with PortalServer(tmp_path / "portal", clock=now) as running:
        yield running


@pytest.fixture
def identity(server: PortalServer) -> StationIdentity:
    return enrol(server.url, code=None, label="HK03", office="H26.12", now=now())


@pytest.fixture
def outbox(tmp_path: Path) -> FileOutbox:
    return FileOutbox(tmp_path / "outbox")


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    seed = getattr(request, "param", 20261124)
    print(f"seed {seed}")
    return random.Random(seed)
