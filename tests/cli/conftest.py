"""Pictures, good and bad, as offices hand them in."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.packaging.drawn import draw


@pytest.fixture(scope="session")
def page() -> Image.Image:
    """One upright page with a few lines, A4 at 150 dpi."""
    return draw(150).picture


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, dpi=(150, 150), **options)
    return out.getvalue()


@pytest.fixture(scope="session")
def odd_but_good(tmp_path_factory: pytest.TempPathFactory, page: Image.Image) -> dict[str, Path]:
    """Pictures of unusual kinds that are pages all the same."""
    folder = tmp_path_factory.mktemp("odd")
    grey = np.asarray(page.convert("L")).astype(np.uint16) * 257
    files = {
        "cmyk.jpg": saved(page.convert("CMYK"), "JPEG", quality=90),
        "one-bit.png": saved(page.convert("1"), "PNG"),
        "sixteen-bit.png": saved(Image.fromarray(grey), "PNG"),
        "plain.jpg": saved(page, "JPEG", quality=90),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return {name: folder / name for name in files}


@pytest.fixture(scope="session")
def broken(tmp_path_factory: pytest.TempPathFactory, page: Image.Image) -> dict[str, Path]:
    """Files that are no pages."""
    folder = tmp_path_factory.mktemp("broken")
    whole = saved(page, "JPEG", quality=90)
    files = {
        "zero.jpg": b"",
        "truncated.jpg": whole[: len(whole) // 2],
        "text.jpg": "Kính gửi: Ủy ban nhân dân\n".encode() * 50,
        "huge.png": saved(Image.new("1", (20000, 20000), 1), "PNG"),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return {name: folder / name for name in files} | {"missing.jpg": folder / "missing.jpg"}
