"""``separators``: sheets to print that part the papers of a stack."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from app.cli.output import emit
from app.clock import now, source_date
from app.domain.errors import Trouble
from app.domain.procedure import Procedure
from app.domain.separators import MAX_PART, Separator, encode
from app.files import write_whole
from app.pipeline.stages import separators
from app.pipeline.stages.separators import Sheet
from app.store import catalogue

HELP = "In tờ phân cách giấy tờ / separator sheets to print."
EXAMPLE = "python main.py separators -o phan-cach.pdf --procedure 1.000894"
_MAX_COPIES = 100


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("-o", "--out", type=Path, required=True, dest="out")
    parser.add_argument("--procedure", metavar="CODE", help="thủ tục; mỗi thành phần một tờ")
    parser.add_argument(
        "--paper", action="append", default=[], metavar="COMPONENT_OR_KIND", help="giấy tờ"
    )
    parser.add_argument("--dossier", type=_code, metavar="CODE", help="mã hồ sơ")
    parser.add_argument("--patch-t", action="store_true", help="thêm tờ Patch-T, chỉ để tách")
    parser.add_argument("--copies", type=_copies, default=1, metavar="N", help="số bản mỗi tờ")
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    """Write the sheets as one PDF/A."""
    procedure = None
    if options.procedure:
        procedure = catalogue.on(options.procedure, now().date())
    sheets = list(_sheets(options, procedure))
    printed = [sheet for sheet in sheets for _ in range(options.copies)]
    write_whole(options.out, separators.print_sheets(printed, source_date()))
    if options.json:
        emit(
            {
                "out": str(options.out),
                "pdfa": "2u",
                "copies": options.copies,
                "sheets": [_report(sheet) for sheet in sheets],
            }
        )
    else:
        print(options.out)
    return 0


def _sheets(options: argparse.Namespace, procedure: Procedure | None) -> Iterator[Sheet]:
    """Named sheets first, then the plain one; without any wish, one that only cuts."""
    papers: Sequence[str] = options.paper
    dossier = options.dossier or ""
    if procedure is not None and not papers:
        papers = [component.id for component in procedure.components if component.imaged]
    code = procedure.code if procedure is not None else ""
    for paper in papers:
        name = _paper_name(paper, procedure)
        separator = Separator(code, paper, dossier)
        yield Sheet(separator, procedure.name if procedure else "", name)
    if not papers and (dossier or not options.patch_t):
        name = procedure.name if procedure else ""
        yield Sheet(Separator(code, "", dossier), name)
    if options.patch_t:
        yield Sheet(None)


def _paper_name(paper: str, procedure: Procedure | None) -> str:
    """What people call a component or a kind of paper.

    Raises:
        Trouble: separators.unknown_paper, separators.presented_only.
    """
    component = procedure.component(paper) if procedure is not None else None
    if component is not None:
        if not component.imaged:
            raise Trouble("separators.presented_only", name=component.name)
        return component.name
    kind = next((kind for kind in catalogue.paper_kinds() if kind.kind == paper), None)
    if kind is None:
        raise Trouble("separators.unknown_paper", name=paper)
    return kind.title


def _report(sheet: Sheet) -> dict[str, str]:
    separator = sheet.separator
    if separator is None:
        return {"code": "PATCHT", "procedure": "", "paper": "", "dossier": "", "name": ""}
    return {
        "code": encode(separator),
        "procedure": separator.procedure,
        "paper": separator.component,
        "dossier": separator.dossier,
        "name": sheet.paper_name,
    }


def _code(text: str) -> str:
    """A dossier's code as a sheet can carry it."""
    code = text.strip()
    if not (code and len(code) <= MAX_PART and code.isascii() and code.isprintable()):
        raise argparse.ArgumentTypeError(f"{text!r}")
    return code


def _copies(text: str) -> int:
    number = int(text)
    if not 1 <= number <= _MAX_COPIES:
        raise argparse.ArgumentTypeError(f"1..{_MAX_COPIES}")
    return number
