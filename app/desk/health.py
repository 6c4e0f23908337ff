"""Doctor: each thing the counter needs, looked at now; a fault names its remedy."""

from __future__ import annotations

import ctypes.util
import importlib.metadata
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app import paths
from app.desk import paper_files, profile_files
from app.desk.opening import open_counter
from app.domain.errors import Trouble
from app.i18n import message
from app.pipeline import leases
from app.store import dossiers, journal
from app.store.database import fetch
from app.store.vault import Vault

PINNED_QT = "6.11.3"
"""PySide6 6.12.0 loses references to True and None under Python 3.11 and aborts."""
LEAST_DISK_BYTES = 2_000_000_000
ANSWER_S = 5.0
LEAST_SQLITE = (3, 51, 3)
"""The first SQLite without the WAL-reset corruption."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor's list; ``advice`` is empty when all is well."""

    check: str
    state: Literal["ok", "warn", "fail"]
    advice: str


def examine(home: Path) -> tuple[Check, ...]:
    """All checks; a vault that does not open is one failing line, not an error."""
    checks = [
        _check("qt", _qt),
        _check("tessdata", _tessdata),
        _check("fonts", _fonts),
        _check("disk", lambda: _disk(home)),
        _check("token_module", _token_module),
        _profiles(),
    ]
    try:
        opened = open_counter(home, "doctor")
    except Trouble as error:
        return (*checks, Check("vault", "fail", _advice(error.slug, **error.params)))
    vault = opened.office.vault
    checks.append(Check("vault", "ok", ""))
    if opened.master.warning:
        checks.append(Check("key", "warn", _advice(opened.master.warning)))
    else:
        checks.append(Check("key", "ok", ""))
    checks += [
        _check("sqlite", lambda: _sqlite(vault)),
        _check("integrity", lambda: _integrity(vault)),
        _check("journal", lambda: _journal(vault)),
        _check("queue", lambda: _queue(vault)),
        _check("scanner", lambda: _scanner(vault)),
    ]
    vault.close()
    return tuple(checks)


Finding = tuple[Literal["ok", "warn", "fail"], str]
OK: Finding = ("ok", "")


def _check(name: str, look: Callable[[], Finding]) -> Check:
    state, slug = look()
    return Check(name, state, _advice(slug) if slug else "")


def _advice(slug: str, **params: str | int) -> str:
    found = message(slug, params)
    return f"{found.happened} {found.next}".strip()


def _qt() -> Finding:
    try:
        version = importlib.metadata.version("PySide6_Essentials")
    except importlib.metadata.PackageNotFoundError:
        return "warn", "doctor.qt_missing"
    return OK if version == PINNED_QT else ("fail", "doctor.qt_version")


def _tessdata() -> Finding:
    return OK if paths.tessdata() else ("fail", "doctor.tessdata")


def _fonts() -> Finding:
    names = ("Tinos-Vietnamese.ttf", "NotoSans-Regular.ttf", "NotoSans-Bold.ttf")
    folder = paths.resources() / "fonts"
    return OK if all((folder / name).is_file() for name in names) else ("fail", "doctor.fonts")


def _disk(home: Path) -> Finding:
    place = home
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    return OK if free >= LEAST_DISK_BYTES else ("fail", "doctor.disk")


def _token_module() -> Finding:
    from app.pipeline.stages import signfiles  # noqa: PLC0415 - loads the signing room

    return OK if signfiles.module_present() else ("warn", "doctor.token_module")


def _profiles() -> Check:
    for problem in (*profile_files.load().problems, *paper_files.load().problems):
        return Check("profiles", "warn", _advice(problem.slug, **problem.params))
    return Check("profiles", "ok", "")


def _scanner(vault: Vault) -> Finding:
    """Whether the chosen scanner answers; no paper moves."""
    device = dossiers.setting(vault.db, "scan.device")
    driver, _, address = device.partition(":")
    if not device:
        real = dossiers.setting(vault.db, "env") == "production"
        return ("warn", "doctor.scanner_none") if real else OK
    if leases.in_state(vault.db, "leased", ["scan"]):
        return "warn", "doctor.scanner_busy"
    if driver == "simulated":
        return OK
    if driver == "folder":
        usable = Path(address).is_dir() and os.access(address, os.R_OK | os.W_OK | os.X_OK)
        return OK if usable else ("fail", "doctor.scanner_folder")
    sources = _answer(vault.home, device)
    if sources is None:
        missing = driver == "sane" and ctypes.util.find_library("sane") is None
        return "fail", "doctor.sane_missing" if missing else "doctor.scanner_silent"
    return OK if sources else ("warn", "doctor.scanner_closed")


def _answer(home: Path, device: str) -> tuple[str, ...] | None:
    """The sources that the scanner names; none when it cannot be opened, None when it is silent."""
    from app.pipeline.stages import scanning  # noqa: PLC0415 - loads the scanning room

    host = scanning.source(home, paths.command())
    try:
        found = host.find(device, ANSWER_S)
    finally:
        host.close()
    return found.sources if found is not None else None


def _sqlite(vault: Vault) -> Finding:
    text = str(fetch(vault.db, "SELECT sqlite_version() AS v")[0]["v"])
    version = tuple(int(part) for part in text.split("."))
    return OK if version >= LEAST_SQLITE else ("fail", "doctor.sqlite")


def _integrity(vault: Vault) -> Finding:
    rows = fetch(vault.db, "PRAGMA quick_check")
    return OK if [*rows[0].values()] == ["ok"] else ("fail", "doctor.integrity")


def _journal(vault: Vault) -> Finding:
    return OK if journal.verify(vault.db).ok else ("fail", "doctor.journal")


def _queue(vault: Vault) -> Finding:
    sql = "SELECT count(*) AS n FROM job WHERE state IN('quarantined','in_doubt')"
    return ("warn", "doctor.queue") if fetch(vault.db, sql)[0]["n"] else OK
