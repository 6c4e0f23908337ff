"""Small pictures of every kind, and seeded ways to break them."""

from __future__ import annotations

import io
import random
import sys
from typing import Any

import numpy as np
from PIL import Image

from ocr.decode import decode, frame_count
from ocr.errors import OcrError

_HEADER_BYTES = 400


def _bytes(picture: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.copy().save(out, kind, **options)  # a save leaves its settings on the picture
    return out.getvalue()


def _sources() -> tuple[bytes, ...]:
    y, x = np.mgrid[0:90, 0:120]
    page = Image.fromarray(np.stack([x * 2, y * 2, (x + y) % 256], -1).astype(np.uint8))
    grey, bilevel = page.convert("L"), page.convert("1")
    turned = Image.Exif()
    turned[0x112] = 6
    return (
        _bytes(page, "JPEG", dpi=(300, 300)),
        _bytes(page, "JPEG", progressive=True),
        _bytes(page, "JPEG", exif=turned),
        _bytes(grey, "JPEG"),
        _bytes(page.convert("CMYK"), "JPEG"),
        _bytes(page, "PNG"),
        _bytes(page.quantize(16), "PNG"),
        _bytes(page.convert("RGBA"), "PNG", dpi=(200, 200)),
        _bytes(Image.fromarray((y * 500).astype(np.uint16)), "PNG"),
        _bytes(page, "TIFF"),
        *(_bytes(page, "TIFF", compression=f"tiff_{name}") for name in ("lzw", "adobe_deflate")),
        _bytes(page, "TIFF", compression="jpeg"),
        _bytes(bilevel, "TIFF", compression="group4"),
        _bytes(page, "TIFF", save_all=True, append_images=[grey.copy(), page.copy()]),
        _bytes(page, "BMP"),
        _bytes(page.quantize(16), "BMP"),
        _bytes(page, "WEBP"),
        _bytes(page, "WEBP", lossless=True),
        _bytes(page, "JPEG2000"),
        _bytes(page, "PPM"),
    )


SOURCES = _sources()


def broken(seed: int) -> bytes:
    """Return one of the small pictures, broken; equal seeds give equal bytes."""
    draw = random.Random(f"broken-{seed}")
    source = SOURCES[seed % len(SOURCES)]
    data = bytearray(source)
    head = min(len(data), _HEADER_BYTES)
    how = draw.randrange(6)
    if how == 0:
        for _ in range(draw.choice([1, 2, 5, 20])):
            data[draw.randrange(len(data))] = draw.randrange(256)
    elif how == 1:
        for _ in range(draw.choice([1, 2, 4])):
            data[draw.randrange(head)] ^= 1 << draw.randrange(8)
    elif how == 2:
        del data[draw.randrange(len(data)) :]
    elif how == 3:
        cut = draw.randrange(4, 200)
        data[:cut] = draw.choice(SOURCES)[:cut]
    elif how == 4:
        at = draw.randrange(head)
        data[at : at + draw.choice([2, 4, 8])] = draw.choice(
            [b"\xff\xff\xff\xff", bytes(4), b"\x7f\xff\xff\xff", b"\0\0\xff\xff"]
        )
    else:
        first, last = sorted(draw.randrange(len(data)) for _ in range(2))
        data = data[:first] + data[last:] if draw.random() < 0.5 else data[:last] + data[first:]
    return bytes(data)


def outcome(data: bytes) -> str:
    """Return ``picture`` or the slug of the refusal; whatever else is raised comes through."""
    try:
        frame_count(data)
        image, facts = decode(data)
    except OcrError as error:
        return error.slug
    assert image.pixels.dtype == np.uint8
    assert image.pixels.flags.c_contiguous
    assert (image.width_px, image.height_px) == (facts.width_px, facts.height_px)
    return "picture"


if __name__ == "__main__":  # in a process of its own, so that a crash of a library is seen
    first_seed, end_seed = (int(value) for value in sys.argv[1:])
    for each in range(first_seed, end_seed):
        print(each, outcome(broken(each)), flush=True)
