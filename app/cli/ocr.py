"""``ocr``: text, words with boxes, fields and the cleaned picture of each page."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

from app.cli import reading_options
from app.cli.output import emit, say
from app.cli.progress import Progress
from app.cli.reading_options import Told
from app.pipeline.crew import Crew
from app.pipeline.stages import loose, parts
from app.pipeline.stages.gathering import Gathering, PageCrew
from app.pipeline.stages.loose import Frame
from app.pipeline.stages.page_task import READ, ForText

HELP = "Đọc chữ trong ảnh, tệp PDF quét hoặc cả thư mục / recognise pictures and scanned PDFs."
EXAMPLE = """python main.py ocr trang1.jpg trang2.png --out ket-qua
       python main.py ocr quet/ --out ket-qua --jobs 4 --json"""
WORKSHOP = ".ocr.parts"
USAGE = 2


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    reading_options.add(parser)
    parser.add_argument("--out", type=Path, required=True, help="thư mục kết quả")
    parser.add_argument(
        "--force", action="store_true", help="đọc lại cả trang đã có kết quả của cùng ảnh"
    )


def run(options: argparse.Namespace) -> int:
    """Read every page; a bad one is reported and the others are done."""
    reader = reading_options.reader(options)
    crew: PageCrew = Crew(READ, options.jobs)
    with crew:
        found = loose.frames(options.images)
        wrong = _clash(found, options.out)
        if wrong:
            say(wrong)
            return USAGE
        made = not options.out.exists()
        with parts.workshop(options.out / WORKSHOP) as workshop, Progress(len(found)) as bar:
            try:
                purpose = ForText(options.out, workshop, again=options.force)
                told = Told(bar, debug=options.debug)
                gathering = Gathering(crew, found, reader, purpose, told.seen)
                return _read(options, gathering, told)
            finally:
                parts.clear(workshop)
                if made:
                    with contextlib.suppress(OSError):
                        options.out.rmdir()  # nothing came of any page


def _read(options: argparse.Namespace, gathering: Gathering, told: Told) -> int:
    rows: list[dict[str, object]] = []
    for frame, done in gathering.in_order():
        if done.trouble is not None:
            rows.append({"source": frame.path.name, "slug": done.trouble[0]})
            continue
        rows.append({**done.report, "seconds": done.seconds})
        if not options.json:
            print(options.out / f"{frame.name}.txt", flush=True)
    if options.json:
        emit(rows)
    return told.code


def _clash(found: tuple[Frame, ...], out: Path) -> str:
    """What would be overwritten, as a sentence, or nothing."""
    names = {frame.name.casefold() for frame in found}
    if len(names) < len(found):
        return "ocr: hai ảnh trùng tên sẽ ghi đè nhau / two images of one name: use two --out"
    inputs = {frame.path.resolve() for frame in found}
    if any((out / f"{frame.name}.jpg").resolve() in inputs for frame in found):
        return "ocr: kết quả sẽ ghi đè ảnh gốc / --out would overwrite the scans: name another one"
    return ""
