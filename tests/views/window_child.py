"""`python -m tests.views.window_child HOME PAGES`: a window at work in a process of its own.

Prints one JSON value: which heavy modules it has loaded, and how late its event loop was from the
scan to the portal's receipt while the clerk went through the pages.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from PySide6.QtWidgets import QApplication

from app.store import catalogue
from app.views.application import settle
from tests.views.loop_gap import LoopGap
from tests.views.views_kit import Clerk, at_the_desk, until

HEAVY = (
    "cv2", "numpy", "PIL", "tesserocr", "pytesseract", "pikepdf", "pyhanko", "img2pdf", "pkcs11",
    "pypdfium2", "fontTools",
)  # fmt: skip


def browse(clerk: Clerk) -> bool:
    """One step through the pages; whether all of them are read."""
    clerk.press("Right")
    return clerk.snapshot.settled >= clerk.snapshot.current


def measure(home: Path, pages: Path, limit_s: float) -> dict[str, object]:
    """Scan and recognise ``pages`` in a window on ``home``."""
    gap = LoopGap()
    with at_the_desk(home, f"simulated:{pages}") as clerk:
        settle(clerk.session.bridge)
        clerk.open_dossier("giay to theo bo", catalogue.LOOSE, "Trần Thị Mẫu")
        until(lambda: clerk.session.equipment.signer is not None, "the token is ready")
        gap.start()
        clerk.scan(limit_s)
        until(lambda: browse(clerk), "every page is read", limit_s)
        reading_ms = gap.largest_ms
        clerk.press("F8")
        until(lambda: any(paper.number for paper in clerk.snapshot.papers), "papers")
        clerk.leave_out_blanks()
        clerk.press("Ctrl+D")
        until(lambda: clerk.snapshot.signable, "the dossier can be signed")
        clerk.prepare(limit_s)
        clerk.type(clerk.session.equipment.practice_pin)
        clerk.press("Return")
        until(lambda: clerk.snapshot.dossier.state == "delivered", "delivered", limit_s)
        gap.stop()
        clerk.press("F12")
        checks = clerk.session.queue.rowCount
        until(lambda: clerk.window.doctor.list.model().rowCount() > 0 and checks(), "the doctor")
        return {
            "pages": clerk.snapshot.current,
            "reading_gap_ms": round(reading_ms, 1),
            "largest_gap_ms": round(gap.largest_ms, 1),
            "own_gap_ms": round(gap.largest_own_ms, 1),
            "p99_gap_ms": round(gap.p99_ms, 1),
            "ticks": len(gap.gaps_ms),
            "heavy": [name for name in HEAVY if name in sys.modules],
        }


def main() -> int:
    """Measure and print."""
    QApplication(sys.argv[:1])
    print(json.dumps(measure(Path(sys.argv[1]), Path(sys.argv[2]), 300.0)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
