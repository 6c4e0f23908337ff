"""Running the demo, killing it whole, and judging what came out of it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from app.domain.ids import BlobId, DossierId
from app.store import dossiers, journal
from app.store.database import fetch
from app.store.keys import load_or_create_master
from app.store.vault import Vault, open_vault

ROOT = Path(__file__).resolve().parents[2]
RUN_LIMIT_S = 150.0


@dataclass
class Station:
    """One vault, its configuration folder, its pages and its oracle file."""

    folder: Path
    pages: Path
    env: dict[str, str] = field(default_factory=dict)
    portal: str | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def oracle(self) -> Path:
        return self.folder / "oracle.jsonl"

    @property
    def config(self) -> Path:
        return self.folder / "config" / "counter-station"

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "COUNTER_STATION_KEYRING": "off",
            **self.env,
        }

    def start(self, *more: str) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "main.py", "demo", "--json", "--home", str(self.home)]
        argv += ["--pages", str(self.pages)]
        argv += ["--portal", self.portal] if self.portal else []
        argv += more
        return subprocess.Popen(
            argv,
            cwd=ROOT,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, *more: str) -> tuple[int, dict, str]:
        """One undisturbed run: exit code, report, what it said."""
        process = self.start(*more)
        try:
            out, err = process.communicate(timeout=RUN_LIMIT_S)
        except subprocess.TimeoutExpired as late:
            os.killpg(process.pid, signal.SIGKILL)
            _, err = process.communicate()
            raise AssertionError(f"stands still: {err.decode()} {self.unfinished()}") from late
        report = json.loads(out) if out.strip() else {}
        return process.returncode, report, err.decode()

    def unfinished(self) -> list[str]:
        """The jobs that are not done and the dossier's state, for the report of a standstill."""
        vault = self.vault()
        try:
            rows = fetch(
                vault.db,
                "SELECT id, stage, state, owner, attempts, error, not_before FROM job"
                " WHERE state<>'done' UNION ALL"
                " SELECT 0, 'dossier', state, NULL, 0, trouble, NULL FROM dossier",
            )
        finally:
            vault.close()
        return [str(row) for row in rows]

    def run_and_kill(self, delay_s: float, marker: Path | None = None) -> int:
        """One run killed whole after ``delay_s`` or at ``marker``; its exit code."""
        process = self.start()
        argv = [sys.executable, "-m", "tests.crash.killer", str(self.home), str(self.config)]
        argv += [str(process.pid), str(self.oracle), str(delay_s)]
        argv += ["--marker", str(marker)] if marker else []
        killer = subprocess.Popen(argv, cwd=ROOT, env=self.environment())
        try:
            process.communicate(timeout=RUN_LIMIT_S)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
            killer.terminate()
            killer.wait()
        self.wait_quiet()
        return process.returncode

    def wait_quiet(self) -> None:
        """Return when no process of this station is left; they end by themselves."""
        deadline = time.monotonic() + 30
        pause = threading.Event()
        while left := self.processes():
            if time.monotonic() > deadline:
                raise AssertionError(f"processes outlive their program: {left}")
            pause.wait(0.05)

    def processes(self) -> list[str]:
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
                    if str(self.home) in line and "tests.crash.killer" not in line and state != "Z":
                        found.append(f"{entry.name} {line}")
        return found

    def vault(self) -> Vault:
        os.environ["COUNTER_STATION_KEYRING"] = "off"
        return open_vault(self.home, load_or_create_master(self.home, self.config))


@dataclass
class Outcome:
    """What many kills came to."""

    kills: int = 0
    dossiers: int = 0
    reruns_s: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def kill_many(folder: Path, pages: Path, kills: int, seed: int, window_s: float = 9.0) -> Outcome:
    """Kill demo after demo at seeded moments until ``kills`` blows have struck.

    Each dossier is killed up to six times, then finished undisturbed and judged.
    """
    print("seed", seed)
    rng = random.Random(seed)
    outcome = Outcome()
    while outcome.kills < kills:
        outcome.dossiers += 1
        station = Station(folder / f"d{outcome.dossiers}", pages)
        for _ in range(6):
            code = station.run_and_kill(rng.uniform(0.3, window_s))
            outcome.kills += code == -signal.SIGKILL
            if code == 0:
                break
        started = time.monotonic()
        code, report, said = station.run()
        outcome.reruns_s.append(time.monotonic() - started)
        found = judge(station, report) if code == 0 else [f"exit {code}: {said}"]
        outcome.faults += [f"dossier {outcome.dossiers}: {fault}" for fault in found]
        shutil.rmtree(station.folder)
    return outcome


