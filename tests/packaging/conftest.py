"""Pages shared by the packaging tests; drawing them once keeps the folder quick."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.packaging.drawn import Drawn, draw
from tests.referees import Skipped, Verdict, judge

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def drawn() -> Drawn:
    return draw()


@pytest.fixture
def verapdf(tmp_path: Path) -> Callable[[dict[str, bytes]], dict[str, tuple[str, ...]]]:
    """Files by name -> the rules that veraPDF finds broken; all go to one Java process.

    A name that ends in a flavour must be judged as that flavour, every other as 2u.
    """

    def ask(files: dict[str, bytes]) -> dict[str, tuple[str, ...]]:
        paths = [tmp_path / f"{name}.pdf" for name in files]
        for path, data in zip(paths, files.values(), strict=True):
            path.write_bytes(data)
        verdicts: list[Verdict] = judge(paths, ask=["verapdf", "qpdf"])
        rules = {}
        for name, verdict in zip(files, verdicts, strict=True):
            said = verdict.verapdf
            if isinstance(said, Skipped):
                assert os.environ.get("CI") != "true", said.skipped
                pytest.skip(said.skipped)
            wanted = name[-2:] if name[-2:] in {"2b", "3b"} else "2u"
            assert said.flavour == wanted, (name, said)
            assert said.compliant == (not said.failed_rules)
            assert verdict.qpdf.ok, (name, verdict.qpdf)
            rules[name] = said.failed_rules
        return rules

    return ask
