"""Black and white without loss: what comes out of the code is what went in, px by px."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from app.packaging.bilevel import group4


def decoded(code: bytes, width: int, height: int) -> np.ndarray:
    """The code read by libtiff, in a TIFF written here by hand that calls black what the code does."""
    tags = (
        *((256, width), (257, height), (258, 1), (259, 4), (262, 0)),
        *((273, 8), (278, height), (279, len(code))),
    )
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    padded = code + b"\0" * (len(code) % 2)
    head = b"II*\0" + struct.pack("<I", 8 + len(padded))
    directory = struct.pack("<H", len(tags)) + entries + b"\0\0\0\0"
    with Image.open(io.BytesIO(head + padded + directory)) as picture:
        return ~np.asarray(picture.convert("1"))


@pytest.mark.parametrize("size", [(1, 1), (7, 3), (8, 1), (333, 217), (2480, 40)])
def test_ink_comes_back_px_by_px(size):
    width, height = size
    ink = np.random.default_rng(width).random((height, width)) > 0.7
    for page in (ink, np.ones_like(ink), np.zeros_like(ink)):
        assert np.array_equal(decoded(group4(page), width, height), page)


def test_equal_ink_gives_equal_bytes():
    ink = np.random.default_rng(1).random((99, 101)) > 0.5
    assert group4(ink) == group4(ink.copy())
