"""``devices``: which scanners answer."""

from __future__ import annotations

import argparse

from app import paths
from app.cli.output import emit
from app.pipeline.stages import scanning

HELP = "Liệt kê máy quét / list scanners."
EXAMPLE = "python main.py devices --json"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    """Print the scanners."""
    found = scanning.devices(options.home, paths.command())
    rows = [
        {
            "id": device.id,
            "vendor": device.vendor,
            "model": device.model,
            "sources": list(device.sources),
            "dpi": list(device.dpi),
            "duplex": device.duplex,
        }
        for device in found
    ]
    if options.json:
        emit(rows)
    else:
        for row in rows:
            print(f"{row['id']}\t{row['vendor']} {row['model']}")
        if not rows:
            print("Không thấy máy quét nào.")
    return 0
