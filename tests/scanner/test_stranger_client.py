"""A client nobody here wrote (scanimage with sane-airscan) reads the simulated feeder."""

from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from scanner.simulator import SimulatorServer
from tests.scanner.scan_kit import write_pages

PLACES = (
    *Path("/usr/lib").glob("*/sane"),
    *(Path(place) for place in os.environ.get("LD_LIBRARY_PATH", "").split(":") if place),
)
INSTALLED = any((place / "libsane-airscan.so.1").exists() for place in PLACES)


def as_client_sees(page: bytes) -> Image.Image:
    with Image.open(io.BytesIO(page)) as image:
        return image.convert("RGB")


@pytest.mark.skipif(not INSTALLED, reason="sane-airscan is not installed")
@pytest.mark.parametrize(("duplex", "source"), [(False, "ADF"), (True, "ADF Duplex")])
def test_sane_airscan_takes_the_whole_stack_with_the_same_pixels(tmp_path, duplex, source):
    pages = write_pages(tmp_path / "pages", 4)
    server = SimulatorServer(tmp_path / "pages", duplex=duplex)
    server.start()
    config = tmp_path / "sane"
    (config / "dll.d").mkdir(parents=True)
    (config / "dll.conf").write_text("airscan\n")
    (config / "airscan.conf").write_text(
        f'[devices]\n"Sim" = {server.url}, escl\n[options]\ndiscovery = disable\nws-discovery = off\n'
    )
    done = subprocess.run(
        ["scanimage", "-d", "airscan:e0:Sim", "--source", source, "--mode", "Color",
         "--resolution", "200", "-x", "210", "-y", "297", "--format=pnm", "--batch=p%02d.pnm"],
        env={**os.environ, "SANE_CONFIG_DIR": str(config)},
        cwd=tmp_path,
        capture_output=True,
        timeout=90,
        check=False,
    )  # fmt: skip
    server.close()
    taken = sorted(tmp_path.glob("p*.pnm"))
    assert len(taken) == len(pages), done.stderr.decode()
    for path, page in zip(taken, pages, strict=True):
        mine = as_client_sees(page)
        with Image.open(path) as theirs:
            size = (min(mine.width, theirs.width), min(mine.height, theirs.height))
            assert max(abs(mine.width - theirs.width), abs(mine.height - theirs.height)) <= 2
            box = (0, 0, *size)
            assert theirs.convert("RGB").crop(box).tobytes() == mine.crop(box).tobytes()
