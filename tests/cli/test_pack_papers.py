"""A package of several papers lists them, each with the page it begins on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pikepdf

from app.packaging.validate import validate
from tests.cli.cli_kit import main

if TYPE_CHECKING:
    from pathlib import Path


def contents(pdf: Path) -> list[tuple[str, int]]:
    """Title and page (from 1) of each entry of the outline."""
    with pikepdf.open(pdf) as document, document.open_outline() as outline:
        pages = [page.obj.objgen for page in document.pages]
        return [
            (entry.title, pages.index(entry.destination[0].objgen) + 1) for entry in outline.root
        ]


def test_each_paper_of_a_package_has_a_bookmark(small_pages: Path, tmp_path: Path):
    pages = sorted(small_pages.glob("*.jpg"))
    done = main(
        "--home", str(tmp_path / "h"), "pack", *map(str, pages), "-o", str(tmp_path / "ho-so.pdf")
    )
    assert done.code == 0, done.err
    assert contents(tmp_path / "ho-so.pdf") == [("Đơn đề nghị", 1), ("Biên bản", 2)]
    assert validate(tmp_path / "ho-so.pdf").passed
    done = main(
        "--home", str(tmp_path / "h"), "pack", *map(str, pages[1:]), "-o", str(tmp_path / "mot.pdf")
    )
    assert done.code == 0, done.err
    assert contents(tmp_path / "mot.pdf") == [], "one paper needs no list"
