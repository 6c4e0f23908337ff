"""Where a file of the folder goes while its pages are taken: out of the writer's way, still there.

Each file gets a slot, a folder of its own in `INBOX/taken`, so that its name stays and nothing can
be overwritten. It leaves the slot only when its pages are committed, or back to where it came from.
The inbox lies in the scanned folder itself: a rename never crosses a file system.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import secrets
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, TypeAlias

from scanner.errors import ScannerError

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger("scan")

INBOX: Final = ".counter-station-inbox"
LEDGER_LINES: Final = 5000
_TAKEN: Final = "taken"
_REPEATED: Final = "repeated"
_REFUSED: Final = "refused"
_AGAIN: Final = "-again"
_LEDGER: Final = "ledger.jsonl"
_LOCK: Final = "lock"
_BLOCK: Final = 1 << 20

_Row: TypeAlias = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Mark:
    """What changes when somebody writes to a file."""

    size_bytes: int
    mtime_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> Mark:
        """The mark in this answer of `stat`."""
        return cls(found.st_size, found.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class Slot:
    """One file in the inbox, and its mark when it came in."""

    folder: Path
    path: Path
    mark: Mark

    @property
    def unchanged(self) -> bool:
        """Whether nobody wrote to the file since."""
        return Mark.of(self.path.stat()) == self.mark


class Inbox:
    """The inbox of one folder, held by one pass at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._inbox = folder / INBOX
        self._lock: BinaryIO | None = None
        self._known: dict[str, _Row] = {}
        self._own: set[str] = set()
        self.stuck: list[str] = []

    def open(self) -> None:
        """The inbox is ours and files can be moved there.

        Raises:
            ScannerError: `scan.folder_access` without the rights for that, `scan.busy` when
                another station takes files from the same folder.
        """
        try:
            for name in (_TAKEN, _REPEATED):
                (self._inbox / name).mkdir(parents=True, exist_ok=True)
            if self._inbox.is_symlink():
                raise self.no_access()
            self._lock = (self._inbox / _LOCK).open("ab")
            if not _locked(self._lock):
                raise ScannerError("scan.busy")
            self._probe()
            self._known = self._read_ledger()
            self._write_ledger()
        except OSError as error:
            raise self.no_access() from error

    def close(self) -> None:
        """Another pass may have the inbox."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def no_access(self) -> ScannerError:
        """The trouble that names the folder."""
        return ScannerError("scan.folder_access", folder=shown(str(self._folder)))

    def left_over(self) -> Iterator[Slot]:
        """Files of an earlier pass that ended before it could tell, oldest first.

        Those it had noted as committed are removed instead.
        """
        found: list[Slot] = []
        committed = {row["slot"] for row in self._known.values()}
        for folder in (self._inbox / _TAKEN).iterdir():
            paths = list(folder.iterdir())
            if not paths or folder.name in committed:
                _remove(folder)
                continue
            found += [Slot(folder, path, Mark.of(path.stat())) for path in paths[:1]]
        return iter(sorted(found, key=lambda slot: slot.mark.mtime_ns))

    def tried_again(self, slot: Slot) -> Slot | None:
        """The left-over file in a slot that remembers this try, None when there was one before.

        A file over which two passes died is kept in `INBOX/refused`: a third must not die of it.
        """
        if slot.folder.name.endswith(_AGAIN):
            (self._inbox / _REFUSED).mkdir(exist_ok=True)
            slot.folder.rename(self._inbox / _REFUSED / slot.folder.name)
            return None
        folder = slot.folder.with_name(slot.folder.name + _AGAIN)
        slot.folder.rename(folder)
        return Slot(folder, folder / slot.path.name, slot.mark)

    def take(self, path: Path, mark: Mark) -> Slot | None:
        """The file in a slot of its own, None when its writer holds it or wrote to it again."""
        folder = self._inbox / _TAKEN / secrets.token_hex(8)
        folder.mkdir()
        slot = Slot(folder, folder / path.name, mark)
        try:
            path.rename(slot.path)
        except OSError as error:
            folder.rmdir()
            log.info("a file in the folder cannot be moved yet: %s", error.strerror)
            return None
        if slot.unchanged:
            return slot
        self.put_back(slot)
        return None

    def put_back(self, slot: Slot) -> bool:
        """Whether the file is where it was; if its name is taken by now it stays in its slot."""
        try:
            back = self._folder / slot.path.name
            _renamed(slot.path, back)
            slot.folder.rmdir()
        except OSError as error:
            log.info("a file stays in the inbox: %s", error.strerror)
            self.stuck.append(slot.path.name)
            # The pass lives: nothing died over this file.
            with contextlib.suppress(OSError):
                slot.folder.rename(slot.folder.with_name(slot.folder.name.removesuffix(_AGAIN)))
            return False
        return True

    def hash_of(self, slot: Slot) -> str:
        """SHA-256 of the file's bytes."""
        digest = hashlib.sha256()
        with slot.path.open("rb") as file:
            while data := file.read(_BLOCK):
                digest.update(data)
        return digest.hexdigest()

    def repeats(self, sha256: str) -> bool:
        """Whether a file of these bytes was taken before, in this pass or an earlier one."""
        return sha256 in self._own or sha256 in self._known

    def note_own(self, sha256: str) -> None:
        """This pass took a file of these bytes."""
        self._own.add(sha256)

    def set_aside(self, slot: Slot, sha256: str) -> None:
        """The repeated file is kept in `INBOX/repeated`, where nobody takes it.

        Whoever was told and puts it into the folder once more means it: in a later pass it is
        taken, since the hash is forgotten here.
        """
        slot.folder.rename(self._inbox / _REPEATED / slot.folder.name)
        if sha256 not in self._own and self._known.pop(sha256, None) is not None:
            self._write_ledger()

    def finish(self, slot: Slot, sha256: str) -> None:
        """The file is gone and its hash noted: every page of it is committed elsewhere.

        A file that was written to meanwhile is put back instead.
        """
        if not slot.unchanged:
            self.put_back(slot)
            return
        row: _Row = {"slot": slot.folder.name, "at": int(time.time())}
        with (self._inbox / _LEDGER).open("a", encoding="utf-8") as file:
            file.write(_line(sha256, row))
        self._known[sha256] = row
        _remove(slot.folder)

    def _probe(self) -> None:
        """A file can be made, moved and removed here; if one cannot, no other could."""
        name = f".probe-{secrets.token_hex(4)}"
        here, there = self._folder / name, self._inbox / name
        here.touch()
        try:
            here.rename(there)
        except OSError:
            here.unlink()
            raise
        there.unlink()

    def _read_ledger(self) -> dict[str, _Row]:
        try:
            lines = (self._inbox / _LEDGER).read_text("utf-8", "replace").splitlines()
        except FileNotFoundError:
            return {}
        known: dict[str, _Row] = {}
        for line in lines:
            # A line torn by a crash is one hash forgotten, nothing more.
            with contextlib.suppress(ValueError, KeyError, TypeError):
                row = json.loads(line)
                known[str(row["sha256"])] = {"slot": str(row["slot"]), "at": int(row["at"])}
        return dict(list(known.items())[-LEDGER_LINES:])

    def _write_ledger(self) -> None:
        whole = self._inbox / _LEDGER
        part = whole.with_suffix(".part")
        part.write_text("".join(_line(sha, row) for sha, row in self._known.items()), "utf-8")
        part.replace(whole)


def shown(name: str) -> str:
    """The name as it can be written down: no control characters, no bytes that are no text."""
    text = os.fsencode(name).decode("utf-8", "replace")
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def _line(sha256: str, row: _Row) -> str:
    return json.dumps({"sha256": sha256, **row}) + "\n"


def _renamed(path: Path, free: Path) -> None:
    """The file has that name; none that has it already is replaced, as a rename alone would."""
    if sys.platform == "win32":
        path.rename(free)
        return
    try:
        os.link(path, free)
    except FileExistsError:
        raise
    except OSError:
        # A share without second names, or another's file, which Linux gives none
        # (proc(5), protected_hardlinks): the name is taken by an empty file of ours first.
        free.touch(exist_ok=False)
        try:
            path.rename(free)
        except OSError:
            free.unlink()
            raise
    else:
        path.unlink()


def _remove(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def _locked(file: BinaryIO) -> bool:
    """Whether the file is locked by us; True too where the share knows no locks."""
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - exists on Windows only

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - exists on POSIX only

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError as error:
        log.info("the folder knows no locks: %s", error.strerror)
    return True
