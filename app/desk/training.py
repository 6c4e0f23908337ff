"""Practice: a sample to scan, a software token and a portal of our own, all marked as such."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import importlib
import json
import multiprocessing
import os
import secrets
import subprocess  # noqa: TID251 - starts the practice portal and the sample's generator
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from app import paths
from app.desk.opening import Opening
from app.desk.signing import Signer
from app.domain.errors import Trouble
from app.pipeline.tokendesk import TokenDesk
from app.store import dossiers
from app.store.database import transaction
from app.store.driver import Database

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp"})
PORTAL_START_S = 30.0


@dataclass(frozen=True, slots=True)
class PracticeToken:
    """The software token of this station and the PIN the practice clerk knows."""

    module: Path
    label: str
    serial: str
    softhsm_conf: Path
    pin: str
    signer: Signer


def sample_pages() -> Path:
    """The folder of the built-in sample; generated on first use from the source tree.

    Raises:
        Trouble: demo.sample_missing.
    """
    folder = paths.resources() / "sample"
    if not any(folder.glob("*.jpg")):
        if not (paths.root() / "tests" / "corpus").is_dir():
            raise Trouble("demo.sample_missing")
        argv = [sys.executable, "-m", "tests.corpus", "--out", str(folder)]
        done = subprocess.run(argv, cwd=paths.root(), check=False, capture_output=True)
        if done.returncode != 0:
            raise Trouble("demo.sample_missing")
    return folder


def page_files(folder: Path) -> tuple[Path, ...]:
    """The pictures a feeder would take, in order.

    Raises:
        Trouble: file.missing, demo.no_pages.
    """
    if not folder.is_dir():
        raise Trouble("file.missing", name=folder.name)
    found = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in PICTURES and path.is_file() and path.name[0] != "."
    )
    if not found:
        raise Trouble("demo.no_pages", name=folder.name)
    return tuple(found)


def page_set(files: tuple[Path, ...]) -> str:
    """A name for exactly these pages in this order."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def practice_token(opening: Opening) -> PracticeToken:
    """The station's practice token, for the thread that opened the counter.

    Raises:
        Trouble: sign.module_missing with the remedy.
    """
    return practice_token_in(opening, opening.office.vault.db)


def practice_token_beside(opening: Opening, db: Database) -> PracticeToken:
    """The same, made in a process of its own: the window loads no signing library.

    Args:
        opening: the open counter.
        db: a connection of the calling thread.

    Raises:
        Trouble: sign.module_missing with the remedy.
    """
    home, pin = opening.office.vault.home, _practice_pin(db)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        made = pool.submit(_try_token, opening.config, home, opening.office.now(), pin).result()
    if isinstance(made, PracticeToken):
        return made
    raise Trouble.of(*made)


def practice_token_in(opening: Opening, db: Database) -> PracticeToken:
    """The station's practice token; made on first use, its root marked as a test root.

    Args:
        opening: the open counter.
        db: a connection of the calling thread.

    Raises:
        Trouble: sign.module_missing with the remedy.
    """
    home, pin = opening.office.vault.home, _practice_pin(db)
    made = _try_token(opening.config, home, opening.office.now(), pin)
    if isinstance(made, PracticeToken):
        return made
    raise Trouble.of(*made)


def _practice_pin(db: Database) -> str:
    pin = dossiers.setting(db, "practice.pin")
    if not pin:
        pin = f"{secrets.randbelow(10**8):08d}"
        with transaction(db):
            dossiers.set_setting(db, "practice.pin", pin)
    return pin


def _try_token(
    config: Path, home: Path, now: dt.datetime, pin: str
) -> PracticeToken | tuple[str, dict[str, str | int]]:
    """The practice token, or the slug and parameters of what was in the way."""
    stage = importlib.import_module("app.pipeline.stages.training")
    try:
        made = stage.practice_token(config / "token", home / "trust", now=now, pin=pin)
    except Exception as error:
        slug = getattr(error, "slug", None)
        if not isinstance(slug, str):
            raise
        return slug, dict(getattr(error, "params", {}))
    token = made.token
    signer = Signer(token.cert, token.chain, token.cert_sha256, made.name)
    return PracticeToken(made.module, token.label, token.serial, token.softhsm_conf, pin, signer)


def log_in(desk: TokenDesk, token: PracticeToken) -> None:
    """The practice clerk enters the PIN."""
    desk.open(token.module, {"SOFTHSM2_CONF": str(token.softhsm_conf)})
    desk.login(token.serial, token.signer.cert_sha256, bytearray(token.pin.encode()))


@contextlib.contextmanager
def practice_portal(home: Path) -> Iterator[str]:
    """A portal of our own on loopback, met over TCP; ends with this process.

    Raises:
        Trouble: demo.portal_failed.
    """
    argv = [*paths.command(), "portal", "--home", str(home), "--port", "0", "--json"]
    process = subprocess.Popen(
        [*argv, "--until-stdin-closes"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    stdin, stdout = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
    try:
        try:
            url = str(json.loads(stdout.readline())["url"])
        except ValueError as error:
            raise Trouble("demo.portal_failed") from error
        yield url
    finally:
        stdin.close()
        try:
            process.wait(PORTAL_START_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        stdout.close()
