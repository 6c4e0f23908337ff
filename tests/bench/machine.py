"""The machine a figure was taken on, and the document that keeps figures."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path


class LackingError(RuntimeError):
    """This machine lacks something a measurement needs; the message says what to install."""


def describe() -> dict[str, str | int | float]:
    """Give date, cores, processor, memory, system and load before the run."""
    return {
        "date": time.strftime("%Y-%m-%d"),
        "cores": os.cpu_count() or 1,
        "cpu": _field("/proc/cpuinfo", "model name") or platform.processor() or "unknown",
        "memory": _field("/proc/meminfo", "MemTotal"),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def line(found: dict[str, str | int | float]) -> str:
    """Give the description as one line."""
    return (
        f"{found['date']}, {found['cores']} × {found['cpu']}, {found['memory']}, "
        f"{found['system']}, Python {found['python']}, load before the run {found['load_before']}"
    )


def append(document: Path, name: str, text: str) -> None:
    """Add one dated table to the document."""
    start = document.read_text(encoding="utf-8") if document.exists() else "# Figures\n"
    document.write_text(f"{start.rstrip()}\n\n## {name}\n\n{text.rstrip()}\n", encoding="utf-8")


def _field(path: str, key: str) -> str:
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    for row in text.splitlines():
        head, _, value = row.partition(":")
        if head.strip() == key:
            return value.strip()
    return ""
