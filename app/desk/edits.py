"""One kind of edit: pages before, pages after. Undo writes the former back, redo the latter.

The history is a table in the vault: unlimited until sealing, and it survives a restart.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from app.desk.office import Office
from app.domain.ids import DossierId, PageId
from app.domain.page import SUPERSEDED, Page
from app.pipeline import flow
from app.store import dossiers
from app.store.database import fetch, transaction

_COLUMNS = ("document", "position", "hidden", "dropped", "flags", "recipe")
Row = dict[str, str | int | None]


def replace(office: Office, dossier: DossierId, after: Sequence[Page], what: str) -> None:
    """Make ``after`` the pages of those ids, remembered for undo.

    Args:
        office: the clerk.
        dossier: an editable dossier.
        after: the changed pages; ids that stay away keep as they are.
        what: the act as the journal names it.

    Raises:
        Trouble: dossier.not_editable.
    """
    office.editable(dossier)
    db = office.vault.db
    with transaction(db):
        before = [dossiers.page(db, page.id) for page in after]
        db.execute("DELETE FROM undo WHERE dossier=? AND undone=1", [dossier])
        db.execute(
            "INSERT INTO undo(dossier,before,after,at) VALUES(?,?,?,?)",
            [dossier, _dump(before), _dump(after), office.now().isoformat()],
        )
        _write(office, dossier, _rows(_dump(after)), what)
    office.wake()


def change(
    office: Office,
    dossier: DossierId,
    pages: Sequence[PageId],
    how: Callable[[Page], Page],
    what: str,
) -> None:
    """Replace each of ``pages`` by what ``how`` makes of it."""
    after = [how(dossiers.page(office.vault.db, page)) for page in pages]
    replace(office, dossier, after, what)


def undo(office: Office, dossier: DossierId) -> bool:
    """Take the last edit back; False when there is none."""
    return _step(office, dossier, undone=0)


def redo(office: Office, dossier: DossierId) -> bool:
    """Do the last undone edit again; False when there is none."""
    return _step(office, dossier, undone=1)


def _step(office: Office, dossier: DossierId, *, undone: int) -> bool:
    office.editable(dossier)
    db = office.vault.db
    order = "ASC" if undone else "DESC"
    with transaction(db):
        sql = f"SELECT * FROM undo WHERE dossier=? AND undone=? ORDER BY n {order} LIMIT 1"  # noqa: S608 - fixed words
        rows = fetch(db, sql, [dossier, undone])
        if not rows:
            return False
        text = str(rows[0]["after" if undone else "before"])
        what = "page.redone" if undone else "page.undone"
        _write(office, dossier, [row for row in _rows(text) if _counts(office, row)], what)
        db.execute("UPDATE undo SET undone=? WHERE n=?", [1 - undone, rows[0]["n"]])
    office.wake()
    return True


def _counts(office: Office, row: Row) -> bool:
    """Whether the page may come back: a side whose sheet was fed again since may not."""
    return SUPERSEDED not in dossiers.page(office.vault.db, PageId(str(row["id"]))).flags


def _dump(pages: Sequence[Page]) -> str:
    return json.dumps([{"id": page.id, **_row(page)} for page in pages])


def _row(page: Page) -> Row:
    recipe = json.dumps(page.recipe.params(), sort_keys=True, separators=(",", ":"))
    return {
        "document": page.document,
        "position": page.position,
        "hidden": int(page.hidden),
        "dropped": int(page.dropped),
        "flags": " ".join(page.flags),
        "recipe": recipe,
    }


def _rows(text: str) -> list[Row]:
    rows: list[Row] = json.loads(text)
    return rows


def _write(office: Office, dossier: DossierId, rows: Sequence[Row], what: str) -> None:
    db = office.vault.db
    act = office.act()
    known = {document.id for document in dossiers.documents(db, dossier)}
    for row in rows:
        page = PageId(str(row["id"]))
        before = dossiers.page(db, page)
        columns = {name: row[name] for name in _COLUMNS}
        if columns["document"] not in known:
            columns["document"] = None
        dossiers.set_page(db, page, **columns)
        if str(row["recipe"]) != _row(before)["recipe"]:
            dossiers.set_page(db, page, clean=None, text=None, screen=None)
            flow.look_at(db, dossiers.page(db, page), act)
        dossiers.note(db, act, what, page)
    _outdate(office, dossier)


def _outdate(office: Office, dossier: DossierId) -> None:
    """Edited pages make composed papers stale: back to draft, compose anew on confirmation."""
    db = office.vault.db
    if dossiers.get(db, dossier).state == "checked":
        dossiers.move_state(db, dossier, "draft", office.act())
    for document in dossiers.documents(db, dossier):
        dossiers.set_document(db, document.id, unsigned=None, prepared=None, pages=None)
