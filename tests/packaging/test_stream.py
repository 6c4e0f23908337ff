"""Written to disk page by page it is the same file, in memory that does not grow with it."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest

from app.packaging import parts
from app.packaging.compose import compose, compose_to
from app.packaging.errors import PackagingError
from app.packaging.model import Attachment, Bookmark, PageInput
from app.packaging.validate import gate
from tests.packaging.drawn import crooked, draw, jpeg, stored, straight
from tests.packaging.test_compose import FULL

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
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


KINDS = {
    "2u": {},
    "2b": {"flavour": "2b", "bookmarks": [Bookmark("Đơn", 1), Bookmark("Giấy", 3)]},
    "3b": {"flavour": "3b", "attachments": [MANIFEST]},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stretch", [1, 3, 1000])
def test_streamed_bytes_are_the_bytes_of_compose(pages, kind, stretch, monkeypatch, tmp_path):
    whole = compose(pages, FULL, **KINDS[kind])
    monkeypatch.setattr(parts, "MOST_PAGES", stretch)
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


def test_a_bad_page_is_named_by_its_own_number_and_nothing_is_left(pages, monkeypatch, tmp_path):
    monkeypatch.setattr(parts, "MOST_PAGES", 2)
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
