"""One counter for a whole module; its dossiers do not know of each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk.desk_kit import Bench


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    opened = Bench(tmp_path_factory.mktemp("counter") / "home")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def files(small_pages: Path) -> tuple[Path, ...]:
    return tuple(sorted(small_pages.glob("*.jpg")))
