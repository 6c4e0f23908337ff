"""The stand-in for TWAIN's manager, compiled from C when a test wants it."""

from __future__ import annotations

import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

SOURCE = Path(__file__).with_suffix(".c")


@lru_cache(maxsize=1)
def _compiled() -> bytes:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler: the stand-in for TWAIN's manager cannot be built")
    folder = Path(mkdtemp(prefix="fake-dsm-"))
    try:
        library = folder / "built.so"
        options = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
        subprocess.run(
            [compiler, *options, "-o", library, SOURCE, "-lpthread"], check=True, timeout=60
        )
        return library.read_bytes()
    finally:
        shutil.rmtree(folder)


def library_in(folder: Path) -> Path:
    """A copy of its own, so that no test meets the settings another one left."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "libfakedsm.so"
    path.write_bytes(_compiled())
    return path
