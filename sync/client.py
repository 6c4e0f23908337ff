"""The station's side: two lanes that move dossiers from the outbox to the portal.

Lane A registers manifests, small and urgent; lane B sends files. In ``run_forever`` each has a
thread and a connection of its own, so a manifest never waits behind a scan.
"""

from __future__ import annotations

import datetime as dt
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from sync.errors import OF_ONE_DOSSIER, SyncError
from sync.identity import StationIdentity
from sync.lanes import Courier
from sync.outbox import BlobSource, Outbox, Registered, Sealed
from sync.patience import Patience
from sync.protocol import DossierRev, Missing
from sync.receipt import Reason
from sync.retry import Pacer, Rng, backoff_s
from sync.session import Session
from sync.wire import TIMEOUTS, Timeouts

__all__ = [
    "BlobSource",
    "DossierRev",
    "Missing",
    "Outbox",
    "Reason",
    "Registered",
    "Sealed",
    "SyncClient",
    "SyncReport",
]

_Item = TypeVar("_Item", Sealed, Registered)
_Carry: TypeAlias = Callable[[_Item], None]
_BATCH = 20
_IDLE_S = 2.0
_HELD_PROBE_S = 300.0


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What one pass achieved.

    Attributes:
        done: nothing is waiting any more and nothing went wrong.
        undelivered: dossiers still waiting.
        trouble: what stopped a lane, None when nothing did.
    """

    done: bool
    undelivered: int
    trouble: SyncError | None


class SyncClient:
    """Delivers sealed dossiers exactly once.

    Args:
        identity: of this station at its portal.
        outbox: the durable queue.
        blobs: the files.
        clock: the wall clock, aware.
        wait: waits that many seconds or until told to stop; True means stop.
        rng: for the jitter of the back-off.
        context: trust for TLS; the platform's default when None.
        timeouts: how long each part of an exchange may stand still.
    """

    def __init__(
        self,
        identity: StationIdentity,
        outbox: Outbox,
        blobs: BlobSource,
        *,
        clock: Callable[[], dt.datetime],
        wait: Callable[[float], bool],
        rng: Rng,
        context: ssl.SSLContext | None = None,
        timeouts: Timeouts = TIMEOUTS,
    ) -> None:
        self._identity = identity
        self._outbox = outbox
        self._blobs = blobs
        self._clock = clock
        self._wait = wait
        self._rng = rng
        self._context = context
        self._timeouts = timeouts
        self._pacer = Pacer()

    def run_once(self) -> SyncReport:
        """Everything that can be done now, one lane after the other."""
        trouble: SyncError | None = None
        with self._session() as session:
            for lane in (self._lane_a, self._lane_b):
                try:
                    lane(session)
                except SyncError as error:
                    trouble = error
                    if error.slug not in OF_ONE_DOSSIER:
                        break
        undelivered = self._outbox.waiting()
        return SyncReport(undelivered == 0 and trouble is None, undelivered, trouble)

    def run_forever(self, stop: threading.Event) -> None:
        """Return after ``stop`` is set and both lanes have come to rest.

        Raises:
            Exception: a defect in a lane ends both and is raised here.
        """
        defects: list[BaseException] = []
        lanes = [
            threading.Thread(target=self._keep, args=(lane, stop, defects), name=name)
            for name, lane in (("sync-manifests", self._lane_a), ("sync-files", self._lane_b))
        ]
        for thread in lanes:
            thread.start()
        for thread in lanes:
            thread.join()
        if defects:
            raise defects[0]

    def _keep(
        self,
        lane: Callable[[Session], None],
        stop: threading.Event,
        defects: list[BaseException],
    ) -> None:
        failures = 0
        try:
            with self._session() as session:
                while not stop.is_set():
                    try:
                        lane(session)
                    except SyncError as error:
                        failures += 1
                        pause_s = self._pause_s(error, failures)
                    else:
                        failures, pause_s = 0, _IDLE_S
                    if self._wait(pause_s):
                        return
        except BaseException as defect:  # noqa: BLE001 - handed to the caller of run_forever
            defects.append(defect)
        finally:
            if defects:
                stop.set()

    def _pause_s(self, error: SyncError, failures: int) -> float:
        if error.slug in {"sync.station_held", "sync.station_unknown", "sync.wrong_portal"}:
            return _HELD_PROBE_S
        return max(backoff_s(failures, self._rng), float(error.retry_after_s))

    def _lane_a(self, session: Session) -> None:
        """Register what is sealed until nothing is left that can be."""
        courier = self._courier(session)
        self._go_through(
            self._outbox.to_register, lambda one: courier.register(one, self._patience())
        )

    def _lane_b(self, session: Session) -> None:
        """Deliver what is registered until nothing is left that can be."""
        courier = self._courier(session)
        self._go_through(
            self._outbox.to_deliver, lambda one: courier.deliver(one, self._patience())
        )

    def _go_through(self, queue: Callable[[int], Sequence[_Item]], carry: _Carry[_Item]) -> None:
        """Carry each item of ``queue`` once; one bad dossier does not block those behind it."""
        seen: set[DossierRev] = set()
        trouble: SyncError | None = None
        in_a_row = 0
        while batch := [one for one in queue(_BATCH + len(seen)) if one.key not in seen]:
            for one in batch:
                seen.add(one.key)
                try:
                    carry(one)
                    in_a_row = 0
                except SyncError as error:
                    trouble = error
                    in_a_row += 1
                    if error.slug == "sync.station_held":
                        self._outbox.held(str(error.params.get("code", "")))
                    if error.slug not in OF_ONE_DOSSIER or in_a_row > 1:
                        raise
        if trouble is not None:
            raise trouble

    def _courier(self, session: Session) -> Courier:
        return Courier(session, self._outbox, self._blobs, self._pacer, self._wait)

    def _patience(self) -> Patience:
        return Patience(self._wait, self._rng)

    def _session(self) -> Session:
        return Session(self._identity, self._clock, self._context, self._timeouts)
