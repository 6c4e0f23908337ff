"""What several tests of the scanning room start from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.remote import RemoteSource
from tests.scanner.scan_kit import HOST, page_jpeg, write_pages

SIDES = 4


@pytest.fixture(scope="session")
def page() -> bytes:
    return page_jpeg(1)


@pytest.fixture(scope="session")
def four_sides(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("four-sides")
    write_pages(folder, SIDES)
    return folder


@pytest.fixture
def source() -> Iterator[RemoteSource]:
    made = RemoteSource(HOST)
    yield made
    made.close()


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests of what is decided after a refusal need not wait as long as for a device."""
    monkeypatch.setattr("scanner.drivers.escl.job.RETRY_AFTER_S", (0.01, 0.02, 0.03))
    monkeypatch.setattr("scanner.drivers.escl.job.BUSY_WAIT_S", 0.01)
