"""One counter for all articles; each test has a dossier of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk.desk_kit import Bench


@pytest.fixture(scope="package")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    opened = Bench(tmp_path_factory.mktemp("law") / "home")
    yield opened
    opened.close()


@pytest.fixture(scope="package")
def files(small_pages: Path) -> tuple[Path, ...]:
    return tuple(sorted(small_pages.glob("*.jpg")))
