"""Black-and-white pages: the pixels of scanimage, a file the rest of the station reads."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from scanner.images.lineart import LineartEncoder
from scanner.images.validate import ImageProof
from scanner.model import ScanRequest
from tests.scanner.scan_kit import ROOT, sane_env, scan, scanimage_pnm


def encoded(bits: np.ndarray, *, known: bool, rows_at_once: int) -> bytes:
    """`bits` holds 1 where the page is black, as SANE does."""
    height, width = bits.shape
    encoder = LineartEncoder(width_px=width, height_px=height if known else None, dpi=300)
    packed = np.packbits(bits, axis=1)
    parts: list[bytes] = []
    for at in range(0, height, rows_at_once):
        parts += encoder.feed(packed[at : at + rows_at_once].tobytes())
    parts += encoder.finish()
    assert encoder.rows == height
    return b"".join(parts)


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(1, 70),
    height=st.integers(1, 60),
    known=st.booleans(),
    rows=st.integers(1, 20),
    seed=st.integers(0, 1000),
)
def test_every_pixel_comes_back_whatever_the_width(width, height, known, rows, seed):
    bits = np.random.default_rng(seed).integers(0, 2, (height, width), dtype=np.uint8)
    data = encoded(bits, known=known, rows_at_once=rows)
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        assert (image.mode, image.size, image.format) == ("1", (width, height), "PNG")
        assert [round(value) for value in image.info["dpi"]] == [300, 300]
        assert np.array_equal(np.array(image), bits == 0)
    proof = ImageProof(len(data))
    proof.feed(data)
    facts = proof.finish()
    assert (facts.media, facts.width_px, facts.height_px) == ("image/png", width, height)


def test_bytes_leave_while_the_page_still_comes():
    encoder = LineartEncoder(width_px=2480, height_px=3508, dpi=300)
    noise = np.random.default_rng(1).integers(0, 256, 310 * 2000, dtype=np.uint8).tobytes()
    assert b"".join(encoder.feed(noise)).startswith(b"\x89PNG")


@pytest.mark.parametrize("initial", [{}, {"hand_scanner": "true"}], ids=str)
def test_black_and_white_pixels_are_those_of_scanimage(tmp_path, initial):
    env = sane_env(tmp_path / "sane", test_picture='"Grid"', **initial)
    millimetres = (110.0, 200.0)
    request = ScanRequest("sane:test:0", "flatbed", False, 200, mode="lineart", page_mm=millimetres)
    got = scan(request, env)
    assert (got.reason, got.ends[0].media) == ("complete", "image/png")
    options = ["--mode", "Gray", "--depth", "1", "--resolution", "200"]
    # A hand scanner has no lower right corner to set.
    options += [] if initial else ["-x", "110", "-y", "200"]
    read = scanimage_pnm(env, *options)
    with (
        Image.open(io.BytesIO(read)) as theirs,
        Image.open(io.BytesIO(got.data()[0])) as ours,
    ):
        assert (theirs.mode, theirs.size) == ("1", ours.size)
        assert theirs.tobytes() == ours.tobytes()


def test_a_black_and_white_page_is_read_and_packed_by_the_station(tmp_path):
    """`pack` codes it in the PDF as what it is: one bit a pixel."""
    env = sane_env(tmp_path / "sane", test_picture='"Grid"')
    got = scan(ScanRequest("sane:test:0", "flatbed", False, 200, mode="lineart"), env)
    assert got.reason == "complete"
    page = tmp_path / "trang.png"
    page.write_bytes(got.data()[0])
    assert page.stat().st_size < 20_000
    done = subprocess.run(
        [
            sys.executable,
            "main.py",
            "--home",
            tmp_path / "home",
            "pack",
            page,
            "-o",
            tmp_path / "x.pdf",
            "--json",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["pages"][0]["source"] == "trang.png"
    assert b"CCITTFax" in (tmp_path / "x.pdf").read_bytes()
