"""The window without a screen; one application for all of these tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from tests.views.views_kit import Clerk, at_the_desk


@pytest.fixture(scope="module")
def clerk(
    qapp: object, tmp_path_factory: pytest.TempPathFactory, small_pages: Path
) -> Iterator[Clerk]:
    """A clerk at a fresh practice counter with three pages in the feeder."""
    home = tmp_path_factory.mktemp("counter") / "home"
    with at_the_desk(home, f"simulated:{small_pages}") as opened:
        yield opened
