"""``devices``: which scanners answer."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from app import paths
from app.cli.output import emit, say
from app.desk.scanners import UNTRIED
from app.pipeline.stages import scanning

HELP = "Liệt kê máy quét / list scanners."
EXAMPLE = "python main.py devices --json"
HEADS = ("Máy quét", "Nguồn giấy", "Hai mặt", "dpi", "Mã (dùng cho scan --device)")
SOURCES = {"feeder": "khay nạp", "flatbed": "mặt kính"}
MISSING = (
    "Không thấy máy quét thật nào. Kiểm tra nguồn và dây; máy mạng không tự báo thì dùng"
    " scan --device escl:http://ĐỊA-CHỈ/eSCL."
)
UNKNOWN, NOTE = "chưa rõ", "(chưa thử trên máy thật)"


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
        for line in _table([HEADS, *(_cells(device) for device in found)]):
            print(line)
        if all(device.driver == "simulated" for device in found):
            say(MISSING)
    return 0


def _cells(device: scanning.Device) -> tuple[str, ...]:
    name = f"{device.vendor} {device.model}".strip()
    if device.driver in UNTRIED:
        name += f" {NOTE}"
    sources = ", ".join(SOURCES.get(source, source) for source in device.sources)
    duplex = ("có" if device.duplex else "không") if device.sources else UNKNOWN
    return name, sources or UNKNOWN, duplex, _span(device.dpi), device.id


def _span(dpi: Sequence[int]) -> str:
    """The resolutions, or the least and the greatest of many."""
    few = 4
    if len(dpi) > few:
        return f"{dpi[0]}–{dpi[-1]}"
    return ", ".join(str(number) for number in dpi) or UNKNOWN


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
