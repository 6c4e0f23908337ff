"""Clients nobody here wrote read the simulated feeder: scanimage over sane-airscan and over escl.

Their exit code is SANE's status of the last call: 0 after a clean end, 6 for a jam.
"""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scanner.model import ScanRequest
from scanner.simulator import Fault, SimulatorServer
from tests.scanner.conftest import SIDES
from tests.scanner.scan_kit import scan
from tests.strangers.front_end import BACKENDS, PACE_IPM, Batch, FrontEnd, missing

AIRSCAN = pytest.mark.skipif(missing("airscan") is not None, reason=str(missing("airscan")))
JAMMED = 6


@contextmanager
def serving(four_sides: Path, plan: Iterable[Fault] = ()) -> Iterator[SimulatorServer]:
    # libsane 1.2.1's escl backend dies at a device without glass, so this one has it.
    server = SimulatorServer(four_sides, plan=plan, ipm=PACE_IPM, duplex=True, flatbed=True)
    server.start()
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def simulator(four_sides: Path, request: pytest.FixtureRequest) -> Iterator[SimulatorServer]:
    with serving(four_sides, getattr(request, "param", ())) as server:
        yield server


def pixels(data: bytes | Path) -> np.ndarray:
    with Image.open(io.BytesIO(data) if isinstance(data, bytes) else data) as image:
        return np.array(image.convert("RGB"))


def same_where_both_are(theirs: np.ndarray, mine: np.ndarray) -> None:
    """Equal pixels; a length in mm may round to one row or column more or less."""
    height, width = (min(pair) for pair in zip(theirs.shape[:2], mine.shape[:2], strict=True))
    for found in (theirs, mine):
        assert max(found.shape[0] - height, found.shape[1] - width) <= 1
    assert np.array_equal(theirs[:height, :width], mine[:height, :width])


def by_us(simulator: SimulatorServer, mode: str, dpi: int, *, duplex: bool) -> list[np.ndarray]:
    device = f"escl:{simulator.url}"
    got = scan(ScanRequest(device, "feeder", duplex, dpi, mode=mode))  # type: ignore[arg-type]
    assert (got.reason, got.ended.pages) == ("complete", SIDES)
    simulator.tray.reload()
    return [pixels(side) for side in got.data()]


def ask(front: FrontEnd, source: str = "ADF", mode: str = "Color", dpi: int = 200) -> Batch:
    batch = front.batch("--source", source, "--mode", mode, "--resolution", str(dpi))
    print(front.backend, batch.code, len(batch.files), batch.words.splitlines()[-1:])
    return batch


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("source", ["ADF", "ADF Duplex"])
@pytest.mark.parametrize("mode", ["Color", "Gray"])
def test_a_stranger_takes_the_whole_stack_with_the_pixels_our_client_takes(
    tmp_path, simulator, backend, source, mode
):
    mine = by_us(simulator, mode.lower(), 200, duplex="Duplex" in source)
    batch = ask(FrontEnd(backend, simulator.url, tmp_path), source, mode)
    assert (batch.code, len(batch.files)) == (0, SIDES), batch.words
    for file, ours in zip(batch.files, mine, strict=True):
        same_where_both_are(pixels(file), ours)


@AIRSCAN
def test_a_jpeg_of_the_asked_resolution_reaches_a_stranger_as_it_lies_in_the_folder(
    tmp_path, four_sides, simulator
):
    batch = ask(FrontEnd("airscan", simulator.url, tmp_path))
    for file, page in zip(batch.files, sorted(four_sides.iterdir()), strict=True):
        same_where_both_are(pixels(file), pixels(page))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_resolution_the_paper_was_not_made_at_is_the_same_for_all(tmp_path, simulator, backend):
    mine = by_us(simulator, "gray", 300, duplex=False)
    batch = ask(FrontEnd(backend, simulator.url, tmp_path), mode="Gray", dpi=300)
    assert (batch.code, len(batch.files)) == (0, SIDES), batch.words
    for file, ours in zip(batch.files, mine, strict=True):
        assert abs(ours.shape[0] - 3508) <= 1
        same_where_both_are(pixels(file), ours)


