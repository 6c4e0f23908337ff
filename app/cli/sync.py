"""``sync``: deliver what waits."""

from __future__ import annotations

import argparse
import threading

from app.cli.output import emit, say
from app.desk import submission
from app.desk.office import Office
from app.desk.opening import Opening, open_counter, posts
from app.i18n import explain
from app.pipeline.supervisor import Supervisor
from app.store import dossiers
from app.store.database import transaction

HELP = "Gửi các hồ sơ đang chờ / deliver the queued dossiers."
EXAMPLE = "python main.py sync --once --json"
_POLL_S = 0.5


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("--once", action="store_true", help="thử một lượt rồi dừng")
    parser.add_argument("--portal", metavar="URL", default=None)
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    """Send until nothing waits; with --once until everything was tried."""
    opened = open_counter(options.home, "cli")
    office = opened.office
    if options.portal:
        with transaction(office.vault.db):
            dossiers.set_setting(office.vault.db, "sync.url", options.portal.rstrip("/"))
    submission.send_now(office)
    if _waiting(office):
        _drive(opened, once=options.once)
    rows = [
        {
            "dossier": row.dossier.id,
            "state": row.dossier.state,
            "portal_no": row.dossier.official_code,
            "bytes_left": row.bytes_left,
        }
        for row in submission.queue(office)
    ]
    if options.json:
        emit(rows)
    else:
        for row in rows:
            print(f"{row['portal_no'] or row['dossier']}\t{row['state']}\t{row['bytes_left']}")
    waiting = _waiting(office)
    if waiting:
        told = next((row for row in waiting if row.slug), waiting[0])
        say(explain(told.trouble()))
        return 3
    return 0


def _waiting(office: Office) -> list[submission.QueueRow]:
    return [
        row
        for row in submission.queue(office)
        if row.dossier.state in {"sealed", "registered", "uploading"}
    ]


def _drive(opened: Opening, *, once: bool) -> None:
    """Run the two sending workers until the queue is empty or, once, all of it was tried."""
    office = opened.office
    bell = threading.Event()
    workers = [post for post in posts(office.vault.home, stay=False) if post.kind == "sync"]
    supervisor = Supervisor(
        office.vault, opened.master.value, workers, lambda line: bell.set() if line else None
    )
    supervisor.start()
    try:
        while waiting := _waiting(office):
            if once and all(row.next_try or (row.dossier.trouble or row.slug) for row in waiting):
                return
            bell.wait(_POLL_S)
            bell.clear()
    finally:
        supervisor.close()
