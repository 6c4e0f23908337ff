"""``pack``: images in, one searchable PDF/A out."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from app.cli import NotYetError
from app.cli.output import emit, say, write_whole
from app.clock import source_date
from app.i18n import explain
from app.pipeline.stages import reading
from app.pipeline.stages.reading import Metadata

HELP = "Đóng gói ảnh thành PDF/A tìm kiếm được / images to searchable PDF/A."
EXAMPLE = "python main.py pack trang1.jpg trang2.jpg -o ho-so.pdf --title 'Tờ khai'"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    parser.add_argument("-o", "--out", type=Path, required=True, dest="out")
    parser.add_argument("--title", default="")
    parser.add_argument(
        "--profile", choices=["faithful", "standard", "compact"], default="faithful"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    """Pack all images, or none when one is bad."""
    if options.profile != "faithful":
        raise NotYetError(f"--profile {options.profile}")
    started = time.perf_counter()
    found = reading.frames(options.images)
    read = list(reading.read_all(found, options.jobs, pictures_too=False))
    trouble = reading.first_trouble(read)
    if trouble is not None:
        say(f"{trouble.params.get('name', '')}: {explain(trouble)}")
        return 3
    title = options.title or options.out.stem
    pdf = reading.pack(read, Metadata(title=title, created=source_date()))
    write_whole(options.out, pdf)
    sizes = {page.frame.path: page.frame.path.stat().st_size for page in read}
    if options.json:
        emit(
            {
                "out": str(options.out),
                "pdfa": "2u",
                "pages": [{**p.report(), "bytes": sizes[p.frame.path]} for p in read],
                "seconds": round(time.perf_counter() - started, 3),
            }
        )
    else:
        print(options.out)
    return 0
