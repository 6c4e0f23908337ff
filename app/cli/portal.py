"""``portal``: the reference portal, and a look at what it holds."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from app.cli.output import emit
from app.pipeline.stages import portal

HELP = "Cổng mẫu: nhận hồ sơ, cấp mã, trả biên nhận / reference portal."
EXAMPLE = "python main.py portal --port 8080"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080, help="0: cổng trống bất kỳ")
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--require-code", action="store_true")
    parser.add_argument("--until-stdin-closes", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--dump", action="store_true")
    parser.add_argument("--out", type=Path, default=None, help="cùng --dump: ghi các PDF ra đây")
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    """Serve, or dump what was received."""
    data = options.data or options.home / "portal"
    if options.dump:
        rows = [asdict(row) for row in portal.dump(data, options.out)]
        for row in rows:
            for paper in row["papers"]:
                paper["file"] = str(paper["file"]) if paper["file"] else None
                if paper["file"] is None:
                    del paper["file"]
        if options.json:
            emit(rows)
        else:
            for row in rows:
                print(f"{row['code']}\t{row['state']}\t{len(row['papers'])} giấy tờ")
        return 0
    return portal.serve(
        data,
        options.host,
        options.port,
        require_code=options.require_code,
        until_stdin_closes=options.until_stdin_closes,
        announce=_announce_json if options.json else _announce,
    )


def _announce(line: str) -> None:
    print(line, flush=True)


def _announce_json(line: str) -> None:
    name, _, value = line.partition(" ")
    emit({name: value or True})
