"""A folder into which a copier saves its scans: each whole file is taken once, none too early.

A file counts when it lies still, its format is complete, nobody writes to it, and it can be moved
into our inbox. It leaves the inbox only when every page of it is committed. After a crash the files
left there come first; pages of such a file that were committed before the crash come twice, and the
clerk sees them: better twice than never.

Bytes seen before are put aside and told, for a copier that saves twice makes the same bytes while
two sheets never do; put into the folder once more, in a later pass, they are taken.

Device ids: `folder:PATH`. The environment may set how long a file must lie still
(`SCANNER_FOLDER_STABLE_S`) and how long the folder must be quiet at the end
(`SCANNER_FOLDER_QUIET_S`), in seconds.
"""

from __future__ import annotations

import logging
import math
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scanner.drivers.folder.formats import Foreign, Unfinished
from scanner.drivers.folder.inbox import Inbox, Slot, shown
from scanner.drivers.folder.pages import bytes_of, leaves, prove
from scanner.drivers.folder.watch import Sight, Watch, being_written
from scanner.drivers.source import (
    Delivered,
    DriverEvent,
    Numbering,
    Stop,
    concluded,
    silence_limits,
)
from scanner.errors import ScannerError
from scanner.model import Device, Notice, ScanRequest, SideChunk
from scanner.wire import Opened, Pause, Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger("scan")

STABLE_S: Final = 2.0
QUIET_S: Final = 3.0
COMMIT_S: Final = 60.0
INCOMPLETE: Final = "scan.file_incomplete"
REJECTED: Final = "scan.file_rejected"
REPEATED: Final = "scan.file_repeated"
# The worst of what happened names the end of the pass.
_RANK: Final = (INCOMPLETE, REJECTED, REPEATED)


class HotFolderSource:
    """The folders at these paths; none is found by itself."""

    def __init__(self, paths: tuple[str, ...] = ()) -> None:
        self._paths = paths

    def devices(self) -> tuple[Device, ...]:
        """A device for each of the paths that is a folder."""
        return tuple(
            Device(f"folder:{path}", "folder", "", Path(path).name, "", "", ("feeder",), (), True)
            for path in self._paths
            if _is_folder(path)
        )

    def scan(self, request: ScanRequest, stop: Stop) -> Iterator[DriverEvent]:
        """The pages of the files that are in the folder or come into it, and why the pass ended.

        It ends when the folder was quiet, or the declared sheets came.

        Raises:
            ScannerError: `scan.folder_access` when the path is no folder or lacks the rights to
                read, write and rename; `scan.busy` when another station takes files from it.
        """
        path = request.device_id.removeprefix("folder:")
        folder = Path(path)
        inbox = Inbox(folder)
        if not _is_folder(path):
            raise inbox.no_access()
        try:
            inbox.open()
            running = _Pass(folder, inbox, request, stop)
            try:
                yield Opened()
                yield from concluded(running.events())
                running.wait_committed()
            finally:
                running.leave()
        finally:
            inbox.close()


