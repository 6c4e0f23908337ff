"""``ocr``: text, words with boxes and the cleaned picture of each image."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from app.cli.output import emit, say, write_whole
from app.domain.errors import Trouble
from app.i18n import explain
from app.pipeline.stages import reading
from app.pipeline.stages.reading import ReadPage

HELP = "Đọc chữ trong ảnh / recognise images."
EXAMPLE = "python main.py ocr trang1.jpg trang2.png --out ket-qua"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    """Read every image; a bad one is reported and the others are done."""
    rows: list[dict[str, object]] = []
    failed = False
    found = reading.frames(options.images)
    if len({frame.name for frame in found}) < len(found):
        say("ocr: hai ảnh trùng tên sẽ ghi đè nhau / two images of one name: use two --out")
        return 2
    for page in reading.read_all(found, options.jobs, pictures_too=True):
        if page.trouble is not None:
            failed = True
            say(f"{page.frame.path.name}: {explain(Trouble.of(*page.trouble))}")
            rows.append({"source": page.frame.path.name, "slug": page.trouble[0]})
            continue
        _write(options.out, page)
        rows.append({**page.report(), "seconds": round(page.seconds, 3)})
        if not options.json:
            print(options.out / f"{page.frame.name}.txt")
    if options.json:
        emit(rows)
    return 3 if failed else 0


def _words(text: reading.PageText) -> dict[str, object]:
    rows = [
        {"text": word.text, "box": list(word.box), "conf": word.conf, "line": word.line}
        for word in text.words
    ]
    return {"width_px": text.width_px, "height_px": text.height_px, "words": rows}


def _write(out: Path, page: ReadPage) -> None:
    """Three files for each page; ``fields`` stays empty until field recognition exists."""
    body = {
        "source": page.frame.path.name,
        **_words(reading.PageText.from_json(page.text)),
        "facts": {**json.loads(page.clean)["facts"], **page.report()},
        "fields": [],
    }
    plain = reading.PageText.from_json(page.text).text
    data = json.dumps(body, ensure_ascii=False, sort_keys=True, indent=1)
    write_whole(out / f"{page.frame.name}.jpg", page.picture)
    write_whole(out / f"{page.frame.name}.json", data.encode())
    write_whole(out / f"{page.frame.name}.txt", plain.encode() + b"\n")
