"""The scanners that were found, and the one this station uses."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from app.desk.office import Office
from app.domain.errors import Trouble
from app.store import dossiers
from app.store.database import transaction

UNTRIED = frozenset({"wia", "twain"})
"""Drivers that no device in the world has met yet."""
PRACTICE = "simulated"
LONGEST = 500
MOST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Scanner:
    """One device that may be chosen.

    Attributes:
        id: with the driver before the first colon.
        sources: ``feeder``, ``flatbed``; empty when it did not say (busy, no rights, a folder).
        duplex: whether its feeder takes both sides.
    """

    id: str
    vendor: str = ""
    model: str = ""
    sources: tuple[str, ...] = ()
    dpi: tuple[int, ...] = ()
    duplex: bool = False

    @property
    def driver(self) -> str:
        """The part before the colon."""
        return self.id.partition(":")[0]

    @property
    def untried(self) -> bool:
        """Whether its driver was never run on a real device."""
        return self.driver in UNTRIED

    @property
    def name(self) -> str:
        """Vendor and model, else the address."""
        words = self.model if self.model.startswith(self.vendor) else f"{self.vendor} {self.model}"
        return words.strip() or self.id.partition(":")[2] or self.id


def of_rows(rows: Sequence[Mapping[str, object]]) -> tuple[Scanner, ...]:
    """The scanners that ``devices --json`` listed.

    Raises:
        KeyError, TypeError: it is no such list.
    """
    return tuple(
        Scanner(
            id=str(row["id"]),
            vendor=str(row["vendor"]),
            model=str(row["model"]),
            sources=tuple(str(name) for name in _list(row["sources"])),
            dpi=tuple(int(str(dpi)) for dpi in _list(row["dpi"])),
            duplex=bool(row["duplex"]),
        )
        for row in rows
    )


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def by_address(text: str) -> Scanner:
    """The scanner at an address that was typed: a URL of eSCL, or a folder that files come into.

    Raises:
        Trouble: scan.address when it is neither, scan.folder_access.
    """
    said = text.strip()
    if "://" in said:
        return Scanner(f"escl:{_url(said)}")
    folder = Path(said).expanduser()
    if not said or len(said) > LONGEST or not folder.is_absolute():
        raise Trouble("scan.address", address=said[:LONGEST])
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise Trouble("scan.folder_access", folder=folder.name, safe_sheets=0)
    return Scanner(f"folder:{folder}")


def _url(said: str) -> str:
    try:
        parts = urlsplit(said)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    plain = len(said) <= LONGEST and not any(c.isspace() or ord(c) < ord(" ") for c in said)
    if not host or not plain or (port is not None and not 0 < port <= MOST_PORT):
        raise Trouble("scan.address", address=said[:LONGEST])
    if parts.scheme not in {"http", "https"} or parts.username or parts.query or parts.fragment:
        raise Trouble("scan.address", address=said[:LONGEST])
    path = parts.path.rstrip("/") or "/eSCL"
    return f"{parts.scheme}://{parts.netloc}{path}"


def choose(office: Office, scanner: Scanner) -> None:
    """Remember the scanner for this station, and what it can do."""
    flat = bool(scanner.sources) and "feeder" not in scanner.sources
    one_sided = bool(scanner.sources) and not scanner.duplex
    with transaction(office.vault.db) as db:
        dossiers.set_setting(db, "scan.device", scanner.id)
        dossiers.set_setting(db, "scan.device_name", scanner.name)
        dossiers.set_setting(db, "scan.source", "flatbed" if flat else "feeder")
        dossiers.set_setting(db, "scan.sides", "1" if one_sided else "")
        dossiers.note(db, office.act(), "scan.device", "", driver=scanner.driver)


def chosen_name(office: Office, device: str) -> str:
    """Vendor and model of the chosen scanner, empty when they are not known."""
    db = office.vault.db
    mine = device and device == dossiers.setting(db, "scan.device")
    return dossiers.setting(db, "scan.device_name") if mine else ""
