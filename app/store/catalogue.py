"""The catalogue of procedures and kinds of papers, from dated files under ``resources``."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from functools import lru_cache

from app import paths
from app.domain.errors import Defect, Trouble
from app.domain.grouping import PaperKind, fold
from app.domain.procedure import ACQUISITIONS, CODE, Component, Procedure

LOOSE = "0.000000"
"""The open-ended procedure: whatever papers are handed in, one component each."""


@lru_cache(maxsize=1)
def _files() -> tuple[Mapping[str, object], ...]:
    folder = paths.resources() / "procedures"
    return tuple(json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json")))


def _component(row: Mapping[str, object]) -> Component:
    acq = str(row["acq"])
    if acq not in ACQUISITIONS:
        raise Defect("catalogue.acq", acq=acq)
    kinds = row.get("kinds", [])
    return Component(
        id=str(row["id"]),
        name=str(row["name"]),
        acq=acq,
        required=bool(row.get("required", False)),
        kinds=tuple(str(kind) for kind in kinds) if isinstance(kinds, list) else (),
    )


@lru_cache(maxsize=1)
def _versions() -> tuple[tuple[dt.date, dt.date | None, Procedure], ...]:
    found = []
    for file in _files():
        code = str(file["code"])
        if not (CODE.match(code) or file.get("irregular")):
            raise Defect("catalogue.code", code=code)
        versions = file["versions"]
        if not isinstance(versions, list):
            raise Defect("catalogue.versions", code=code)
        for version in versions:
            until = version.get("effective_to")
            procedure = Procedure(
                code=code,
                version=str(version["version"]),
                name=str(file["name"]),
                field=str(file["field"]),
                components=tuple(_component(row) for row in version["components"]),
                open_ended=bool(file.get("open_ended", False)),
            )
            since = dt.date.fromisoformat(str(version["effective_from"]))
            found.append((since, dt.date.fromisoformat(until) if until else None, procedure))
    return tuple(found)


def procedure(code: str, version: str) -> Procedure:
    """The version of a procedure a dossier was received under.

    Raises:
        Trouble: catalogue.unknown.
    """
    for _, _, found in _versions():
        if (found.code, found.version) == (code, version):
            return found
    raise Trouble("catalogue.unknown", code=code)


def on(code: str, day: dt.date) -> Procedure:
    """The version of a procedure in force on ``day``.

    Raises:
        Trouble: catalogue.unknown.
    """
    for since, until, found in _versions():
        if found.code == code and since <= day and (until is None or day <= until):
            return found
    raise Trouble("catalogue.unknown", code=code)


def search(text: str, day: dt.date, limit: int = 20) -> tuple[Procedure, ...]:
    """Procedures in force on ``day`` by code, unaccented words or initials, best first."""
    words = fold(text).split()
    ranked = []
    for since, until, found in _versions():
        if since > day or (until is not None and day > until):
            continue
        name = fold(found.name)
        initials = "".join(word[0] for word in name.split())
        joined = "".join(words)
        if not words:
            rank = 3
        elif found.code.startswith(joined) or joined == initials:
            rank = 0
        elif initials.startswith(joined):
            rank = 1
        elif all(any(part.startswith(word) for part in name.split()) for word in words):
            rank = 2
        elif joined in initials or all(word in name for word in words):
            rank = 3
        else:
            continue
        ranked.append((rank, found.name, found))
    ranked.sort(key=lambda item: item[:2])
    return tuple(found for _, _, found in ranked[:limit])


@lru_cache(maxsize=1)
def paper_kinds() -> tuple[PaperKind, ...]:
    """Kinds of papers and the titles they are known by."""
    path = paths.resources() / "rules" / "paper_kinds.json"
    rows = json.loads(path.read_text("utf-8"))["kinds"]
    return tuple(
        PaperKind(r["kind"], r["title"], tuple(r["phrases"]), tuple(r.get("lines", ())))
        for r in rows
    )
