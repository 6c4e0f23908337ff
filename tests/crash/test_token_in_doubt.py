"""A token that signs and dies before it answers is not asked again without a person."""

from __future__ import annotations

import os
import threading

import pytest

from app.desk import signing, training
from app.desk.demonstration import CLERK, Demonstration
from app.desk.opening import open_counter, posts
from app.domain.errors import Trouble
from app.pipeline.stages import training as practice
from app.pipeline.supervisor import Supervisor
from app.store.database import fetch
from tests.corpus.pages import make_small
from tests.signing.shim import build_shim, calls

QUIET_S = 4.0


@pytest.mark.timeout(300)
def test_a_signature_in_doubt_waits_for_the_clerk(tmp_path, monkeypatch):
    """C_Sign happens, its answer never comes; restarts change nothing; the clerk's act does."""
    make_small(tmp_path / "pages")
    log = tmp_path / "shim.log"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("COUNTER_STATION_KEYRING", "off")
    monkeypatch.setenv("SHIM_MODULE", str(practice.find_softhsm()))
    monkeypatch.setenv("SHIM_LOG", str(log))
    opening = open_counter(tmp_path / "home", CLERK, env="demo")
    training.practice_token(opening)
    shim = build_shim(tmp_path)
    monkeypatch.setattr(practice, "find_softhsm", lambda: shim)
    demo = Demonstration(opening, tmp_path / "pages", lambda _text: None)
    with training.practice_portal(tmp_path / "home") as url:
        monkeypatch.setenv("SHIM_DIE_AFTER_SIGN", "1")
        with pytest.raises(Trouble, match=r"sign\.in_doubt"):
            demo.run(url)
        monkeypatch.delenv("SHIM_DIE_AFTER_SIGN")
        signed = calls(log, "C_Sign")
        assert signed == 1

        _restart_without_a_person(demo, log)
        assert calls(log, "C_Sign") == signed
        (doubt,) = fetch(opening.office.vault.db, "SELECT id FROM job WHERE state='in_doubt'")

        delivered = demo.run(url)
    assert delivered.state == "delivered"
    assert calls(log, "C_Sign") == signed + 2
    again = "SELECT who FROM journal WHERE what='job.ready' AND ref=?"
    rows = fetch(opening.office.vault.db, again, [str(doubt["id"])])
    assert [row["who"] for row in rows] == [CLERK]
    opening.office.vault.close()


def _restart_without_a_person(demo, log):
    """Workers and token are there again, logged in; nobody confirms anything."""
    office = demo.opening.office
    more = threading.Event()

    def hear(line):
        if line.get("ev") == "job" and line.get("stage") == "sign":
            more.set()

    workers = posts(office.vault.home, stay=False)
    supervisor = Supervisor(office.vault, demo.opening.master.value, workers, hear)
    supervisor.start()
    try:
        supervisor.wait_ready()
        os.environ["SHIM_LOG"] = str(log)
        token = training.practice_token(demo.opening)
        training.log_in(supervisor.token, token)
        supervisor.wake()
        assert not more.wait(QUIET_S), "a sign job ran without a person"
        dossier = demo._dossier()
        states = {paper.state for paper in signing.status(office, dossier.id)}
        assert "in_doubt" in states
    finally:
        supervisor.close()
