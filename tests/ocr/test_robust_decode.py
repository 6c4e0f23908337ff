from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ocr.decode import decode, frame_count
from ocr.errors import OcrError
from tests.ocr.broken_files import SOURCES, outcome

ROOT = Path(__file__).resolve().parents[2]
MUTATIONS = 1500


def _slug(data: bytes) -> str:
    with pytest.raises(OcrError) as caught:
        decode(data)
    return caught.value.slug


def _jpeg(width: int, height: int, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("L", (width, height), 200).save(out, "JPEG", **options)
    return out.getvalue()


def test_broken_pictures_end_in_a_picture_or_a_named_refusal_and_kill_no_process():
    done = subprocess.run(
        [sys.executable, "-m", "tests.ocr.broken_files", "0", str(MUTATIONS)],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    told = [line.split() for line in done.stdout.splitlines()]
    assert done.returncode == 0, (told[-1:], done.stderr[-2000:])
    assert [int(seed) for seed, _ in told] == list(range(MUTATIONS))
    counted = Counter(what for _, what in told)
    print(counted)
    assert all(what == "picture" or what.startswith("image.") for what in counted)
    assert counted["picture"] > MUTATIONS // 10  # else nothing was let in far enough to break
    assert sum(counted.values()) - counted["picture"] > MUTATIONS // 3


@settings(max_examples=150, deadline=None)
@given(
    which=st.integers(0, len(SOURCES) - 1),
    patches=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)),
        min_size=1,
        max_size=4,
    ),
    kept=st.floats(0.01, 1),
)
def test_any_patch_and_any_cut_end_in_a_picture_or_a_named_refusal(which, patches, kept):
    data = bytearray(SOURCES[which])
    for place, patch in patches:
        at = int(place * len(data))
        data[at : at + len(patch)] = patch
    what = outcome(bytes(data[: int(kept * len(data))]))
    assert what == "picture" or what.startswith("image.")


@settings(max_examples=100, deadline=None)
@given(which=st.integers(0, len(SOURCES) - 1), rest=st.binary(max_size=200))
def test_noise_behind_a_true_beginning_is_no_surprise(which, rest):
    what = outcome(SOURCES[which][:24] + rest)
    assert what == "picture" or what.startswith("image.")


@pytest.mark.parametrize("marker", [b"\xff\xdb", b"\xff\xc4", b"\xff\xda"])
def test_stray_bytes_before_the_scan_of_a_jpeg_are_damage_with_a_name(marker):
    data = SOURCES[0]
    at = data.index(marker)
    assert _slug(data[:at] + b"\x11\x22" + data[at:]) == "image.damaged"


def test_a_scan_without_its_figures_is_damage_with_a_name():
    data = SOURCES[1]
    at = data.index(b"\xff\xda")
    length = struct.unpack_from(">H", data, at + 2)[0]
    short = data[: at + 2] + struct.pack(">H", 3) + data[at + 4 : at + 5] + data[at + 2 + length :]
    assert _slug(short) == "image.damaged"


def test_a_jpeg_of_a_thousand_scans_is_refused_before_the_first_is_decoded():
    data = _jpeg(6000, 6000, progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    assert len(data) + 1000 * len(last) < 400_000  # a bomb: small in the file, hours in the worker
    assert _slug(data[:-2] + 1000 * last + b"\xff\xd9") == "image.damaged"
    assert decode(_jpeg(60, 60, progressive=True))[1].damage is None


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_a_bomb_of_400_megapixels_that_is_whole_is_refused_by_its_header(kind):
    out = io.BytesIO()
    how = {"compression": "group4"} if kind == "TIFF" else {"compress_level": 9}
    Image.new("1", (20_000, 20_000), 1).save(out, kind, **how)
    data = out.getvalue()
    assert len(data) < 100_000
    assert _slug(data) == "image.too_large"


def test_a_row_of_33000_pixels_is_refused_and_one_of_29000_comes_through():
    assert _slug(_jpeg(33_000, 4)) == "image.too_large"
    assert decode(_jpeg(29_000, 4))[0].pixels.shape == (4, 29_000)


def test_the_strips_of_a_tiff_may_be_named_by_nonsense():
    data = bytearray(SOURCES[9])
    assert data[:4] == b"II*\0"
    (at,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, at)
    kinds = Counter()
    for entry in range(entries):
        for kind in (0, 2, 5, 7, 11, 12, 13, 99):
            changed = bytearray(data)
            struct.pack_into("<H", changed, at + 2 + 12 * entry + 2, kind)
            kinds[outcome(bytes(changed))] += 1
    assert all(what == "picture" or what.startswith("image.") for what in kinds)


def test_pages_of_a_tiff_that_point_at_each_other_are_counted_once():
    data = bytearray(SOURCES[14])
    assert frame_count(bytes(data)) == 3
    at = struct.unpack_from("<I", data, 4)[0]
    after = at + 2 + 12 * struct.unpack_from("<H", data, at)[0]
    struct.pack_into("<I", data, after, at)
    assert frame_count(bytes(data)) == 1


def test_a_tiff_of_many_pages_that_is_cut_never_counts_as_one_of_fewer():
    out = io.BytesIO()
    pages = [Image.new("L", (60, 40), 40 * n) for n in range(5)]
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:])
    data = out.getvalue()
    assert frame_count(data) == 5
    counts = Counter()
    for kept in range(8, len(data), 97):
        try:
            counts[frame_count(data[:kept])] += 1
        except OcrError as error:
            counts[error.slug] += 1
    print(counts)
    assert counts["image.truncated"] > 50
    assert not {1, 2, 3, 4} & set(counts)
