"""Written to disk page by page it is the same file, in memory that does not grow with it."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from app.packaging import spool
from app.packaging.compose import compose, compose_to
from app.packaging.errors import PackagingError
from app.packaging.model import Attachment, Bookmark, PageInput
from app.packaging.validate import gate
from tests.packaging.drawn import crooked, draw, jpeg, stored, straight
from tests.packaging.test_compose import FULL

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = Attachment("manifest.json", b'{"papers": 2}', "application/json")


@pytest.fixture(scope="module")
def pages() -> list[PageInput]:
    """Every way in which a picture is stored, so that each passes through a waiting file."""
    small = draw(80, (148, 210))
    picture = small.picture
    return [
        straight(small),
        crooked(small, 2.3, 90),
        straight(small, stored(picture.convert("1"), "TIFF", compression="group4")),
        straight(small, jpeg(picture.convert("CMYK"))),
        straight(small, jpeg(picture, icc_profile=_profile())),
        straight(small, stored(picture, "PNG")),
        straight(small, stored(picture.convert("RGBA"), "PNG")),
    ]


def _profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


KINDS = {
    "2u": {},
    "2b": {"flavour": "2b", "bookmarks": [Bookmark("Đơn", 1), Bookmark("Giấy", 3)]},
    "3b": {"flavour": "3b", "attachments": [MANIFEST]},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("least_bytes", [0, 8192])
def test_streamed_bytes_are_the_bytes_of_compose(pages, kind, least_bytes, monkeypatch, tmp_path):
    whole = compose(pages, FULL, **KINDS[kind])
    monkeypatch.setattr(spool, "LEAST_BYTES", least_bytes)
    target = tmp_path / "ra.pdf"
    compose_to(target, pages, FULL, **KINDS[kind])
    assert target.read_bytes() == whole
    assert [each.name for each in tmp_path.iterdir()] == ["ra.pdf"]
    out = io.BytesIO()
    compose_to(out, pages, FULL, **KINDS[kind])
    assert out.getvalue() == whole
    gate(target, kind)
    gate(whole, kind)


class _FailsAt(Sequence[PageInput]):
    """Pages of which one is broken or cannot be read at all; each may be asked for once."""

    def __init__(self, page: PageInput, bad: int, failure: BaseException | None) -> None:
        self._page, self._bad, self._failure = page, bad, failure
        self.asked: list[int] = []

    def __len__(self) -> int:
        return 9

    def __getitem__(self, index):
        assert index not in self.asked
        self.asked.append(index)
        if index + 1 == self._bad:
            if self._failure:
                raise self._failure
            return PageInput(b"no picture", 80, 80, self._page.matrix, 600, 800)
        return self._page


def test_a_bad_page_is_named_by_its_own_number_and_nothing_is_left(pages, tmp_path):
    target = tmp_path / "ra.pdf"
    target.write_bytes(b"the old one")
    lazy = _FailsAt(pages[0], 7, None)
    with pytest.raises(PackagingError) as caught:
        compose_to(target, lazy, FULL)
    assert (caught.value.slug, caught.value.params) == ("pack.bad_image", {"page": 7})
    assert lazy.asked == [*range(7)]
    assert target.read_bytes() == b"the old one"
    assert [each.name for each in tmp_path.iterdir()] == ["ra.pdf"]


def test_a_page_that_cannot_be_read_stops_it_and_nothing_is_left(pages, tmp_path):
    with pytest.raises(OSError, match="disk gone"):
        compose_to(tmp_path / "ra.pdf", _FailsAt(pages[0], 4, OSError("disk gone")), FULL)
    assert list(tmp_path.iterdir()) == []


class _Megabytes(Sequence[PageInput]):
    """Pages of one megabyte each that exist only while they are looked at."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._noise = np.random.default_rng(3).integers(0, 255, (48, 68), dtype=np.uint8)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index):
        picture = Image.fromarray(np.roll(self._noise, index, axis=0))
        data = jpeg(picture) + bytes([index % 256]) * 1_000_000
        return PageInput(data, 80, 80, (1, 0, 0, 0, 1, 0, 0, 0, 1), 68, 48)


def test_a_file_of_200_mb_is_made_and_judged_in_a_sixth_of_its_size(tmp_path):
    """In a process of its own: its peak is not that of the tests before it."""
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from tests.packaging.test_stream import _Megabytes, FULL\n"
        "from app.packaging.compose import compose_to\n"
        "from app.packaging.validate import gate\n"
        "def make(count):\n"
        "    compose_to(target, _Megabytes(count), FULL); gate(target)\n"
        "    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "target = Path(sys.argv[1]); few = make(10)\n"
        "print(few, make(200), target.stat().st_size)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "ra.pdf")],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=120,
    )
    few, many, size = map(int, done.stdout.split())
    print("peak MiB with 10 and 200 pages:", few, many)
    assert size > 200_000_000
    assert many - few < 33
