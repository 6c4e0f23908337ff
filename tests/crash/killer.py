"""Another process that watches a demo, writes down what it promised, and kills it all.

``python -m tests.crash.killer HOME CONFIG GROUP ORACLE DELAY_S``: after DELAY_S seconds (or when
the file named by ``--marker`` appears) everything that is committed in the vault is appended to
ORACLE, which is fsynced, and then the process group GROUP gets SIGKILL.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import threading
import time
from pathlib import Path

from app.store.database import connect, fetch
from app.store.keys import Keys, load_or_create_master


def promised(home: Path, config: Path) -> dict[str, object]:
    """What the vault's committed rows say: pages, stored CMS, signed files, receipts."""
    if not (home / "vault.db").is_file():
        return {}
    master = load_or_create_master(home, config)
    db = connect(home / "vault.db", Keys.derive(master.value))
    try:
        if not fetch(db, "SELECT 1 FROM sqlite_master WHERE name='receipt'"):
            return {}
        return {
            "pages": [[r["id"], r["blob"]] for r in fetch(db, "SELECT id, blob FROM page")],
            "cms": [
                [r["id"], r["cms"]]
                for r in fetch(db, "SELECT id, cms FROM document WHERE cms IS NOT NULL")
            ],
            "signed": [
                [r["id"], r["signed"]]
                for r in fetch(db, "SELECT id, signed FROM document WHERE signed IS NOT NULL")
            ],
            "receipts": [
                [r["dossier"], r["kind"], r["body"]]
                for r in fetch(db, "SELECT dossier, kind, body FROM receipt")
            ],
        }
    finally:
        db.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("home", type=Path)
    parser.add_argument("config", type=Path)
    parser.add_argument("group", type=int)
    parser.add_argument("oracle", type=Path)
    parser.add_argument("delay_s", type=float)
    parser.add_argument("--marker", type=Path, default=None)
    options = parser.parse_args()
    deadline = time.monotonic() + options.delay_s
    pause = threading.Event()
    while time.monotonic() < deadline:
        if options.marker is not None and options.marker.exists():
            break
        pause.wait(0.005 if options.marker else max(0.0, deadline - time.monotonic()))
    # Stand still while we look, so that nothing is promised between the look and the blow.
    try:
        os.killpg(options.group, signal.SIGSTOP)
    except ProcessLookupError:
        return
    try:
        facts = promised(options.home, options.config)
    except Exception as error:
        facts = {"unreadable": f"{type(error).__name__} {error}"}
    with options.oracle.open("ab") as file:
        file.write(json.dumps(facts).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    os.killpg(options.group, signal.SIGKILL)


if __name__ == "__main__":
    main()
