"""What all tests share: no keyring, a configuration folder of their own, a small dossier to scan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.corpus.pages import make_small


@pytest.fixture(scope="session", autouse=True)
def _own_configuration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        patch.setenv("COUNTER_STATION_KEYRING", "off")
        yield


@pytest.fixture(scope="session")
def small_pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two papers on three pages with little text."""
    folder = tmp_path_factory.mktemp("pages")
    make_small(folder)
    return folder
