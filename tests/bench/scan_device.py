"""`python -m tests.bench.scan_device PAGES LOG [IPM]`: the simulated scanner, keeping a log.

Each line of the log is the moment, in seconds of the clock all processes share, at which the device
had sent the last byte of a side.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.simulator.server import SimulatorServer

if TYPE_CHECKING:
    from scanner.simulator.tray import Job, Side


def main(pages: Path, log: Path, ipm: float | None) -> None:
    """Serve until told to end; the address is printed as JSON."""
    server = SimulatorServer(pages, ipm=ipm, duplex=True)
    settle = server.tray.settle
    with log.open("w", encoding="ascii") as lines:

        def noted(job: Job, side: Side, *, whole: bool) -> None:
            lines.write(f"{time.monotonic():.6f}\n")
            lines.flush()
            settle(job, side, whole=whole)

        server.tray.settle = noted  # type: ignore[method-assign]
        over = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: over.set())
        server.start()
        print(json.dumps({"url": server.url}), flush=True)
        over.wait()
        server.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) > 3 else None)
