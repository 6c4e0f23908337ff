"""``doctor``: is everything here that the counter needs?"""

from __future__ import annotations

import argparse

from app.cli.output import emit
from app.desk import health

HELP = "Kiểm tra máy trạm / check this station."
EXAMPLE = "python main.py doctor --json"
WORDS = {"ok": "đạt", "warn": "lưu ý", "fail": "hỏng"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    """Print each check with its advice; 3 when one fails."""
    checks = health.examine(options.home)
    if options.json:
        emit([{"check": c.check, "state": c.state, "advice": c.advice} for c in checks])
    else:
        for check in checks:
            print(f"{WORDS[check.state]:>6}  {check.check}  {check.advice}".rstrip())
    return 3 if any(check.state == "fail" for check in checks) else 0
