"""Delivery goes on when the desk is closed, and ends by itself when the queue is empty."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from app.desk.opening import posts
from app.pipeline.locks import try_lock
from app.pipeline.supervisor import Supervisor
from app.store.database import fetch
from app.store.keys import load_or_create_master
from tests.corpus.pages import make_small
from tests.crash.whole import ROOT, Station

LIMIT_S = 90.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def held(path: Path) -> bool:
    """Whether some process holds the lane's lock, so that no second one sends."""
    file = try_lock(path)
    if file is not None:
        file.close()
    return file is None


def wait_for(done, limit_s=LIMIT_S):
    deadline = time.monotonic() + limit_s
    pause = threading.Event()
    while not done():
        assert time.monotonic() < deadline, "it did not come to pass"
        pause.wait(0.1)


@pytest.mark.timeout(300)
def test_a_queued_dossier_is_delivered_after_the_desk_is_closed(tmp_path, monkeypatch):
    """Sealed without a portal; the desk closes; the portal comes up; custody is proved."""
    make_small(tmp_path / "pages")
    port = free_port()
    station = Station(tmp_path / "s", tmp_path / "pages", portal=f"http://127.0.0.1:{port}")
    code, _, said = station.run()
    assert code == 3, said
    for name, value in station.environment().items():
        monkeypatch.setenv(name, value)
    vault = station.vault()
    master = load_or_create_master(station.home, station.config)
    sending = [post for post in posts(station.home, stay=True) if post.kind == "sync"]
    supervisor = Supervisor(vault, master.value, sending, lambda _line: None)
    supervisor.start()
    supervisor.wait_ready()
    pids = set(supervisor.pids())
    supervisor.close()
    assert all(Path(f"/proc/{pid}").exists() for pid in pids), "delivery died with its desk"
    wait_for(lambda: held(station.home / "sync-register.lock"))

    argv = [sys.executable, "main.py", "portal", "--port", str(port), "--json", "--home"]
    portal = subprocess.Popen(
        [*argv, str(station.home), "--until-stdin-closes"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert json.loads(portal.stdout.readline())["url"].endswith(str(port))
        state = "SELECT state FROM dossier"
        wait_for(lambda: fetch(vault.db, state)[0]["state"] == "delivered")
        wait_for(lambda: not any("sync" in line for line in station.processes()))
    finally:
        portal.stdin.close()
        portal.wait(30)
        portal.stdout.close()
        vault.close()
