"""A counter for each test that starts workers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.corpus.pages import draw_page, jpeg
from tests.pipeline.counter import Counter


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    opened = Counter(tmp_path / "home")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def long_pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pages full of print: reading one takes long enough to be seen at it."""
    folder = tmp_path_factory.mktemp("long")
    for number in range(1, 4):
        lines = [
            f"Điều {n}. Nội dung thứ {n} của trang {number}, in kín hết dòng." for n in range(42)
        ]
        (folder / f"don-{number}.jpg").write_bytes(jpeg(draw_page(lines, seed=number)))
    return folder
