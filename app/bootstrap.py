"""Composition root: which part of the program this process is.

Imports are lazy on purpose: a driver host loads no database, a worker no window, the window no
capability.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from app import paths

INTERNAL = frozenset({"work", "scan-host"})


def main(argv: Sequence[str]) -> int:
    """Run one process of the station.

    Returns:
        0 done, 1 a defect of ours, 2 usage, 3 a trouble of the world, 130 interrupted.
    """
    if argv and argv[0] == "scan-host":
        from scanner import host  # noqa: PLC0415 - a driver host loads nothing else

        return host.main(sys.stdin.buffer, sys.stdout.buffer)
    if argv and argv[0] == "work":
        return _work(argv[1:])
    from app.cli import run  # noqa: PLC0415 - workers never load the verbs

    return run(list(argv), desk)


def _work(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="main.py work", description="A worker (internal).")
    parser.add_argument("kind", choices=["scan", "image", "sign", "sync", "token"])
    parser.add_argument("--home", type=Path, default=paths.default_home())
    parser.add_argument("--light", action="store_true")
    parser.add_argument("--stay", action="store_true")
    parser.add_argument("--module", default="")
    options = parser.parse_args(argv)
    if options.kind == "token":
        from app.signing import token_worker  # noqa: PLC0415 - loads PKCS#11 and nothing else

        return token_worker.serve(options.module)
    from app.pipeline import worker  # noqa: PLC0415 - after the kinds that need no database

    post = worker.Post(
        options.kind, options.home, tuple(paths.command()), options.light, options.stay
    )
    return worker.run(post, sys.stdin.buffer, sys.stdout.buffer)


def desk(home: Path) -> int:
    """Open the clerk's window."""
    from app.views import application  # noqa: PLC0415 - Qt is loaded for the window only

    code: int = application.run(home)
    return code
