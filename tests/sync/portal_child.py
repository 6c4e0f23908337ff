"""A portal as a process of its own that dies at a chosen step of the storage order."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from sync.portal import serve
from tests.sync.kit import now


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--die-at", default="")
    parser.add_argument("--nth", type=int, default=1)
    asked = parser.parse_args()
    passed = 0

    def hop(name: str) -> None:
        nonlocal passed
        passed += name == asked.die_at
        if name == asked.die_at and passed == asked.nth:
            os.kill(os.getpid(), signal.SIGKILL)

    def announce(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    return serve(asked.data, "127.0.0.1", asked.port, False, None, announce, clock=now, hop=hop)


if __name__ == "__main__":
    sys.exit(main())
