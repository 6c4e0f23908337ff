"""Where things are: the vault, the user's configuration, what ships with the program."""

from __future__ import annotations

import os
import sys
from pathlib import Path

NAME = "counter-station"


def root() -> Path:
    """The folder that holds ``main.py`` (or the unpacked bundle when frozen)."""
    bundle = getattr(sys, "_MEIPASS", None)
    return Path(str(bundle)) if bundle else Path(__file__).resolve().parents[1]


def resources() -> Path:
    """The folder of shipped data."""
    return root() / "resources"


def default_home() -> Path:
    """The vault's place when none is named (XDG Base Directory; %LOCALAPPDATA% on Windows)."""
    local = os.environ.get("LOCALAPPDATA")
    if local:
        return Path(local) / NAME
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / NAME


def config_dir() -> Path:
    """The user's configuration, always outside the vault: keys, logs, the demo's token."""
    roaming = os.environ.get("APPDATA")
    if roaming:
        return Path(roaming) / NAME
    config = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(config) / NAME


def office_file(name: str) -> Path | None:
    """A file that the administrator keeps for every user of this machine, or None.

    The central folder counts before ``COUNTER_STATION_ADMIN``, so that no user can put another
    one in its place; ``%PROGRAMDATA%`` is its parent on Windows.
    """
    central = os.environ.get("PROGRAMDATA") or "/etc"
    places = [Path(central) / NAME]
    named = os.environ.get("COUNTER_STATION_ADMIN")
    if named:
        places.append(Path(named))
    return next((place / name for place in places if (place / name).exists()), None)


def tessdata() -> Path | None:
    """The folder of recognition models, or None when there is none.

    The bundle's own models come first; a distribution's package is the usual place on Linux.
    """
    named = os.environ.get("TESSDATA_PREFIX")
    places = [Path(named)] if named else []
    places.append(resources() / "tessdata")
    places += sorted(Path("/usr/share/tesseract-ocr").glob("*/tessdata"))
    return next((place for place in places if (place / "vie.traineddata").is_file()), None)


def command() -> list[str]:
    """How to start this program again as a child."""
    if getattr(sys, "frozen", False):
        return [sys.executable]
    return [sys.executable, str(root() / "main.py")]
