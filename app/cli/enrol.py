"""``enrol``: make this station known to a portal."""

from __future__ import annotations

import argparse

from app.cli.output import emit
from app.desk.opening import open_counter
from app.pipeline.stages import sending

HELP = "Ghi danh trạm với cổng / make this station known to a portal."
EXAMPLE = "python main.py enrol https://cong.example.vn --code ABCD-EFGH-IJKL"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("url")
    parser.add_argument("--code", default=None)
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    """Enrol and say under which name."""
    opened = open_counter(options.home, "cli")
    identity = sending.enrol_station(opened.office.vault, options.url.rstrip("/"), options.code)
    if options.json:
        emit({"station": identity.station_id, "portal": identity.portal_id})
    else:
        print(f"Trạm {identity.station_id} đã ghi danh tại {identity.portal_id}.")
    return 0
