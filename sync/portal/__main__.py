"""``python -m sync.portal --data DIR --port N``: the portal alone, without checking signatures."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from pathlib import Path

from sync.errors import SyncError
from sync.portal.receipts import HANOI
from sync.portal.server import serve


def main() -> int:
    """The exit code after serving."""
    parser = argparse.ArgumentParser(prog="python -m sync.portal", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the portal")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--require-code", action="store_true")
    asked = parser.parse_args()
    try:
        return serve(
            asked.data,
            asked.host,
            asked.port,
            require_code=asked.require_code,
            check_document=None,
            announce=_announce,
            clock=_now,
        )
    except SyncError as error:
        sys.stderr.write(f"{error}\n")
        return 3


def _announce(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _now() -> dt.datetime:
    return dt.datetime.now(HANOI)  # noqa: TID251 - a process of its own has no other clock


if __name__ == "__main__":
    sys.exit(main())
