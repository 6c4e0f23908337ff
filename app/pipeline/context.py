"""What a running stage may touch: its job, the vault, the bell and the token's ear."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from app.clock import now
from app.domain.errors import Defect
from app.store.dossiers import Act
from app.store.jobs import Job
from app.store.vault import Vault


class Bell(Protocol):
    """Rings the doorbell: a hint on stdout, never the truth."""

    def __call__(self, ev: str, **fields: str | float | None) -> None:
        """Write one line."""


AskToken = Callable[[Mapping[str, str]], Mapping[str, str]]
"""Hands a request to the token process through the supervisor and waits for its reply."""


@dataclass(slots=True)
class Context:
    """One run of one job.

    Attributes:
        command: how to start this program again, for the driver host.
        keep: warm things of this worker (engines), by name.
        progress: renews the lease; effects call it when bytes moved.
        stopping: set when the clerk asked this work to stop.
        on_stop: called then, from the listening thread, however long the work hangs.
    """

    vault: Vault
    job: Job
    owner: str
    home: Path
    command: Sequence[str]
    bell: Bell
    progress: Callable[[], None]
    keep: dict[str, object]
    stopping: threading.Event = field(default_factory=threading.Event)
    on_stop: Callable[[], None] | None = None
    ask_token: AskToken | None = None

    def act(self) -> Act:
        """The worker as the one who acts, now."""
        return Act(self.owner.split("-", 1)[0], now())

    def text(self, name: str) -> str:
        """The string parameter ``name``.

        Raises:
            Defect: job.param when it is missing or of another type.
        """
        value = self.job.params.get(name)
        if not isinstance(value, str):
            raise Defect("job.param", stage=self.job.stage, name=name)
        return value

    def integer(self, name: str) -> int:
        """The whole-number parameter ``name``.

        Raises:
            Defect: job.param when it is missing or of another type.
        """
        value = self.job.params.get(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise Defect("job.param", stage=self.job.stage, name=name)
        return value
