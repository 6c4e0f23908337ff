"""The plug is pulled: what was promised is on the disk, and the test can tell when it is not.

An ext4 image stands in for the disk. While a process stores pages on it, the process is stopped and
the image copied as it is at that instant: what only lay in memory is not in the copy, just as after
a power cut. ``commit=300`` keeps the file system from saving us by chance.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.errors import DeskError
from app.store import journal
from app.store.database import fetch
from app.store.vault import open_vault
from tests.store.children import MASTER, check_pages

ROOT = Path(__file__).parents[2]
DEADLINE_S = 60
STORE = """
import sys
from pathlib import Path
from app.store.vault import open_vault
from tests.store.children import MASTER, store_pages
BREAK
vault = open_vault(Path(sys.argv[1]), MASTER)
store_pages(vault, "0", "400")
"""
SOUND = ""
NO_FSYNC = "import os; os.fsync = lambda fd: None"
NORMAL = (
    "from app.store import database as d\n"
    "d._SETTINGS = tuple((n, 'NORMAL', 1) if n == 'synchronous' else (n, v, e)"
    " for n, v, e in d._SETTINGS)"
)


def run(*command: object) -> bool:
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, timeout=60, check=False).returncode == 0


@contextlib.contextmanager
def disk(image: Path, folder: Path) -> Iterator[Path]:
    """The image mounted at ``folder``."""
    folder.mkdir()
    if not run("mount", "-o", "loop,commit=300", image, folder):
        pytest.skip("no loop device to mount")
    try:
        yield folder
    finally:
        run("umount", folder)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        pytest.skip("a disk image needs root on Linux and mkfs.ext4")
    path = tmp_path / "disk.img"
    with path.open("wb") as file:
        file.truncate(128 * 2**20)
    if not run("mkfs.ext4", "-q", "-F", path):
        pytest.skip("mkfs.ext4 failed")
    return path


def cut_power(
    image: Path, tmp_path: Path, after: int, breakage: str
) -> tuple[Path, dict[int, str]]:
    """The disk as it is ``after`` so many promises, and the promises."""
    copy = tmp_path / f"cut-{after}.img"
    with disk(image, tmp_path / f"running-{after}") as folder:
        child = subprocess.Popen(
            [sys.executable, "-c", STORE.replace("BREAK", breakage), folder / "home"],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert child.stdout is not None
        try:
            lines = [child.stdout.readline().split() for _ in range(after)]
            os.kill(child.pid, signal.SIGSTOP)
            assert run("cp", "--sparse=always", image, copy)
        finally:
            child.kill()
            _, err = child.communicate(timeout=DEADLINE_S)
    assert all(line[:1] == ["stored"] for line in lines), err
    return copy, {int(number): blob for _, number, blob in lines}


def lost(copy: Path, folder: Path, promised: dict[int, str]) -> str:
    """What of the promised is not there after the restart; empty if all is."""
    with disk(copy, folder) as mounted:
        try:
            vault = open_vault(mounted / "home", MASTER)
        except DeskError as error:
            return str(error)
        try:
            found = check_pages(vault)
            sound = fetch(vault.db, "PRAGMA integrity_check") == [{"integrity_check": "ok"}]
            chained = journal.verify(vault.db).ok
        except (DeskError, AssertionError) as error:
            return repr(error)
        finally:
            vault.close()
    missing = promised.keys() - found.keys()
    return (
        f"{len(missing)} of {len(promised)} rows" if missing else "" if sound and chained else "db"
    )


@pytest.mark.parametrize("after", [1, 7, 40])
def test_a_power_cut_loses_no_page_that_was_shown(image: Path, tmp_path: Path, after: int):
    copy, promised = cut_power(image, tmp_path, after, SOUND)
    assert len(promised) == after
    assert lost(copy, tmp_path / "after", promised) == ""


@pytest.mark.parametrize("breakage", [NO_FSYNC, NORMAL], ids=["no fsync", "synchronous NORMAL"])
def test_a_power_cut_is_noticed_where_the_order_is_broken(
    image: Path, tmp_path: Path, breakage: str
):
    copy, promised = cut_power(image, tmp_path, 40, breakage)
    what = lost(copy, tmp_path / "after", promised)
    print("lost:", what)
    assert what