@pytest.mark.parametrize("backend", BACKENDS)
def test_one_page_lies_on_the_glass(tmp_path, four_sides, simulator, backend):
    front = FrontEnd(backend, simulator.url, tmp_path)
    picture = front.one("--source", "Flatbed", "--mode", "Color", "--resolution", "200")
    same_where_both_are(pixels(picture), pixels(min(four_sides.iterdir())))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_second_stack_is_taken_like_the_first(tmp_path, simulator, backend):
    front = FrontEnd(backend, simulator.url, tmp_path)
    for _ in range(2):
        batch = ask(front)
        assert (batch.code, len(batch.files)) == (0, SIDES), batch.words
        simulator.tray.reload()


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_empty_feeder_gives_a_stranger_no_page_and_no_good_end(tmp_path, simulator, backend):
    front = FrontEnd(backend, simulator.url, tmp_path)
    ask(front)
    again = ask(front)
    assert again.files == ()
    assert again.code == 7  # SANE_STATUS_NO_DOCS


@AIRSCAN
def test_a_stranger_lists_the_device_and_its_sources(tmp_path, simulator):
    front = FrontEnd("airscan", simulator.url, tmp_path)
    assert "airscan:e0:Sim" in front.listed()
    told = subprocess.run(
        ["scanimage", "-d", front.device, "-A"],
        env={**front.env(), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    assert "--resolution 200|300dpi" in told
    assert "--source Flatbed|ADF|ADF Duplex" in told
    assert "--mode Color|Gray" in told


@AIRSCAN
@pytest.mark.parametrize("simulator", [[Fault(3, "jam")]], indirect=True)
def test_a_stranger_is_told_of_a_jam_at_the_third_page_and_goes_on_from_there(
    tmp_path, four_sides, simulator
):
    """sane-airscan reads ahead: told of a jam, it may throw away what it has not handed over."""
    pages = [pixels(page) for page in sorted(four_sides.iterdir())]
    front = FrontEnd("airscan", simulator.url, tmp_path)
    first = ask(front)
    assert first.code == JAMMED, first.words
    assert len(first.files) <= 2
    for theirs, page in zip(first.files, pages, strict=False):
        same_where_both_are(pixels(theirs), page)
    rest = ask(front)
    assert (rest.code, len(rest.files)) == (0, 2), rest.words
    for theirs, page in zip(rest.files, pages[2:], strict=True):
        same_where_both_are(pixels(theirs), page)


@AIRSCAN
@pytest.mark.parametrize("simulator", [[Fault(3, "busy_503", 2)]], indirect=True)
def test_a_stranger_waits_while_the_device_is_busy_and_loses_nothing(tmp_path, simulator):
    batch = ask(FrontEnd("airscan", simulator.url, tmp_path))
    assert (batch.code, len(batch.files)) == (0, SIDES), batch.words


@AIRSCAN
@pytest.mark.parametrize(
    ("fault", "slug"),
    [
        ("half_jpeg", "scan.page_truncated"),
        ("wrong_size", "scan.page_wrong"),
        ("zero_byte", "scan.page_empty"),
    ],
)
def test_a_damaged_page_has_a_name_here_whatever_a_stranger_takes_it_for(
    tmp_path, four_sides, fault, slug
):
    plan = [Fault(3, fault)]
    with serving(four_sides, plan) as theirs:
        ask(FrontEnd("airscan", theirs.url, tmp_path))
    with serving(four_sides, plan) as mine:
        got = scan(ScanRequest(f"escl:{mine.url}", "feeder", False, 200))
    assert (got.reason, got.ended.safe_sheets, got.ended.refeed_sheet) == (slug, 2, 3)