class _Pass:
    """One pass over a folder."""

    def __init__(self, folder: Path, inbox: Inbox, request: ScanRequest, stop: Stop) -> None:
        self._inbox = inbox
        self._request = request
        self._stop = stop
        self._numbers = Numbering(request)
        self._watch = Watch(folder, _seconds(os.environ.get("SCANNER_FOLDER_STABLE_S"), STABLE_S))
        self._quiet_s = _seconds(os.environ.get("SCANNER_FOLDER_QUIET_S"), QUIET_S)
        self._limit_s = silence_limits(request)[0]
        self._began = time.monotonic()
        self._told = 0
        self._handed_on: list[tuple[Slot, str, int]] = []
        self._open_slot: Slot | None = None
        self._troubles: dict[str, str] = {}

    def events(self) -> Iterator[DriverEvent]:
        """Everything of the pass up to its end.

        Raises:
            ScannerError: The slug of the worst that happened to a file, or why the pass broke off.
        """
        try:
            yield from self._left_over()
            while not self._enough():
                self._watch.look()
                yield from self._arrivals()
                ready = self._watch.ready()
                self._stop.check(sheet_open=self._numbers.sheet_open and bool(ready))
                if ready:
                    yield from self._consider(ready)
                elif self._over():
                    break
                else:
                    yield Pause(self._watch.poll_s)
                    self._stop.wait(self._watch.poll_s)
                yield from self._give_up_overdue()
                self._finish_committed(0)
                while self._inbox.stuck:
                    yield self._tell(INCOMPLETE, self._inbox.stuck.pop())
        except OSError as error:
            log.info("the folder cannot be used: %s", error.strerror)
            raise self._inbox.no_access() from error
        for slug in _RANK:
            if slug in self._troubles and not self._enough():
                raise ScannerError(slug, name=self._troubles[slug])

    def wait_committed(self) -> None:
        """Every file whose pages the caller commits in time is gone from the inbox."""
        try:
            self._finish_committed(COMMIT_S)
        except OSError as error:
            log.info("the inbox cannot be tidied: %s", error.strerror)

    def leave(self) -> None:
        """Files not committed lie in the folder again."""
        try:
            self._finish_committed(0)
            for slot in [entry[0] for entry in self._handed_on]:
                self._inbox.put_back(slot)
            if self._open_slot is not None:
                self._inbox.put_back(self._open_slot)
        except OSError as error:
            log.info("the inbox cannot be tidied: %s", error.strerror)

    def _enough(self) -> bool:
        declared = self._request.declared_sheets
        return declared is not None and self._numbers.sheets >= declared

    def _over(self) -> bool:
        now = time.monotonic()
        if any(self._watch.waiting()) or now - self._watch.changed_at < self._quiet_s:
            return False
        seen = self._numbers.sides or REPEATED in self._troubles
        return bool(seen) or now - self._began >= self._limit_s

    def _arrivals(self) -> Iterator[DriverEvent]:
        """What came since the last look counts as bytes of the device."""
        if self._watch.arrived > self._told:
            self._told = self._watch.arrived
            yield self._progress(self._told)

    def _progress(self, arrived: int) -> Progress:
        return Progress(self._request.first_seq + self._numbers.sides, arrived)

    def _give_up_overdue(self) -> Iterator[DriverEvent]:
        for sight in list(self._watch.waiting()):
            if self._watch.overdue(sight, self._limit_s):
                yield self._settle(sight, INCOMPLETE)

    def _settle(self, sight: Sight, slug: str) -> Notice:
        sight.settled = True
        return self._tell(slug, sight.name)

    def _tell(self, slug: str, name: str) -> Notice:
        self._troubles.setdefault(slug, shown(name))
        return Notice(slug, {"name": shown(name)})

    def _consider(self, ready: list[Sight]) -> Iterator[DriverEvent]:
        """The oldest file that proves whole is taken; those before it wait or are refused."""
        for sight in ready:
            sight.looked = time.monotonic()
            try:
                if not sight.regular:
                    raise Foreign  # noqa: TRY301 - told in one place
                yield from self._proof(sight.path)
                if being_written(sight.path):
                    continue
            except (Unfinished, OSError):
                # A folder that is gone shows itself at the next look.
                continue
            except Foreign:
                yield self._settle(sight, REJECTED)
                continue
            slot = self._inbox.take(sight.path, sight.mark)
            if slot is not None:
                self._watch.forget(sight)
                yield from self._file(slot, may_repeat=False)
                return

    def _proof(self, path: Path) -> Iterator[DriverEvent]:
        """Whatever is wrong with any page of the file is known.

        A long file takes long to prove; every page of it counts as bytes of the device.
        """
        for _ in prove(path, self._request.dpi):
            if self._stop.now:
                raise ScannerError("scan.cancelled")
            self._told += 1
            self._watch.arrived += 1
            yield self._progress(self._told)

    def _left_over(self) -> Iterator[DriverEvent]:
        """The files an earlier pass could not finish; one that is not whole is put back."""
        for slot in self._inbox.left_over():
            self._stop.check(sheet_open=False)
            try:
                yield from self._proof(slot.path)
            except (Unfinished, Foreign):
                self._inbox.put_back(slot)
                continue
            again = self._inbox.tried_again(slot)
            if again is None:
                yield self._tell(REJECTED, slot.path.name)
            else:
                yield from self._file(again, may_repeat=True)

    def _file(self, slot: Slot, *, may_repeat: bool) -> Iterator[DriverEvent]:
        """The pages of the file as sides; from now on it is answered for."""
        self._open_slot = slot
        sha256 = self._inbox.hash_of(slot)
        if not may_repeat and self._inbox.repeats(sha256):
            self._inbox.set_aside(slot, sha256)
            self._open_slot = None
            yield self._tell(REPEATED, slot.path.name)
            return
        try:
            for leaf in leaves(slot.path, self._request.dpi):
                begin = self._numbers.begin()
                yield begin
                for chunk in bytes_of(leaf):
                    if self._stop.now:
                        raise ScannerError("scan.cancelled")
                    if chunk:
                        yield SideChunk(begin.seq, chunk)
                dpi = leaf.dpi if leaf.dpi != self._request.dpi else None
                name = shown(slot.path.name)
                yield Delivered(leaf.media, leaf.width_px, leaf.height_px, leaf.flags, name, dpi)
        except (Unfinished, Foreign) as error:
            # It was whole when it was proved: somebody wrote to it in the inbox.
            raise ScannerError(INCOMPLETE, name=shown(slot.path.name)) from error
        self._inbox.note_own(sha256)
        last_seq = self._request.first_seq + self._numbers.sides - 1
        self._handed_on.append((slot, sha256, last_seq))
        self._open_slot = None

    def _finish_committed(self, seconds: float) -> None:
        """Files whose last page is committed are gone.

        A front is committed only after its back: while one is open nothing must wait for it.
        """
        waiting: list[tuple[Slot, str, int]] = []
        deadline = time.monotonic() + seconds
        for slot, sha256, last_seq in self._handed_on:
            if self._stop.wait_committed(last_seq, max(0.0, deadline - time.monotonic())):
                self._inbox.finish(slot, sha256)
            else:
                waiting.append((slot, sha256, last_seq))
        self._handed_on = waiting


def _is_folder(path: str) -> bool:
    try:
        return bool(path) and Path(path).is_dir()
    except OSError:
        return False


def _seconds(text: str | None, usual: float) -> float:
    try:
        value = float(text or usual)
    except ValueError:
        return usual
    return value if 0 < value < math.inf else usual
