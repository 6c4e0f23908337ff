"""A scanner behind a process wall: each pass runs in a driver host of its own.

One host a pass makes finding a device again after a replug, and the reset of every option, come by
themselves; a driver that crashes takes nothing along. A spare host can stand by, so that a pass
need not wait for a process to start.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from typing import TYPE_CHECKING, Final

from scanner.choosing import one_entry_each
from scanner.errors import ScannerError
from scanner.host_process import HostProcess, host_command
from scanner.passes import Pass
from scanner.wire import PROTOCOL, DeviceList, Hello

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from scanner.model import Device, Event, ScanRequest

log = logging.getLogger("scan")

HELLO_S: Final = 10.0
DEVICES_S: Final = 20.0
REOPEN_AFTER_S: Final = (0.5, 1.0, 2.0)
REOPEN_S: Final = 5.0
DRIVERS: Final = (
    ("escl", "wia", "twain", "simulated")
    if os.name == "nt"
    else ("sane", "escl", "twain", "simulated")
)
"""Asked when nobody names one: each costs a process, so those a system cannot have are left out."""
# These live inside this station: nothing out there could hang.
_OURS: Final = frozenset({"simulated", "folder"})


class RemoteSource:
    """Scanners of every driver, each pass in a host process of its own.

    `argv` starts the host; `env` is laid over this process's environment. One pass at a time;
    `ack`, `stop` and `close` may be called from any thread.
    """

    def __init__(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        self._argv = tuple(argv)
        self._env = dict(env or {})
        self._host: HostProcess | None = None
        self._spare: HostProcess | None = None
        self._spare_lock = threading.Lock()
        self._pass: Pass | None = None

    def stand_by(self) -> None:
        """A spare host is starting or started: the next pass takes it and need not wait."""
        with self._spare_lock:
            if self._spare is None or not self._spare.alive:
                if self._spare is not None:
                    self._spare.close()
                self._spare = HostProcess(self._argv, self._env)

    def devices(
        self,
        drivers: Sequence[str] = DRIVERS,
        within_s: float = DEVICES_S,
    ) -> tuple[Device, ...]:
        """The devices these drivers reach now; `escl:URL` asks one address.

        Each driver answers from a host of its own, all at once: one that hangs or crashes hides
        only its own devices. A device that several of them reach is listed once, under the best;
        a driver asked alone lists all it knows.

        Raises:
            ScannerError: No driver at all could answer.
        """
        hosts: list[HostProcess] = []
        found: list[Device] = []
        failures: list[ScannerError] = []
        try:
            for driver in drivers:
                hosts.append(HostProcess(self._command(driver), self._env))
                hosts[-1].send("devices", drivers=[driver])
            deadline = time.monotonic() + within_s
            for host in hosts:
                try:
                    found += _listed(host, deadline)
                except ScannerError as error:
                    host.kill()
                    failures.append(error)
        finally:
            for host in hosts:
                host.close()
        if failures and len(failures) == len(hosts):
            raise failures[0]
        return one_entry_each(found) if len(drivers) > 1 else tuple(found)

    def find(self, device_id: str, within_s: float) -> Device | None:
        """The device as it describes itself now, None when it does not answer in time.

        One that answers but cannot be opened names no sources.
        """
        driver = device_id.partition(":")[0]
        asked = device_id if driver == "escl" else driver
        try:
            found = self.devices([asked], within_s)
        except ScannerError as error:
            log.info("scanner.silent", extra={"slug": error.slug})
            return None
        return next((device for device in found if device.id == device_id), None)

    def scan(self, request: ScanRequest) -> Iterator[Event]:
        """The events of one pass, the last of them `Ended`, whatever happens to the host.

        Each side kept must be acknowledged with `ack` after it was committed; at most eight may
        wait for that.
        """
        running = Pass(request, lambda: self._start(request.device_id), self._end)
        self._pass = running
        return running.events()

    def ack(self, seq: int) -> None:
        """The host may go on: the side of this number is committed."""
        running = self._pass
        if running is not None:
            running.ack(seq)

    def stop(self, now: bool) -> None:  # noqa: FBT001 - the one question there is
        """The pass ends after the sheet in hand, or at once, throwing the open side away."""
        running = self._pass
        if running is not None:
            running.stop(now=now)

    def answers_again(
        self, device_id: str, give_up: threading.Event, beat: Callable[[], object]
    ) -> bool:
        """Whether the device can be opened by a new host, tried after 0.5, 1 and 2 s.

        `beat` is called before each try; `give_up` ends the waiting with False.
        """
        if device_id.partition(":")[0] in _OURS:
            return True
        for pause_s in REOPEN_AFTER_S:
            beat()
            if give_up.wait(pause_s):
                return False
            found = self.find(device_id, REOPEN_S)
            if found is not None and found.sources:
                return True
        return False

    def close(self) -> None:
        """No host of this source is left."""
        host = self._host
        if host is not None:
            self._end(host)
        with self._spare_lock:
            spare, self._spare = self._spare, None
        if spare is not None:
            spare.close()

    def _command(self, driver: str) -> Sequence[str]:
        return host_command(self._argv) if driver.partition(":")[0] == "twain" else self._argv

    def _start(self, device_id: str) -> HostProcess:
        command = self._command(device_id)
        spare = self._taken_spare() if command is self._argv else None
        if spare is not None:
            self._host = spare
            return spare
        host = HostProcess(command, self._env)
        self._host = host
        try:
            _greet(host)
        except ScannerError:
            host.kill()
            self._end(host)
            raise
        return host

    def _taken_spare(self) -> HostProcess | None:
        with self._spare_lock:
            spare, self._spare = self._spare, None
        if spare is None:
            return None
        try:
            _greet(spare)
        except ScannerError:
            # It died while it stood by: another one is as good.
            spare.close()
            return None
        return spare

    def _end(self, host: HostProcess) -> None:
        host.close()
        if self._host is host:
            self._host = None


def _listed(host: HostProcess, deadline: float) -> tuple[Device, ...]:
    _greet(host, deadline)
    while True:
        message = host.receive(deadline)
        if isinstance(message, DeviceList):
            return message.devices


def _greet(host: HostProcess, deadline: float = math.inf) -> None:
    hello = host.receive(min(deadline, time.monotonic() + HELLO_S))
    if not isinstance(hello, Hello) or hello.protocol != PROTOCOL:
        raise ScannerError("scan.driver_crash", code="protocol")
