"""How this station scans: the chosen profile, the clerk's change of sides, the scanner itself."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

from app.desk.office import Office
from app.desk.profile_files import PAGES_MM, Preset, Presets, load
from app.desk.reception import ScanProfile
from app.domain.errors import Trouble
from app.store import dossiers
from app.store.database import transaction

PRACTICE = "mot-mat"
SIMULATED = "simulated:"
FLATBED = "flatbed"
Source = Literal["feeder", "flatbed"]


@dataclass(frozen=True, slots=True)
class Choice:
    """What F5 would do now.

    Attributes:
        preset: the chosen profile with the locks and the clerk's change laid over it.
        presets: all of them.
        source: ``feeder`` or ``flatbed``, as the chosen scanner has it.
        offered: the chosen scanner feeds both sides, or did not say.
    """

    preset: Preset
    presets: Presets
    source: Source = "feeder"
    offered: bool = True

    @property
    def duplex(self) -> bool:
        """Whether both sides are scanned; a flatbed has one."""
        return self.preset.duplex and self.source != FLATBED

    @property
    def duplex_free(self) -> bool:
        """Whether the clerk may change the sides."""
        return "duplex" not in self.presets.locked and self.source != FLATBED and self.offered


def choice(office: Office, device: str = "", presets: Presets | None = None) -> Choice:
    """The profile that counts at this station.

    Args:
        office: the desk.
        device: scanner that will be used; a simulated one begins with single sides.
        presets: the station's profiles, read now when None.
    """
    db = office.vault.db
    presets = presets or load()
    first = PRACTICE if device.startswith(SIMULATED) and not presets.office else presets.default
    named = dossiers.setting(db, "scan.profile", first)
    found = presets.effective(named) or presets.effective(presets.default)
    if found is None:  # the default is one of the rows
        raise Trouble("profile.unknown", name=named)
    mine = device == dossiers.setting(db, "scan.device")
    offered = not (mine and dossiers.setting(db, "scan.sides") == "1")
    sides = dossiers.setting(db, "scan.duplex")
    if "duplex" not in presets.locked:
        duplex = offered and (found.duplex if not sides else sides == "1")
        found = dataclasses.replace(found, duplex=duplex)
    flat = mine and dossiers.setting(db, "scan.source") == FLATBED
    return Choice(found, presets, "flatbed" if flat else "feeder", offered)


def choose(office: Office, name: str) -> None:
    """Remember a profile for this station; an earlier change of sides is forgotten.

    Raises:
        Trouble: profile.unknown.
    """
    if name not in load().rows:
        raise Trouble("profile.unknown", name=name)
    with transaction(office.vault.db) as db:
        dossiers.set_setting(db, "scan.profile", name)
        dossiers.set_setting(db, "scan.duplex", "")
        dossiers.note(db, office.act(), "scan.profile", "", profile=name)


def set_duplex(office: Office, *, on: bool) -> None:
    """Scan both sides, or one, until changed again.

    Raises:
        Trouble: profile.locked when the office decides it.
    """
    if "duplex" in load().locked:
        raise Trouble("profile.locked")
    with transaction(office.vault.db) as db:
        dossiers.set_setting(db, "scan.duplex", "1" if on else "0")


def plan(office: Office, device: str, declared_sheets: int | None = None) -> ScanProfile:
    """What the desk asks of the scanner for the next stack."""
    now = choice(office, device)
    profile = of_preset(now.preset, device, declared_sheets)
    return dataclasses.replace(profile, source=now.source, duplex=now.duplex)


def of_preset(preset: Preset, device: str, declared_sheets: int | None = None) -> ScanProfile:
    """A profile's values as a batch needs them."""
    return ScanProfile(
        device=device,
        duplex=preset.duplex,
        dpi=preset.dpi,
        page_mm=PAGES_MM[preset.page],
        mode=preset.mode,
        multifeed=preset.double_feed,
        reason=preset.reason,
        declared_sheets=declared_sheets,
    )
