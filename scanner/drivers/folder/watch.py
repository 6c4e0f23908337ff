"""What lies in a folder and since when it lies still.

The folder is looked at again and again: events do not come from network shares, and where they
come they say that a file began, not that it ended.
"""

from __future__ import annotations

import os
import re
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from scanner.drivers.folder.inbox import Mark

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POLL_S: Final = 0.25
# A folder that is slow to list is listed less often.
SHARE_OF_TIME: Final = 10
# Silence of one file is limited by the caller; one that grows for ever is by so many times that.
LONGEST_GROWTH: Final = 10
_COMPANIONS: Final = frozenset({"thumbs.db", "desktop.ini"})
_IN_TRANSFER: Final = (".tmp", ".part", ".partial", ".filepart", ".crdownload")
_NUMBER: Final = re.compile(r"(\d+)")


@dataclass(slots=True)
class Sight:
    """One entry of the folder, as it was seen last.

    `first` and `since` are readings of the monotonic clock: when it was seen first, and when it
    last changed. `looked` is when its content was last looked into, `settled` that nothing more
    is expected of it in this pass.
    """

    name: str
    path: Path
    mark: Mark
    first: float
    since: float
    regular: bool
    looked: float | None = None
    settled: bool = False

    @property
    def in_transfer(self) -> bool:
        """Whether its name says that somebody will rename it when it is whole."""
        return self.name.lower().endswith(_IN_TRANSFER)

    @property
    def order(self) -> tuple[int, list[str | int], str]:
        """Oldest first; at equal times by name, its numbers counted and not spelled."""
        pieces = _NUMBER.split(self.name)
        natural = [int(piece) if piece.isdecimal() else piece for piece in pieces]
        return self.mark.mtime_ns, natural, self.name


@dataclass(slots=True)
class Watch:
    """The folder over time; `stable_s` is how long a file must lie still."""

    folder: Path
    stable_s: float
    sights: dict[str, Sight] = field(default_factory=dict)
    arrived: int = 0
    changed_at: float = field(default_factory=time.monotonic)
    _next_look: float = 0.0

    @property
    def poll_s(self) -> float:
        """Seconds from one look to the next while nothing happens."""
        return min(POLL_S, self.stable_s / 4)

    def look(self) -> None:
        """The sights are as the folder is now.

        Raises:
            OSError: The folder cannot be listed.
        """
        now = time.monotonic()
        if now < self._next_look:
            return
        before, self.sights = self.sights, {}
        for name, path, found, regular in self._entries():
            mark, old = Mark.of(found), before.get(name)
            if old is not None and old.mark == mark:
                self.sights[name] = old
                continue
            if old is not None and old.settled:
                # One that was given up and still grows must not keep the pass from ending.
                old.mark = mark
                self.sights[name] = old
                continue
            self.changed_at = now
            self.arrived += 1 + max(0, mark.size_bytes - (old.mark.size_bytes if old else 0))
            first = old.first if old else now
            self.sights[name] = Sight(name, path, mark, first, now, regular)
        if before.keys() - self.sights.keys():
            self.changed_at = now
        spent = time.monotonic() - now
        self._next_look = now + spent + max(self.poll_s / 2, SHARE_OF_TIME * spent)

    def ready(self) -> list[Sight]:
        """What lies still and was not looked into for as long, oldest first."""
        now = time.monotonic()
        still = [
            sight
            for sight in self.waiting()
            if not sight.in_transfer
            and now - max(sight.since, sight.looked or 0.0) >= self.stable_s
        ]
        return sorted(still, key=lambda sight: sight.order)

    def waiting(self) -> Iterator[Sight]:
        """What may still become a whole file."""
        return (sight for sight in self.sights.values() if not sight.settled)

    def forget(self, sight: Sight) -> None:
        """The file was taken."""
        self.sights.pop(sight.name, None)
        self.changed_at = time.monotonic()

    def overdue(self, sight: Sight, limit_s: float) -> bool:
        """Whether it grew, or lay still and was not whole, for longer than a file may.

        One that only waits for its turn behind others never is.
        """
        now, limit_s = time.monotonic(), max(limit_s, 2 * self.stable_s)
        lies = now - sight.since
        if lies < self.stable_s:
            return now - sight.first > LONGEST_GROWTH * limit_s
        return lies > limit_s and (sight.looked is not None or sight.in_transfer)

    def _entries(self) -> Iterator[tuple[str, Path, os.stat_result, bool]]:
        with os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name.lower() in _COMPANIONS:
                    continue
                try:
                    if entry.is_dir(follow_symlinks=False):
                        continue
                    found = os.stat(entry.path, follow_symlinks=False)  # noqa: PTH116 - not cached
                    regular = entry.is_file(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                yield entry.name, self.folder / entry.name, found, regular


def being_written(path: Path) -> bool:
    """Whether some process here has the file open for writing.

    Only a local file system can tell, and only the owner of a file is told: False means that
    nobody knows. Source: fcntl(2), leases; the signal of a broken lease is one that is ignored.
    """
    if sys.platform != "linux":
        return False
    import fcntl  # noqa: PLC0415 - exists on POSIX only
    import signal  # noqa: PLC0415 - the same

    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False
