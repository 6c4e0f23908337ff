"""A page encoded strip by strip is the page encoded whole."""

from __future__ import annotations

import io

import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from scanner.images.jpeg_strips import QUALITY, StripEncoder
from scanner.images.validate import ImageProof

SEED = 20260


def noise(width: int, height: int, samples: int) -> np.ndarray:
    """Smooth ramps with noise on them: neither trivial nor incompressible."""
    print("seed", SEED)
    random = np.random.default_rng(SEED)
    ramp = np.add.outer(np.arange(height), np.arange(width))[:, :, None] // 3
    return ((ramp + random.integers(0, 40, (height, width, samples))) % 256).astype(np.uint8)


def strips(raw: np.ndarray, *, known: bool, rows_at_once: int = 37) -> bytes:
    height, width, samples = raw.shape
    encoder = StripEncoder(
        width_px=width, samples=samples, height_px=height if known else None, dpi=300
    )
    parts: list[bytes] = []
    for at in range(0, height, rows_at_once):
        parts += encoder.feed(raw[at : at + rows_at_once].tobytes())
    parts += encoder.finish()
    assert encoder.rows == height
    return b"".join(parts)


def whole(raw: np.ndarray) -> np.ndarray:
    gray = raw.shape[2] == 1
    data = simplejpeg.encode_jpeg(
        np.ascontiguousarray(raw),
        quality=QUALITY,
        colorspace="GRAY" if gray else "RGB",
        colorsubsampling="Gray" if gray else "444",
        fastdct=False,
    )
    return simplejpeg.decode_jpeg(data, colorspace="GRAY" if gray else "RGB")


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(1, 200),
    height=st.integers(1, 300),
    samples=st.sampled_from([1, 3]),
    known=st.booleans(),
    rows=st.integers(1, 150),
)
def test_every_pixel_is_that_of_the_page_encoded_whole(width, height, samples, known, rows):
    raw = noise(width, height, samples)
    data = strips(raw, known=known, rows_at_once=rows)
    got = simplejpeg.decode_jpeg(data, colorspace="GRAY" if samples == 1 else "RGB")
    assert np.array_equal(got, whole(raw))


@pytest.mark.parametrize("known", [True, False])
def test_a_reader_nobody_here_wrote_sees_one_page_with_its_resolution(known):
    data = strips(noise(333, 1000, 3), known=known)
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        assert (image.size, image.info["dpi"], image.mode) == ((333, 1000), (300, 300), "RGB")
    proof = ImageProof(len(data))
    proof.feed(data)
    facts = proof.finish()
    assert (facts.width_px, facts.height_px, facts.dpi) == (333, 1000, 300)


def test_bytes_leave_while_the_page_still_comes():
    encoder = StripEncoder(width_px=64, samples=1, height_px=640, dpi=200)
    assert b"".join(encoder.feed(bytes(64 * 63))) == b""
    assert b"".join(encoder.feed(bytes(64))).startswith(b"\xff\xd8")
