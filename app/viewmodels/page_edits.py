"""The clerk's hand on pages and papers: every act is one edit that undo takes back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.desk import edits, papers, review
from app.desk.office import Office
from app.domain.ids import DossierId, PageId
from app.store import dossiers
from app.viewmodels.models import PageModel
from app.viewmodels.snapshot import PageRow
from app.viewmodels.texts import ui

Act = Callable[[Office, DossierId], object]


class Edits:
    """Acts on pages and papers of the current dossier.

    Args:
        act: queues an act for the current dossier.
        pages: the pages as they are shown.
    """

    def __init__(self, act: Callable[[Act], None], pages: PageModel) -> None:
        self._act = act
        self._pages = pages

    def propose(self) -> None:
        """Sort the pages into papers by their text."""
        self._act(
            lambda office, dossier: papers.accept_papers(
                office, dossier, papers.propose_papers(office, dossier)
            )
        )

    def new_paper(self, pages: Sequence[PageId]) -> None:
        """Put pages into a new paper."""

        def act(office: Office, dossier: DossierId) -> None:
            position = len(dossiers.documents(office.vault.db, dossier))
            title = ui("paper.new", n=position + 1)
            document = papers.add_paper(office, dossier, "other", title, position)
            review.assign(office, dossier, pages, document)

        if pages:
            self._act(act)

    def assign(self, pages: Sequence[PageId], number: int) -> None:
        """Put pages into paper ``number``."""

        def act(office: Office, dossier: DossierId) -> None:
            found = dossiers.documents(office.vault.db, dossier)
            if 1 <= number <= len(found):
                review.assign(office, dossier, pages, found[number - 1].id)

        if pages:
            self._act(act)

    def rotate(self, pages: Sequence[PageId], by_deg: int) -> None:
        """Turn pages clockwise."""
        if pages:
            self._act(lambda office, dossier: review.rotate(office, dossier, pages, by_deg))

    def toggle_as_scanned(self, pages: Sequence[PageId]) -> None:
        """As it lay on the glass, or as the engine straightened it."""
        if pages:
            self._act(lambda office, dossier: review.toggle_as_scanned(office, dossier, pages))

    def move(self, pages: Sequence[PageId], by: int) -> None:
        """Move a page in the order."""
        if pages:
            self._act(lambda office, dossier: review.move(office, dossier, pages[0], by))

    def drop(self, pages: Sequence[PageId]) -> None:
        """To the tray; pages that lie there already come back."""
        states = {row.state for row in self._rows(pages)}
        how = review.restore if states == {"dropped"} else review.drop
        if pages:
            self._act(lambda office, dossier: how(office, dossier, pages))

    def toggle_blank(self, pages: Sequence[PageId]) -> None:
        """Leave blank pages out; left out ones come back, knowingly kept."""
        states = {row.state for row in self._rows(pages)}
        how = (
            review.keep_blank if states and states <= {"hidden", "separator"} else review.hide_blank
        )
        if pages:
            self._act(lambda office, dossier: how(office, dossier, pages))

    def confirm_numbers(self, pages: Sequence[PageId]) -> None:
        """The printed page numbers of pages are right as they stand."""
        if pages:
            self._act(lambda office, dossier: review.settle_page_numbers(office, dossier, pages))

    def undo(self) -> None:
        """Take the last edit back."""
        self._act(edits.undo)

    def redo(self) -> None:
        """Do the undone edit again."""
        self._act(edits.redo)

    def _rows(self, pages: Sequence[PageId]) -> list[PageRow]:
        wanted = set(pages)
        rows = (self._pages.row(number) for number in range(self._pages.rowCount()))
        return [row for row in rows if row is not None and row.id in wanted]
