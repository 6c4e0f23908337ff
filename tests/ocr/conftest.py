"""The sample dossier and the engines, made once for the whole room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ocr.engine import open_engine
from tests.corpus.sample import make_sample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ocr.engine import OcrEngine
    from tests.corpus.truth import SampleTruth


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SampleTruth]:
    folder = tmp_path_factory.mktemp("sample")
    return folder, make_sample(folder)


@pytest.fixture(scope="session")
def api() -> Iterator[OcrEngine]:
    engine = open_engine("api")
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def cli() -> Iterator[OcrEngine]:
    engine = open_engine("cli")
    yield engine
    engine.close()
