"""How small papers may become and which models read them: the office's choice, kept in a file.

The office's file ``papers.toml``: ``packing`` and ``models`` for everything, ``[kind.KIND]`` with a
``packing`` of its own. What is wrong in it is named with its line; then papers are packed
faithfully and read by the usual models, and work goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app import paths
from app.desk import office_text
from app.desk.office import Office
from app.desk.office_text import OfficeText
from app.domain.errors import Trouble
from app.pipeline.stages.models import CHOICES as MODELS
from app.pipeline.stages.models import model_folder
from app.store import catalogue, dossiers
from app.store.database import transaction

PACKINGS = ("faithful", "standard", "compact")
FILE = "papers.toml"


@dataclass(frozen=True, slots=True)
class Choices:
    """What counts at this station.

    Attributes:
        packing: of a paper whose kind has none of its own.
        kinds: packing by kind of paper.
        models: ``fast``, ``best`` or the full path of a folder with models.
        problems: what is wrong in the file.
    """

    packing: str = PACKINGS[0]
    kinds: Mapping[str, str] = field(default_factory=dict)
    models: str = MODELS[0]
    problems: tuple[Trouble, ...] = ()

    def packing_of(self, kind: str) -> str:
        """How a paper of ``kind`` is packed."""
        return self.kinds.get(kind, self.packing)


def load(office: Path | None = None) -> Choices:
    """The choices that hold now.

    Args:
        office: the office's file; None is the place where this system keeps it.
    """
    place = office or paths.office_file(FILE)
    if place is None:
        return Choices()
    try:
        text = office_text.read(place)
        return Choices() if text is None else _choices(text)
    except Trouble as problem:
        return Choices(problems=(problem,))


def remember(office: Office) -> None:
    """Let pages that are read from now on be read with the chosen models."""
    models = load().models
    if dossiers.setting(office.vault.db, "ocr.models", MODELS[0]) != models:
        with transaction(office.vault.db) as db:
            dossiers.set_setting(db, "ocr.models", models)
            dossiers.note(db, office.act(), "ocr.models", "", models=models)


def _present(models: str) -> bool:
    try:
        model_folder(models)
    except Trouble:
        return False
    return True


def _choices(text: OfficeText) -> Choices:
    found = text.parsed()
    problems = [text.unknown(key, "") for key in sorted(set(found) - {"packing", "models", "kind"})]
    packing = found.get("packing", PACKINGS[0])
    if packing not in PACKINGS:
        problems.append(text.wrong("packing", "", ", ".join(PACKINGS)))
        packing = PACKINGS[0]
    models = found.get("models", MODELS[0])
    if not isinstance(models, str) or not (models in MODELS or Path(models).is_absolute()):
        problems.append(text.wrong("models", "", f"{', '.join(MODELS)}, /…"))
        models = MODELS[0]
    elif not _present(models):
        problems.append(text.wrong("models", "", f"{models}/vie.traineddata"))
        models = MODELS[0]
    kinds: dict[str, str] = {}
    tables = found.get("kind", {})
    known = sorted({row.kind for row in catalogue.paper_kinds()} | {"other"})
    for kind, table in tables.items() if isinstance(tables, dict) else ():
        header = f"kind.{kind}"
        if kind not in known:
            problems.append(text.wrong(kind, "kind", ", ".join(known)))
        elif not isinstance(table, dict):
            problems.append(text.wrong(kind, "kind", f"[{header}]"))
        elif table.get("packing") not in PACKINGS:
            problems.append(text.wrong("packing", header, ", ".join(PACKINGS)))
        else:
            kinds[kind] = table["packing"]
            problems += [text.unknown(key, header) for key in sorted(set(table) - {"packing"})]
    if not isinstance(tables, dict):
        problems.append(text.wrong("kind", "", "[kind.…]"))
    return Choices(str(packing), kinds, str(models), tuple(problems))
