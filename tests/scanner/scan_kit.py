"""What the scanner tests share: pages on disk, one pass collected, a SANE configuration."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw

from scanner.completeness import with_side
from scanner.drivers.source import Delivered, Over
from scanner.model import Ended, ScanRequest, SideBegin, SideChunk, SideDropped, SideEnd
from scanner.remote import RemoteSource

HOST = (sys.executable, "-m", "scanner.host")
A4_200 = (1654, 2339)
ROOT = Path(__file__).resolve().parents[2]


def page_jpeg(number: int, size: tuple[int, int] = A4_200, dpi: int | None = 200) -> bytes:
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    for at in range(number + 1):
        draw.rectangle((100, 100 + 150 * at, 900, 180 + 150 * at), fill=(20 * number % 250, 60, 90))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85, **({"dpi": (dpi, dpi)} if dpi else {}))
    return out.getvalue()


def write_pages(folder: Path, count: int) -> list[bytes]:
    folder.mkdir(parents=True, exist_ok=True)
    pages = [page_jpeg(number) for number in range(count)]
    for number, data in enumerate(pages):
        (folder / f"trang-{number + 1:02}.jpg").write_bytes(data)
    return pages


@dataclass
class Collected:
    """Everything one pass gave, put together as a careful caller would."""

    sides: dict[int, bytes] = field(default_factory=dict)
    ends: list[SideEnd] = field(default_factory=list)
    dropped: list[SideDropped] = field(default_factory=list)
    ended: Ended | None = None
    order: list[str] = field(default_factory=list)

    @property
    def reason(self) -> str:
        assert self.ended is not None
        return self.ended.reason

    def data(self) -> list[bytes]:
        return [self.sides[end.seq] for end in self.ends]


def take(collected: Collected, event: object) -> None:
    """One more event; the order of events itself is checked here for every test."""
    assert collected.ended is None, f"{event} after the end"
    collected.order.append(type(event).__name__)
    if isinstance(event, SideBegin):
        assert event.seq not in collected.sides
        collected.sides[event.seq] = b""
    elif isinstance(event, SideChunk):
        assert event.seq == max(collected.sides)
        collected.sides[event.seq] += event.data
    elif isinstance(event, SideEnd):
        assert event.size_bytes == len(collected.sides[event.seq])
        collected.ends = with_side(collected.ends, event)
    elif isinstance(event, SideDropped):
        del collected.sides[event.seq]
        collected.dropped.append(event)
    elif isinstance(event, Ended):
        collected.ended = event


def run_pass(source: RemoteSource, request: ScanRequest) -> Collected:
    collected = Collected()
    for event in source.scan(request):
        take(collected, event)
        if isinstance(event, SideEnd):
            source.ack(event.seq)
    assert collected.ended is not None
    return collected


def scan(request: ScanRequest, env: dict[str, str] | None = None) -> Collected:
    source = RemoteSource(HOST, env)
    try:
        return run_pass(source, request)
    finally:
        source.close()


def sane_env(folder: Path, **options: object) -> dict[str, str]:
    """Environment in which libsane knows one device, `test:0`, with these initial options."""
    (folder / "dll.d").mkdir(parents=True)
    (folder / "dll.conf").write_text("test\n")
    known = {
        "number_of_devices": 1,
        "mode": "Color",
        "resolution": 300,
        "geometry_max": 300,
        "br_x": 210,
        "br_y": 297,
        **{
            name if name.startswith(("number", "geometry")) else name.replace("_", "-"): value
            for name, value in options.items()
        },
    }
    lines = [f"{name} {value}" for name, value in known.items()]
    (folder / "test.conf").write_text("\n".join(lines) + "\n")
    return {"SANE_CONFIG_DIR": str(folder)}


def hidden_driver_code(patch: str) -> tuple[str, ...]:
    """A host whose SANE driver does something more: `patch` runs before the host starts."""
    code = f"import os, sys\n{patch}\nfrom scanner import host\n"
    code += "os._exit(host.main(sys.stdin.buffer, sys.stdout.buffer))\n"
    return (sys.executable, "-c", code)


def reason(events: list[object]) -> str:
    """How a driver itself says that its pass ended."""
    over = events[-1]
    assert isinstance(over, Over)
    return over.reason


def kept(events: list[object]) -> list[bytes]:
    """The whole sides among the events of a driver itself."""
    sides: list[bytes] = []
    current = b""
    for event in events:
        if isinstance(event, SideBegin):
            current = b""
        elif isinstance(event, SideChunk):
            current += event.data
        elif isinstance(event, Delivered):
            sides.append(current)
    return sides


def scanimage_pnm(env: dict[str, str], *options: str) -> bytes:
    """The page that SANE's own front end reads from the `test` device, as PNM."""
    done = subprocess.run(
        ["scanimage", "-d", "test:0", "--format=pnm", *options],
        env={**os.environ, **env},
        capture_output=True,
        check=True,
        timeout=60,
    )
    return done.stdout
