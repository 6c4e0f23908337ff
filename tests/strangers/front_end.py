"""scanimage over two eSCL backends nobody here wrote, each with a SANE configuration of its own.

Source: scanimage(1), sane-escl(5), sane-airscan(5).
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

PLACES = (
    *Path("/usr/lib").glob("*/sane"),
    *(Path(place) for place in os.environ.get("LD_LIBRARY_PATH", "").split(":") if place),
)
LIMIT_S = 90
# sane-airscan 0.99.27 throws away a stack that ends before its sane_start wakes, as its own trace
# shows; no real feeder is that fast.
PACE_IPM = 900.0


def missing(backend: str) -> str | None:
    """Why this backend cannot be used on this machine, None when it can or must."""
    if os.environ.get("CI") == "true" or any(
        (place / f"libsane-{backend}.so.1").exists() for place in PLACES
    ):
        return None
    return f"SANE's backend {backend} is not installed"


BACKENDS = tuple(
    pytest.param(
        name, marks=pytest.mark.skipif(missing(name) is not None, reason=str(missing(name)))
    )
    for name in ("airscan", "escl")
)


@dataclass(frozen=True)
class Batch:
    """What one run of scanimage left: its exit code, its pictures in order, its last words."""

    code: int
    files: tuple[Path, ...]
    words: str


@dataclass(frozen=True)
class FrontEnd:
    """One backend, configured to know only the device at `url`."""

    backend: str
    url: str
    folder: Path

    @property
    def device(self) -> str:
        """The device as scanimage names it."""
        known = {"airscan": "airscan:e0:Sim", "escl": f"escl:{self.url.removesuffix('/eSCL')}"}
        return known[self.backend]

    def env(self) -> dict[str, str]:
        """The environment in which libsane knows this backend and nothing else."""
        (self.folder / "dll.d").mkdir(parents=True, exist_ok=True)
        (self.folder / "dll.conf").write_text(f"{self.backend}\n")
        (self.folder / "airscan.conf").write_text(
            f'[devices]\n"Sim" = {self.url}, escl\n'
            "[options]\ndiscovery = disable\nws-discovery = off\n"
        )
        (self.folder / "escl.conf").write_text(f"device {self.url.removesuffix('/eSCL')}\n")
        return {"SANE_CONFIG_DIR": str(self.folder)}

    def batch(self, *options: str) -> Batch:
        """Everything the feeder gives, as one picture a side."""
        run = [*self._scanimage(), "-x", "210", "-y", "297", "--batch=p%03d.pnm", *options]
        out = self.folder / "out"
        out.mkdir(parents=True, exist_ok=True)
        for old in out.iterdir():
            old.unlink()
        done = self._run(run, out)
        return Batch(done.returncode, tuple(sorted(out.glob("p*.pnm"))), done.stderr.decode())

    def one(self, *options: str) -> bytes:
        """The page on the glass as a picture."""
        run = [*self._scanimage(), "-x", "210", "-y", "297", *options]
        done = self._run(run, self.folder)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def listed(self) -> str:
        """What `scanimage -L` tells."""
        return self._run(["scanimage", "-L"], self.folder).stdout.decode()

    def _scanimage(self) -> list[str]:
        return ["scanimage", "-d", self.device, "--format=pnm"]

    def _run(self, argv: list[str], where: Path) -> subprocess.CompletedProcess[bytes]:
        env = {**os.environ, **self.env()}
        return subprocess.run(
            argv, env=env, cwd=where, capture_output=True, timeout=LIMIT_S, check=False
        )
