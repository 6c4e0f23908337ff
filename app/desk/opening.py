"""Opening a counter: the key, the vault, the log, the station's name, the workers to keep."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app import logs, paths
from app.clock import unix_ms
from app.desk.office import Office
from app.domain.errors import Trouble
from app.pipeline.worker import Post
from app.store import dossiers
from app.store.database import transaction
from app.store.keys import MasterKey, load_or_create_master
from app.store.vault import Vault, open_vault

_NAME_DIGITS = 5
Env = Literal["production", "demo"]


@dataclass(frozen=True, slots=True)
class Opening:
    """An open counter and the key its workers are handed."""

    office: Office
    master: MasterKey
    config: Path


def open_counter(home: Path, clerk: str, *, env: Env | None = None) -> Opening:
    """Open the vault in ``home``; on the first time the station gets its name.

    Args:
        home: the vault's folder.
        clerk: who acts.
        env: what the caller is going to put into it; None looks only. The first one to say so
            marks the vault, and practice and real work never share one.

    Raises:
        Trouble: desk.other_kind, store.not_a_folder, store.key_missing, store.key_wrong,
            store.newer_schema, the disk.
    """
    if home.exists() and not home.is_dir():
        raise Trouble("store.not_a_folder", home=home.name)
    config = paths.config_dir()
    master = load_or_create_master(home, config)
    vault = open_vault(home, master)
    place = station_folder(vault)
    logs.to_file(place / "logs")
    _name_station(vault)
    mark(vault, env)
    vault.sweep_orphans(unix_ms() / 1000)
    return Opening(Office(vault, clerk), master, place)


def station_folder(vault: Vault) -> Path:
    """Where this station keeps what is not in the vault: logs, the practice token."""
    vault_id = (vault.home / "vault_id").read_text("ascii").strip()
    return paths.config_dir() / f"station-{vault_id[:8]}"


def mark(vault: Vault, env: Env | None) -> None:
    """The vault is for practice or for real work, for ever; None changes nothing.

    Raises:
        Trouble: desk.other_kind.
    """
    if env is None:
        return
    with transaction(vault.db):
        marked = dossiers.setting(vault.db, "env")
        if not marked:
            dossiers.set_setting(vault.db, "env", env)
        elif marked != env:
            raise Trouble("desk.other_kind", home=vault.home.name)


def _name_station(vault: Vault) -> None:
    if dossiers.setting(vault.db, "station.name"):
        return
    vault_id = (vault.home / "vault_id").read_text("ascii").strip().upper()
    letters = "".join(char for char in vault_id if char.isalnum())[:_NAME_DIGITS]
    with transaction(vault.db):
        dossiers.set_setting(vault.db, "station.name", f"T{letters}")
        dossiers.set_setting(vault.db, "station.office", "H26.12")


def posts(home: Path, *, stay: bool) -> tuple[Post, ...]:
    """The workers of a counter: long image stages on all cores but one, pictures on one more.

    Args:
        home: the vault.
        stay: whether delivery goes on when the desk is closed.
    """
    command = tuple(paths.command())
    long_stages = max(1, (os.cpu_count() or 1) - 1)
    return (
        Post("scan", home, command),
        *(Post("image", home, command) for _ in range(long_stages)),
        Post("image", home, command, light=True),
        Post("sign", home, command),
        Post("sync", home, command, light=True, stay=stay),
        Post("sync", home, command, stay=stay),
    )
