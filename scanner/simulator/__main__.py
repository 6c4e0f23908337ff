"""Serve a folder of images as an eSCL scanner until interrupted.

Example: python -m scanner.simulator --pages samples --port 0 --plan faults.json --duplex
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from scanner.simulator.faults import PlanError, parse_plan
from scanner.simulator.server import SimulatorServer

USAGE = 2
CACHE_BYTES = 64 << 20


def _times(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


def main() -> int:
    """Exit code after the interruption; 2 for arguments that make no scanner."""
    parser = argparse.ArgumentParser(
        prog="python -m scanner.simulator",
        description="An eSCL scanner made of a folder of images, at http(s)://127.0.0.1:PORT/eSCL.",
        epilog="Example: python -m scanner.simulator --pages samples --port 8080 --duplex",
    )
    parser.add_argument("--pages", type=Path, required=True, help="one file per side, by name")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free port")
    parser.add_argument("--plan", type=Path, help='JSON: [{"sheet":3,"fault":"jam","times":1}]')
    parser.add_argument("--ipm", type=float, help="sides per minute")
    parser.add_argument("--duplex", action="store_true", help="the feeder reads both sides")
    parser.add_argument("--flatbed", action="store_true", help="there is a glass as well")
    parser.add_argument("--repeat", type=_times, default=1, help="times to go through the folder")
    parser.add_argument("--tls", action="store_true", help="https, with a new certificate")
    options = parser.parse_args()
    try:
        plan = parse_plan(json.loads(options.plan.read_bytes())) if options.plan else ()
        server = SimulatorServer(
            options.pages,
            options.port,
            plan,
            options.ipm,
            options.duplex,
            flatbed=options.flatbed,
            repeat=options.repeat,
            tls=options.tls,
            cache_bytes=CACHE_BYTES,
        )
    except (OSError, OverflowError, ValueError, PlanError) as error:
        parser.exit(USAGE, f"{parser.prog}: {error}\n")
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    server.start()
    sys.stdout.write(json.dumps({"url": server.url, "port": int(server.url.split(":")[2][:-5])}))
    sys.stdout.write("\n")
    sys.stdout.flush()
    over.wait()
    server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