def judge(station: Station, report: dict, portal_data: Path | None = None) -> list[str]:
    """Everything that is wrong with a delivered dossier; empty when all promises were kept."""
    vault = station.vault()
    try:
        faults = _pages(station, vault)
        faults += _signatures(vault)
        faults += _promises(station, vault)
        faults += _blobs(vault)
        if not journal.verify(vault.db).ok:
            faults.append("the journal's chain is broken")
        if not report.get("receipt", {}).get("verified"):
            faults.append("no verified receipt")
    finally:
        vault.close()
    return faults + _portal(station, portal_data or station.home / "portal")


def _dossier(vault: Vault) -> DossierId:
    rows = fetch(vault.db, "SELECT id FROM dossier")
    assert len(rows) == 1, f"{len(rows)} dossiers instead of one"
    return DossierId(rows[0]["id"])


def _pages(station: Station, vault: Vault) -> list[str]:
    wanted = [
        hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(station.pages.glob("*.jpg"))
    ]
    dossier = _dossier(vault)
    kept = [page.blob for page in dossiers.pages(vault.db, dossier) if not page.dropped]
    faults = [] if kept == wanted else [f"pages differ: {len(kept)} of {len(wanted)}, or order"]
    sheets = dossiers.get(vault.db, dossier).declared_sheets
    if sheets != len(wanted):
        faults.append(f"{sheets} sheets declared instead of {len(wanted)}")
    return faults


def _signatures(vault: Vault) -> list[str]:
    faults = []
    for paper in dossiers.documents(vault.db, _dossier(vault)):
        if paper.signed is None or paper.cms is None:
            faults.append(f"{paper.title} is not signed")
            continue
        signed = vault.blobs.read(paper.signed)
        if signed.count(b"/ByteRange") != 1:
            faults.append(f"{paper.title} has {signed.count(b'/ByteRange')} signatures")
        lines = fetch(
            vault.db, "SELECT what FROM journal WHERE ref=? AND what='sign.called'", [paper.id]
        )
        again = fetch(
            vault.db,
            "SELECT 1 FROM journal j JOIN job ON job.id=CAST(j.ref AS INT)"
            " WHERE j.what='job.ready' AND job.stage='sign'"
            " AND json_extract(job.params,'$.document')=?",
            [paper.id],
        )
        if len(lines) > 1 + len(again):
            faults.append(f"{paper.title}: token called {len(lines)} times, {len(again)} acts")
    return faults


def _promises(station: Station, vault: Vault) -> list[str]:
    if not station.oracle.is_file():
        return []
    faults = []
    pages = {(r["id"], r["blob"]) for r in fetch(vault.db, "SELECT id, blob FROM page")}
    cms = {(r["id"], r["cms"]) for r in fetch(vault.db, "SELECT id, cms FROM document")}
    signed = {(r["id"], r["signed"]) for r in fetch(vault.db, "SELECT id, signed FROM document")}
    receipts = {
        (r["dossier"], r["kind"], r["body"])
        for r in fetch(vault.db, "SELECT dossier, kind, body FROM receipt")
    }
    for text in station.oracle.read_text().splitlines():
        facts = json.loads(text)
        if "unreadable" in facts:
            faults.append(f"vault unreadable at the kill: {facts['unreadable']}")
        faults += [f"page {p[0]} lost" for p in facts.get("pages", []) if tuple(p) not in pages]
        faults += [f"CMS of {d[0]} replaced" for d in facts.get("cms", []) if tuple(d) not in cms]
        faults += [
            f"signed file of {d[0]} replaced"
            for d in facts.get("signed", [])
            if tuple(d) not in signed
        ]
        faults += [
            f"receipt {r[1]} changed" for r in facts.get("receipts", []) if tuple(r) not in receipts
        ]
    return faults


def _blobs(vault: Vault) -> list[str]:
    faults = []
    for row in fetch(vault.db, "SELECT id FROM blob WHERE state='present'"):
        try:
            vault.blobs.verify(BlobId(row["id"]))
        except Exception as error:
            faults.append(f"blob {row['id'][:12]}: {error}")
    vault.sweep_orphans(time.time() + 7200)
    if vault.sweep_orphans(time.time() + 7200):
        faults.append("orphans left after a sweep")
    left = [path.name for path in (vault.home / "tmp").glob("*")]
    if left:
        faults.append(f"unfinished files left: {left}")
    return faults


def _portal(station: Station, data: Path) -> list[str]:
    argv = [sys.executable, "main.py", "portal", "--dump", "--json", "--data", str(data)]
    done = subprocess.run(
        argv, cwd=ROOT, env=station.environment(), capture_output=True, check=False, timeout=60
    )
    if done.returncode != 0:
        return [f"portal dump: {done.stderr.decode()}"]
    rows = json.loads(done.stdout)
    if len(rows) != 1 or rows[0]["rev"] != 1:
        return [f"the portal holds {len(rows)} dossiers"]
    return [
        f"portal: {paper}"
        for paper in rows[0]["papers"]
        if not (paper["signed"] and paper["pdfa"] == "2u")
    ]
