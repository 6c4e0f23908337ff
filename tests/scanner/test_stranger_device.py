"""Our drivers at devices and drivers nobody here wrote.

`STRANGER_ESCL` may name an eSCL device to scan from by hand, be it a real one, go-mfp's virtual
scanner or AirSane: its feeder must hold paper (or it must have a glass). `STRANGER_ESCL_ASK` is a
JSON object of fields that replace those of the request, as in `{"dpi": 600, "page_mm": [216, 297]}`.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scanner.images.jpeg_strips import QUALITY
from scanner.model import ScanRequest
from scanner.remote import RemoteSource
from scanner.simulator import Fault, SimulatorServer
from tests.scanner.scan_kit import HOST, Collected, run_pass, sane_env, scan, write_pages
from tests.strangers.front_end import PACE_IPM, FrontEnd, missing

BACKENDS = tuple(
    pytest.param(
        name, marks=pytest.mark.skipif(missing(name) is not None, reason=str(missing(name)))
    )
    for name in ("airscan", "escl")
)
AIRSCAN = pytest.mark.skipif(missing("airscan") is not None, reason=str(missing("airscan")))
ESCL = pytest.mark.skipif(missing("escl") is not None, reason=str(missing("escl")))
# Mean difference, in levels of 256, by which two passes through JPEG encoders may differ.
LEVELS = 0.1
DEVICE = os.environ.get("STRANGER_ESCL", "")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    write_pages(folder, 4)
    return folder


@pytest.fixture
def simulator(folder: Path, request: pytest.FixtureRequest) -> Iterator[SimulatorServer]:
    plan = getattr(request, "param", ())
    server = SimulatorServer(folder, plan=plan, ipm=PACE_IPM, duplex=True, flatbed=True)
    server.start()
    yield server
    server.close()


def decoded(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.array(image.convert("RGB")).astype(int)


def once_through_jpeg(picture: bytes) -> np.ndarray:
    """The picture through another JPEG encoder at the quality our driver encodes with."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(picture)) as image:
        image.save(out, "JPEG", quality=QUALITY, subsampling=0)
    return decoded(out.getvalue())


def apart(left: np.ndarray, right: np.ndarray) -> float:
    """Mean difference in levels of 256; a length in mm may round to one row or column more."""
    assert all(abs(a - b) <= 1 for a, b in zip(left.shape, right.shape, strict=True))
    height, width = (min(pair) for pair in zip(left.shape[:2], right.shape[:2], strict=True))
    return float(np.abs(left[:height, :width] - right[:height, :width]).mean())


def through(front: FrontEnd, **options: object) -> Collected:
    """One pass of our SANE driver over a backend nobody here wrote."""
    fields = {"source": "feeder", "duplex": False, "dpi": 200, **options}
    return scan(ScanRequest(f"sane:{front.device}", **fields), front.env())  # type: ignore[arg-type]


@pytest.mark.parametrize("picture", ["Color pattern", "Grid"])
@pytest.mark.parametrize(("mode", "dpi"), [("color", 150), ("gray", 150), ("color", 300)])
def test_our_sane_driver_sees_what_scanimage_sees(tmp_path, picture, mode, dpi):
    env = sane_env(tmp_path / "sane", test_picture=f'"{picture}"')
    request = ScanRequest("sane:test:0", "flatbed", False, dpi, mode=mode, page_mm=(100, 80))
    got = scan(request, env)
    assert got.reason == "complete"
    theirs = subprocess.run(
        ["scanimage", "-d", "test:0", "--format=pnm", "--resolution", str(dpi), "-x", "100", "-y",
         "80", "--mode", mode.capitalize()],
        env={**os.environ, **env},
        capture_output=True,
        check=True,
        timeout=60,
    )  # fmt: skip
    raw = decoded(theirs.stdout)
    ours, libjpeg = apart(decoded(got.data()[0]), raw), apart(once_through_jpeg(theirs.stdout), raw)
    print(f"{picture} {mode} {dpi} dpi: {ours:.3f} levels apart, {libjpeg:.3f} by another encoder")
    assert ours <= libjpeg + LEVELS


