"""Reads one picture file whole and prints the most memory that took, in MiB, step by step."""

from __future__ import annotations

import os

os.environ["OMP_THREAD_LIMIT"] = "1"

import json
import sys
from pathlib import Path

from ocr.clean import clean
from ocr.decode import decode
from ocr.engine import open_engine
from ocr.page import recognise
from ocr.pictures import jpeg, screen, thumbnail
from ocr.warp import render


def _peak_mib() -> float:
    # Not getrusage: its figure starts at what the process held that started this one.
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def main(file: Path) -> None:
    engine = open_engine("api")
    peaks = {"engine": _peak_mib()}
    image, _ = decode(file.read_bytes())
    peaks["decode"] = _peak_mib()
    cleaned = clean(image, osd=engine)
    peaks["clean"] = _peak_mib()
    reading = recognise(image, cleaned, engine)
    peaks["recognise"] = _peak_mib()
    thumbnail(image, cleaned.geometry)
    screen(image, cleaned.geometry)
    jpeg(render(image, cleaned.geometry), 85)
    peaks["render"] = _peak_mib()
    print(json.dumps({"words": len(reading.text.words), **peaks}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
