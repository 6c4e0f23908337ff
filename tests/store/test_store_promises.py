"""Every promise of the store, one test each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.promises import PROMISES


@pytest.mark.parametrize("promise", PROMISES)
def test_store_keeps_its_promise(promise: str, tmp_path: Path):
    PROMISES[promise](tmp_path)