@pytest.mark.parametrize(
    ("backend", "duplex", "mode"),
    [
        pytest.param("airscan", False, "color", marks=AIRSCAN),
        pytest.param("airscan", True, "gray", marks=AIRSCAN),
        # libsane 1.2.1's escl backend hands colour frames over when it is asked for gray.
        pytest.param("escl", False, "color", marks=ESCL),
        pytest.param("escl", True, "color", marks=ESCL),
    ],
)
def test_our_sane_driver_over_a_strangers_backend_takes_the_whole_stack(
    tmp_path, simulator, backend, duplex, mode
):
    sheets = 2 if duplex else 4
    front = FrontEnd(backend, simulator.url, tmp_path)
    got = through(front, duplex=duplex, mode=mode, declared_sheets=sheets)
    assert (got.reason, got.ended.safe_sheets) == ("complete", sheets)
    pages = [page.read_bytes() for page in sorted(simulator.tray._folder.iterdir())]
    for side, page in zip(got.data(), pages, strict=True):
        wanted = decoded(page)
        if mode == "gray":
            with Image.open(io.BytesIO(page)) as image:
                wanted = np.array(image.convert("L").convert("RGB")).astype(int)
        assert apart(decoded(side), wanted) < LEVELS


@AIRSCAN
@pytest.mark.parametrize("simulator", [[Fault(3, "jam")]], indirect=True)
def test_a_jam_a_strangers_backend_reports_is_a_jam_after_what_it_handed_over(tmp_path, simulator):
    """sane-airscan reads ahead: told of a jam, it may throw away what it has not handed over."""
    got = through(FrontEnd("airscan", simulator.url, tmp_path))
    assert got.reason == "scan.jam"
    assert len(got.ends) <= 2
    assert (got.ended.safe_sheets, got.ended.refeed_sheet) == (len(got.ends), len(got.ends) + 1)


@ESCL
@pytest.mark.parametrize("simulator", [[Fault(3, "jam")]], indirect=True)
def test_a_jam_a_strangers_backend_calls_the_end_is_short_of_the_declared_count(
    tmp_path, simulator
):
    """libsane's own eSCL backend says 'no documents' for every refusal: only the count tells."""
    got = through(FrontEnd("escl", simulator.url, tmp_path), declared_sheets=4)
    print(got.reason)
    assert got.reason in {"scan.count_short", "scan.jam"}
    assert (got.ended.safe_sheets, got.ended.refeed_sheet) == (2, 3)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("simulator", [[Fault(3, "link_cut")]], indirect=True)
def test_a_link_cut_under_a_strangers_backend_keeps_what_it_handed_over_even_when_it_dies(
    tmp_path, simulator, backend
):
    got = through(FrontEnd(backend, simulator.url, tmp_path), declared_sheets=4)
    print(backend, got.reason)
    assert got.reason != "complete"
    assert len(got.ends) <= 2
    assert (got.ended.safe_sheets, got.ended.refeed_sheet) == (len(got.ends), len(got.ends) + 1)


@pytest.mark.skipif(
    not DEVICE,
    reason="no eSCL device of a stranger runs here: start go-mfp's virtual scanner, AirSane or a "
    "real one and name it in STRANGER_ESCL",
)
def test_our_client_takes_whole_pages_from_the_device_named_in_stranger_escl():
    source = RemoteSource(HOST)
    try:
        (device,) = source.devices([f"escl:{DEVICE}"])
        print(device)
        known = {
            "source": device.sources[0],
            "duplex": False,
            "dpi": 300 if 300 in device.dpi or not device.dpi else device.dpi[-1],
        }
        request = ScanRequest(
            device.id, **{**known, **json.loads(os.environ.get("STRANGER_ESCL_ASK", "{}"))}
        )
        got = run_pass(source, request)
    finally:
        source.close()
    print(got.ended)
    assert got.reason == "complete"
    for end, data in zip(got.ends, got.data(), strict=True):
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            assert image.size == (end.width_px, end.height_px)
