"""What every use case holds: the vault, the clerk, the clock and a way to wake the workers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

from app import clock
from app.desk.known import Known
from app.domain.errors import Trouble
from app.domain.ids import DossierId
from app.store import dossiers
from app.store.dossiers import Act
from app.store.vault import Vault


def _nobody() -> None:
    """No worker to wake."""


@dataclass(frozen=True, slots=True)
class Office:
    """One clerk at one counter.

    Attributes:
        vault: this thread's open vault.
        clerk: who acts, as the journal names them (an id, never a full name).
        wake: tells the workers that rows were added.
        now: the wall clock.
        known: what was read out of blobs before.
    """

    vault: Vault
    clerk: str
    wake: Callable[[], None] = field(default=_nobody)
    now: Callable[[], dt.datetime] = field(default=clock.now)
    known: Known = field(default_factory=Known, compare=False, repr=False)

    def act(self) -> Act:
        """The clerk, now."""
        return Act(self.clerk, self.now())

    def editable(self, dossier: DossierId) -> None:
        """Refuse to change what is being signed or is sealed.

        Raises:
            Trouble: dossier.not_editable.
        """
        found = dossiers.get(self.vault.db, dossier)
        if not found.editable:
            raise Trouble("dossier.not_editable", code=found.temp_code)
