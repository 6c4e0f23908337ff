"""What a counter works with: scanner, token, portal; made ready beside the window.

Settings of the vault decide (``scan.device``, ``sign.module``, ``sync.url``). A vault in which
none of them is set is for practice: the sample in a simulated feeder, a software token and a
portal of its own, and the window says so.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from PySide6.QtCore import QObject, Signal

from app.desk import tokens, training
from app.desk.opening import Opening, mark
from app.desk.signing import Signer
from app.domain.errors import DeskError
from app.pipeline.tokendesk import TokenDesk
from app.store import dossiers

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Equipment:
    """What this counter works with now.

    Attributes:
        practice: signature and portal are for practice.
        device: scanner id; empty while it is being made ready.
        module: PKCS#11 module; ``module_env`` is added to its process.
        portal: the portal's URL; empty while it is being made ready.
        practice_pin: shown in practice only; empty at a real counter.
    """

    practice: bool
    device: str = ""
    module: Path | None = None
    module_env: tuple[tuple[str, str], ...] = ()
    serial: str = ""
    signer: Signer | None = None
    portal: str = ""
    practice_pin: str = ""


def decide(opening: Opening, device: str = "") -> Equipment:
    """The equipment that the vault's settings name; marks the vault as practice or real.

    Args:
        opening: the open counter, in its own thread.
        device: scanner id that overrides the setting.

    Raises:
        Trouble: desk.other_kind.
    """
    vault = opening.office.vault
    module = dossiers.setting(vault.db, "sign.module")
    portal = dossiers.setting(vault.db, "sync.url")
    known = dossiers.setting(vault.db, "env")
    real = known == "production" or (not known and bool(module or _far(portal)))
    mark(vault, "production" if real else "demo")
    return Equipment(
        practice=not real,
        device=device or dossiers.setting(vault.db, "scan.device"),
        module=Path(module) if module and real else None,
        portal=portal if real else "",
    )


def _far(url: str) -> bool:
    return bool(url) and urlsplit(url).hostname not in LOOPBACK


class Fitting(QObject):
    """Makes equipment ready in a thread of its own; ``fitted`` tells each piece.

    Args:
        opening: the open counter.
        token: the desk's hold on the token.
        equipment: what `decide` said.
    """

    fitted = Signal(object)
    failed = Signal(str, object)

    def __init__(self, opening: Opening, token: TokenDesk, equipment: Equipment) -> None:
        super().__init__()
        self._opening, self._token = opening, token
        self._now = equipment
        self._end = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin."""
        if self._now.practice:
            self._begin(self._practise)
        else:
            self.find_token()

    def find_token(self) -> None:
        """Look for the clerk's token; what is found is told by ``fitted``."""
        if not self._now.practice:
            self._begin(self._real_token)

    def close(self) -> None:
        """End the practice portal."""
        self._end.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def _begin(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=self._guarded, args=[work], name="fitting", daemon=True)
        self._threads = [known for known in self._threads if known.is_alive()] + [thread]
        thread.start()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except DeskError as error:
            self.failed.emit(error.slug, dict(error.params))
        except Exception as error:
            self.failed.emit("defect.unexpected", {"kind": type(error).__name__})
            raise

    def _tell(self, now: Equipment) -> None:
        self._now = now
        self.fitted.emit(now)

    def _practise(self) -> None:
        if not self._now.device:
            sample = training.sample_pages().resolve()
            self._tell(replace(self._now, device=f"simulated:{sample}"))
        vault = self._opening.office.vault
        db = vault.connect()
        try:
            made = training.practice_token_beside(self._opening, db)
        finally:
            db.close()
        self._tell(
            replace(
                self._now,
                module=made.module,
                module_env=(("SOFTHSM2_CONF", str(made.softhsm_conf)),),
                serial=made.serial,
                signer=made.signer,
                practice_pin=made.pin,
            )
        )
        with training.practice_portal(vault.home) as url:
            self._tell(replace(self._now, portal=url))
            self._end.wait()

    def _real_token(self) -> None:
        module = self._now.module
        if module is not None:
            serial, signer = tokens.present(self._token, module)
            self._tell(replace(self._now, serial=serial, signer=signer))
