"""Builds the two Java referees once into .cache/referees, keyed by their own source files."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
JAVA = HERE / "java"
CACHE = HERE.parents[1] / ".cache" / "referees"
MODULES = ("verapdf", "dss")
BUILD_LIMIT_S = 900


class RefereeMissingError(Exception):
    """A referee that cannot be had on this machine, and why."""


@dataclass(frozen=True, slots=True)
class Built:
    """Class paths of the referees, ready to run without network."""

    root: Path

    def class_path(self, module: str) -> str:
        folder = self.root / module
        return os.pathsep.join([str(folder / "target" / "classes"), str(folder / "lib" / "*")])


def sources_key() -> str:
    """Changes whenever a file of the Java projects does."""
    digest = hashlib.sha256()
    for file in sorted(p for p in JAVA.rglob("*") if p.is_file() and "target" not in p.parts):
        digest.update(
            file.relative_to(JAVA).as_posix().encode() + b"\0" + file.read_bytes() + b"\0"
        )
    return digest.hexdigest()[:16]


def build() -> Built:
    """The built referees; builds them the first time, which fetches from Maven's registry.

    Raises:
        RefereeMissingError: no Java, no Maven, or the build failed.
    """
    if shutil.which("java") is None:
        raise RefereeMissingError("no java on this machine")
    ready = CACHE / sources_key()
    if ready.is_dir():
        return Built(ready)
    if shutil.which("mvn") is None:
        raise RefereeMissingError("no mvn on this machine")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if ready.is_dir():  # another one built it while we waited
            return Built(ready)
        with tempfile.TemporaryDirectory(dir=CACHE) as work:
            fresh = Path(work) / "java"
            shutil.copytree(JAVA, fresh, ignore=shutil.ignore_patterns("target"))
            for module in MODULES:
                _maven(fresh / module)
            fresh.rename(ready)
    return Built(ready)


def _maven(folder: Path) -> None:
    goals = ["compile", "dependency:copy-dependencies", "-DincludeScope=runtime"]
    command = ["mvn", "-q", "-B", "-ntp", *goals, f"-DoutputDirectory={folder / 'lib'}"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=BUILD_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired as e:
        raise RefereeMissingError(f"building {folder.name} took over {BUILD_LIMIT_S} s") from e
    if done.returncode:
        errors = [line for line in done.stdout.splitlines() if "ERROR" in line] or ["no message"]
        raise RefereeMissingError(f"building {folder.name} failed: {' '.join(errors)[:300]}")


if __name__ == "__main__":
    from tests.referees import pdfjs

    # Run as a script this module exists twice, and with it the error.
    missing = (RefereeMissingError, pdfjs.RefereeMissingError)
    try:
        build()
        pdfjs.install()
    except missing as e:
        sys.exit(f"skipped: {e}")
