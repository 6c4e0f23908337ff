"""`python -m tests.views.screenshots [--out DIR]`: the pictures of the README from a real run.

The built-in sample goes through the window from F2 to the receipt, with real workers, the practice
token and the practice portal. With no display it runs under ``xvfb-run`` or offscreen.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QCursor, QImage
from PySide6.QtWidgets import QApplication, QToolButton

from app.desk import training
from app.store import catalogue
from tests.views.views_kit import Clerk, at_the_desk, until

ROOT = Path(__file__).resolve().parents[2]
SIZE = QSize(1440, 900)
LARGEST_BYTES, BRIGHT, STEP = 300_000, 40, 2
PLAIN = Qt.ImageConversionFlag.ThresholdDither | Qt.ImageConversionFlag.AvoidDither
PATIENCE_S = 300.0
APPLICANT = "Nguyễn Văn Mẫu"
"""Invented."""


def shoot(clerk: Clerk, out: Path, name: str) -> None:
    """Write the window as ``name.png`` in 256 colours of its own."""
    canvas = clerk.window.reception.canvas
    until(lambda: not canvas.waits, "the picture of the page is there")
    for button in clerk.window.findChildren(QToolButton):
        button.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, False)  # no pointer in the picture
    picture = clerk.window.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    path = out / f"{name}.png"
    eight_bits = QImage.Format.Format_Indexed8
    picture.convertToFormat(eight_bits, _palette(picture), PLAIN).save(str(path), "PNG", 0)
    print(f"{path.name}: {path.stat().st_size // 1000} kB")
    assert clerk.window.devicePixelRatioF() > 1 or path.stat().st_size < LARGEST_BYTES


def _palette(picture: QImage) -> list[int]:
    """The picture's own colours: the bright ones first, then greys for paper, then what is often."""
    counted = Counter(memoryview(picture.constBits()).cast("I")[::STEP])
    often = [0xFF000000 | colour for colour, _ in counted.most_common()]
    bright = [colour for colour in often if _spread(colour) > BRIGHT]
    greys = [0xFF000000 | level * 0x010101 for level in range(0, 256, 4)]
    return list(dict.fromkeys([*often[:32], *bright[:128], *greys, *often]))[:256]


def _spread(colour: int) -> int:
    parts = (colour >> 16 & 255, colour >> 8 & 255, colour & 255)
    return max(parts) - min(parts)


def work(clerk: Clerk, out: Path) -> None:
    """The main job, with a picture at each of its screens."""
    window, reception = clerk.window, clerk.window.reception
    clerk.open_dossier("giay to theo bo", catalogue.LOOSE, APPLICANT)
    clerk.scan(PATIENCE_S)
    clerk.wait_read(PATIENCE_S)
    clerk.press("F8")
    until(lambda: any(paper.number for paper in clerk.snapshot.papers), "papers")
    until(lambda: clerk.snapshot.findings[-1].slug.startswith("rule.count"), "what is left to do")
    until(reception.page.text.toPlainText, "the text of the page")
    fields = reception.page.fields
    until(lambda: fields.model().rowCount() > 1, "fields of the page")
    fields.setCurrentIndex(fields.model().index(1, 0))
    shoot(clerk, out, "tiep-nhan")

    clerk.leave_out_blanks()
    clerk.press("Ctrl+D")
    until(lambda: clerk.snapshot.signable, "the dossier can be signed")
    clerk.prepare(PATIENCE_S)
    clerk.type(clerk.session.equipment.practice_pin)
    shoot(clerk, out, "ky-so")

    clerk.press("Return")
    until(lambda: clerk.page is window.receipt, "the receipt", PATIENCE_S)
    until(lambda: clerk.snapshot.dossier.state == "delivered", "delivered", PATIENCE_S)
    shoot(clerk, out, "bien-nhan")
    clerk.fill_in("khai sinh", "1.001193", "Trần Thị Mẫu")
    shoot(clerk, out, "ho-so-moi")
    clerk.press("Return")
    until(lambda: clerk.page is reception, "the reception is shown")
    clerk.press("F11")
    until(lambda: clerk.session.queue.rowCount() > 1, "two dossiers in the list")
    until(lambda: clerk.session.queue.waiting == 0, "nothing waits")
    shoot(clerk, out, "hang-doi")
    clerk.press("F3")
    until(lambda: window.scanners.searching, "it searches")
    until(lambda: not window.scanners.searching, "the search is done")
    shoot(clerk, out, "may-quet")


def main() -> int:
    """Run the job and write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "screenshots")
    parser.add_argument("--dark", action="store_true")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory(prefix="screens-") as place:
        os.environ["XDG_CONFIG_HOME"] = str(Path(place) / "config")
        os.environ["COUNTER_STATION_KEYRING"] = "off"
        application = QApplication(sys.argv[:1])
        device = f"simulated:{training.sample_pages().resolve()}"
        with at_the_desk(Path(place) / "home", device, dark=options.dark) as clerk:
            clerk.window.resize(SIZE)
            QCursor.setPos(clerk.window.mapToGlobal(clerk.window.rect().bottomRight()))
            work(clerk, options.out)
        application.quit()
    return 0


if __name__ == "__main__":
    sys.exit(main())
