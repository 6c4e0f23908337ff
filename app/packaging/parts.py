"""Pages gathered into one document in bounded memory: finished stretches wait in files.

qpdf reads a copied picture only when it writes it, so joining the stretches costs little more
than a dictionary per page. The files have no name and vanish with the process.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

import pikepdf
from pikepdf import Page, Pdf

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from pikepdf import Dictionary

MOST_PAGES = 64
MOST_BYTES = 32 * 1024 * 1024


class Parts:
    """The pages of one document, given one by one.

    Args:
        folder: where stretches wait; None keeps all pages in memory and writes nothing anywhere.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._kept = ExitStack()
        self.document = self._kept.enter_context(Pdf.new())
        self._part = self._kept.enter_context(Pdf.new()) if folder else self.document
        self._bytes = 0

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes the document and lets the files go."""
        self._kept.close()

    @property
    def pdf(self) -> Pdf:
        """Where the objects of the next page belong."""
        return self._part

    def add(self, leaf: Dictionary, size_bytes: int) -> None:
        """Takes a page whose objects belong to ``pdf``; it is about ``size_bytes`` large."""
        self._part.pages.append(Page(self._part.make_indirect(leaf)))
        self._bytes += size_bytes
        if self._folder and (len(self._part.pages) >= MOST_PAGES or self._bytes >= MOST_BYTES):
            self._put_aside()

    def join(self) -> Pdf:
        """The document with all its pages."""
        if self._folder and len(self._part.pages):
            self._put_aside()
        return self.document

    def _put_aside(self) -> None:
        file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed with the others
        self._kept.enter_context(file)
        self._part.save(file, static_id=True)
        self._part.close()
        self._part = self._kept.enter_context(Pdf.new())
        self._bytes = 0
        file.seek(0)
        waiting = self._kept.enter_context(pikepdf.open(file))
        self.document.pages.extend(waiting.pages)
