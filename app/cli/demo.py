"""``demo``: paper to receipt on embedded defaults, over the same rows as the window."""

from __future__ import annotations

import argparse
import contextlib
import re
import time
from pathlib import Path

from app.cli.output import emit, say
from app.desk import review, submission, training
from app.desk.demonstration import CLERK, Demonstration
from app.desk.opening import open_counter
from app.domain.dossier import Dossier
from app.domain.errors import Defect
from app.domain.grouping import fold
from app.files import write_whole
from app.pipeline.locks import desk_lock
from app.store import dossiers

HELP = "Làm thử cả công việc: quét, đọc, đóng gói, ký, gửi / the whole job on a sample."
EXAMPLE = "python main.py demo --home /tmp/tram-thu --out /tmp/da-ky --json"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "--pages", type=Path, default=None, help="thư mục ảnh trang (mặc định: mẫu)"
    )
    parser.add_argument("--out", type=Path, default=None, help="chép các PDF đã ký ra đây")
    parser.add_argument("--portal", metavar="URL", default=None, help="cổng có sẵn, không tự mở")
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    """Run the demo to its receipt."""
    started = time.monotonic()
    pages = options.pages or training.sample_pages()
    training.page_files(pages)
    with contextlib.ExitStack() as stack:
        stack.enter_context(desk_lock(options.home))
        opened = open_counter(options.home, CLERK, env="demo")
        demo = Demonstration(opened, pages, say)
        dossier = demo.finished()
        if dossier is None:
            url = options.portal or stack.enter_context(training.practice_portal(options.home))
            dossier = demo.run(url.rstrip("/"))
    report = _report(demo, dossier, options.out)
    seconds = {name: round(value, 3) for name, value in demo.seconds.items()}
    report["seconds"] = {**seconds, "total": round(time.monotonic() - started, 3)}
    if options.json:
        emit(report)
    else:
        _print(report)
    return 0


def _report(demo: Demonstration, dossier: Dossier, out: Path | None) -> dict[str, object]:
    office = demo.office
    pages = [
        {
            "source": view.page.name or f"{view.page.position + 1:04d}",
            "angle_deg": view.facts.angle_deg if view.facts else None,
            "rotation_deg": view.facts.rotation_deg if view.facts else None,
            "blank": bool(view.facts and view.facts.blank),
            "mean_confidence": view.reading.mean_confidence if view.reading else None,
            "seconds": round(demo.page_seconds.get(view.page.id, 0.0), 3),
        }
        for view in review.page_views(office, dossier.id)
        if not view.page.dropped
    ]
    return {
        "dossier": dossier.temp_code,
        "pages": pages,
        "documents": _documents(demo, dossier, out),
        "receipt": {
            "portal_no": dossier.official_code,
            "received_at": dossier.portal_received_at and dossier.portal_received_at.isoformat(),
            "verified": submission.receipt(office, dossier.id) is not None,
        },
    }


def _documents(demo: Demonstration, dossier: Dossier, out: Path | None) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    vault = demo.office.vault
    for number, paper in enumerate(dossiers.documents(vault.db, dossier.id), 1):
        if paper.signed is None:
            raise Defect("dossier.unsigned", dossier=dossier.id)
        stem = re.sub(r"[^a-z0-9]+", "-", fold(paper.title)).strip("-") or "giay-to"
        name = f"{number:02d}-{stem}.pdf"
        if out is not None:
            write_whole(out / name, vault.blobs.read(paper.signed))
        rows.append(
            {
                "title": paper.title,
                "pdf": str(out / name) if out is not None else name,
                "pages": paper.pages,
                "pdfa": "2u",
                "signed": True,
                "signature_level": "B",
                "bytes": vault.blobs.size(paper.signed),
            }
        )
    return rows


def _print(report: dict[str, object]) -> None:
    receipt = report["receipt"]
    documents = report["documents"]
    if not isinstance(receipt, dict) or not isinstance(documents, list):
        raise Defect("demo.report")
    for row in documents:
        print(f"  {row['title']}: {row['pages']} trang, PDF/A-{row['pdfa']}, đã ký")
    print(f"Hồ sơ {report['dossier']} → mã {receipt['portal_no']}, nhận {receipt['received_at']}")
