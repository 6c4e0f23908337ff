"""The options that ``ocr`` and ``pack`` share: inputs, processes and the recogniser."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Final

from app.cli.output import say
from app.cli.progress import Progress
from app.domain.errors import Defect, DeskError, Trouble
from app.i18n import explain
from app.pipeline.stages.loose import Frame
from app.pipeline.stages.models import CHOICES, model_folder
from app.pipeline.stages.page_task import Outcome, Reader

MAX_JOBS: Final = 64
DEFECT, TROUBLE = 1, 3


def add(parser: argparse.ArgumentParser) -> None:
    """The shared options."""
    parser.add_argument(
        "images", nargs="+", type=Path, metavar="IMAGE", help="ảnh, tệp PDF quét hoặc thư mục"
    )
    parser.add_argument(
        "--jobs", type=_jobs, default=min(MAX_JOBS, os.cpu_count() or 1), metavar="N",
        help="số tiến trình cùng đọc (mặc định: số lõi)",
    )  # fmt: skip
    parser.add_argument(
        "--language", default="vie", metavar="CODE", help="mô hình chữ, ví dụ vie hoặc vie+eng"
    )
    parser.add_argument(
        "--models", default=CHOICES[0], metavar="fast|best|DIR", help="bộ mô hình đọc chữ"
    )
    parser.add_argument("--json", action="store_true")


def _jobs(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_JOBS:
        return int(text)
    raise argparse.ArgumentTypeError(f"1…{MAX_JOBS}: {text}")


def reader(options: argparse.Namespace) -> Reader:
    """The recogniser that was asked for.

    Raises:
        Trouble: ocr.no_language.
    """
    return Reader(options.language, model_folder(options.models, options.language))


class Told:
    """What went wrong is said once, above the progress line, and decides the exit code."""

    def __init__(self, bar: Progress, *, debug: bool) -> None:
        self._bar = bar
        self._debug = debug
        self.code = 0
        self.bad: list[Frame] = []

    def seen(self, frame: Frame, done: Outcome) -> None:
        """A page is done, well or badly."""
        if done.trouble is not None:
            error = trouble_of(done)
            self.code = DEFECT if DEFECT in {self.code, _code(error)} else TROUBLE
            self.bad.append(frame)
            self._bar.wipe()
            say(f"{frame.label}: {explain(error)}")
            if self._debug and done.trace:
                sys.stderr.write(done.trace)
        self._bar.step(frame.label, reused=done.reused)


def trouble_of(done: Outcome) -> DeskError:
    """The trouble of a bad page."""
    slug, params = done.trouble or ("defect.unexpected", {"kind": "None"})
    kind = Defect if slug.startswith("defect.") else Trouble
    return kind.of(slug, params)


def _code(error: DeskError) -> int:
    return DEFECT if isinstance(error, Defect) else TROUBLE
