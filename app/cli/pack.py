"""``pack``: pictures and scanned PDFs in, one searchable PDF/A out."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Final

from app.cli import reading_options
from app.cli.output import emit, say
from app.cli.progress import Progress
from app.cli.reading_options import Told
from app.clock import source_date
from app.domain.errors import Trouble
from app.pipeline.crew import Crew, interrupts_later
from app.pipeline.stages import loose, parts
from app.pipeline.stages.gathering import Gathering, PageCrew
from app.pipeline.stages.loose import Frame
from app.pipeline.stages.page_task import READ, ForPackage

HELP = "Đóng gói ảnh, tệp PDF quét thành PDF/A tìm kiếm được / pictures to searchable PDF/A."
EXAMPLE = """python main.py pack trang1.jpg trang2.jpg -o ho-so.pdf --title 'Tờ khai'
       python main.py pack quet/ -o ho-so.pdf --profile compact --jobs 4 --json"""
WORTH_KEEPING: Final = 20
"""Pages read in vain that are kept for the next run; fewer are read again in half a minute."""
USAGE: Final = 2


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    reading_options.add(parser)
    parser.add_argument(
        "-o", "--out", type=Path, required=True, dest="out", metavar="OUT.pdf", help="tệp kết quả"
    )
    parser.add_argument(
        "--profile",
        choices=["faithful", "standard", "compact"],
        default="faithful",
        help="nguyên bản (mặc định), nhỏ hơn, hoặc nhỏ nhất",
    )
    parser.add_argument(
        "--pdfa", choices=["2u", "2b"], default="2u", help="mức PDF/A (mặc định 2u)"
    )
    parser.add_argument("--title", default="", help="tên giấy tờ (mặc định: tên tệp)")
    parser.add_argument("--doc-code", metavar="CODE", help="số và ký hiệu, hoặc mã trong hồ sơ")
    parser.add_argument("--organ", metavar="NAME", help="cơ quan ban hành hoặc số hóa")
    parser.add_argument("--subject", metavar="TEXT", help="trích yếu")
    parser.add_argument("--author", metavar="NAME", help="người làm bản số hóa")


def run(options: argparse.Namespace) -> int:
    """Pack all pages, or none when one is bad."""
    started = time.perf_counter()
    reader = reading_options.reader(options)
    out: Path = options.out
    if out.is_dir():
        raise Trouble("file.io", name=out.name, why="là một thư mục / is a folder")
    crew: PageCrew = Crew(READ, options.jobs)
    with crew:
        found = loose.frames(options.images)
        if out.resolve() in {frame.path.resolve() for frame in found}:
            say("pack: -o sẽ ghi đè tệp gốc / -o would overwrite an input")
            return USAGE
        folder = out.with_name(f".{out.name}.parts")
        with parts.workshop(folder) as workshop, Progress(len(found)) as bar:
            told = Told(bar, debug=options.debug)
            purpose = ForPackage(workshop, options.profile)
            gathering = Gathering(crew, found, reader, purpose, told.seen)
            try:
                rows = _bind(options, found, workshop, gathering, told)
            except KeyboardInterrupt:
                _leave(workshop, 1)
                raise
            except BaseException:
                _leave(workshop, WORTH_KEEPING)
                raise
            if rows is None:
                _leave(workshop, WORTH_KEEPING)
                return told.code
            parts.clear(workshop)
    if options.json:
        seconds = round(time.perf_counter() - started, 3)
        emit({"out": str(out), "pdfa": options.pdfa, "pages": rows, "seconds": seconds})
    else:
        print(out)
    return 0


def _bind(
    options: argparse.Namespace,
    found: tuple[Frame, ...],
    workshop: Path,
    gathering: Gathering,
    told: Told,
) -> list[dict[str, object]] | None:
    """The rows of the report once the package is in its place; None when a page is bad."""
    # Loaded here, while the crew loads what reading takes. Ctrl-C waits: libraries in C that are
    # cut off while they load make another error of it.
    with interrupts_later():
        from app.pipeline.stages.binding import BadPagesError, Metadata, bind  # noqa: PLC0415

    meta = Metadata(
        title=options.title or options.out.stem,
        author=options.author,
        organ=options.organ,
        doc_code=options.doc_code,
        subject=options.subject,
        created=source_date(),
    )
    try:
        whole = bind(found, workshop, gathering.outcome, meta, options.pdfa)
    except BadPagesError:
        for _ in gathering.in_order():  # the other bad ones are named as well
            pass
        return None
    if told.code:
        return None
    whole.replace(options.out)
    return [dict(done.report) for _, done in gathering.in_order()]


def _leave(workshop: Path, worth: int) -> None:
    """Clear the workshop unless it holds enough work that a next run can take over."""
    parts.sweep(workshop)
    kept = sum(1 for _ in workshop.glob("*.part"))
    if kept < worth:
        parts.clear(workshop)
    else:
        say(f"pack: {kept} trang đã đọc được giữ ở «{workshop.name}» cho lần chạy lại / kept")
