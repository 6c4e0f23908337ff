"""``verify``: the verdict on signed PDFs."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from app.cli import known_error
from app.cli.output import emit, read_input, say
from app.clock import now
from app.domain.errors import Defect
from app.i18n import explain
from app.pipeline.stages import signfiles
from app.pipeline.stages.signfiles import Wish

HELP = "Kiểm tra chữ ký số trong PDF / verify signed PDFs."
EXAMPLE = "python main.py verify giay-to.pdf --trust root.pem --json"
WORDS = {
    "valid": "hợp lệ",
    "unverified": "nguyên vẹn, chưa đủ căn cứ kiểm tra",
    "outdated": "thuật toán cũ",
    "invalid": "không hợp lệ",
    "unsigned": "chưa ký số",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.pdf")
    parser.add_argument("--trust", type=Path, action="append", default=[], metavar="PEM")
    parser.add_argument("--crl", type=Path, action="append", default=[], metavar="F")
    parser.add_argument("--offline", action="store_true", help="không tải gì từ mạng (luôn đúng)")
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    """Print one verdict a file, one JSON value a line."""
    anchors, crls = signfiles.anchors_and_crls(options.home, options.trust, options.crl)
    wish = Wish(stamp=False, organ=None, form="", anchors=anchors, crls=crls)
    failed = False
    for path in options.files:
        try:
            report = signfiles.judge(read_input(path), wish, now())
        except Exception as error:
            known = known_error(error)
            if isinstance(known, Defect):
                raise
            failed = True
            say(f"{path.name}: {explain(known)}")
            continue
        if options.json:
            emit(
                {
                    "file": str(path),
                    "verdict": report.verdict,
                    "signatures": [asdict(item) for item in report.signatures],
                    "problems": list(report.problems),
                }
            )
        else:
            print(f"{path}: {WORDS[report.verdict]}")
    return 3 if failed else 0
