"""The program as an office's script calls it: a process, its exit code, its two streams."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 120.0
SLUG = re.compile(r"\[([a-z0-9_]+\.[a-z0-9_]+)\]\s*$")


@dataclass(frozen=True)
class Done:
    """What a finished process left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON value on standard output, and nothing else there."""
        assert self.out.endswith("\n")
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """One JSON value a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def slugs(self) -> list[str]:
        """Slugs of the sentences on standard error, each behind a Vietnamese sentence."""
        return [found.group(1) for line in self.err.splitlines() if (found := SLUG.search(line))]

    def trouble(self, *slugs: str) -> None:
        """Assert a trouble of the world that is told as one: code, sentence, slug, no trace."""
        assert self.code == 3, f"{self.code}: {self.err}"
        assert self.slugs, self.err
        if slugs:
            assert set(self.slugs) <= set(slugs), self.slugs
        for line in self.err.splitlines():
            if SLUG.search(line):
                assert re.search(r"[à-ỹđ]", line), f"no Vietnamese: {line}"
                assert "{" not in line, line
                assert "…" not in line, f"a parameter is missing: {line}"


def command(*argv: object) -> list[str]:
    return [sys.executable, "main.py", *map(str, argv)]


def main(
    *argv: object,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    timeout: float = LIMIT_S,
) -> Done:
    """Run the program to its end; whatever happens, it shows no traceback."""
    done = subprocess.run(
        command(*argv),
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        timeout=timeout,
        check=False,
        env={**os.environ, **(env or {})},
    )
    finished = Done(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert "Traceback" not in finished.err, finished.err
    assert "Traceback" not in finished.out
    return finished


class Running:
    """A process under way in a group of its own, as under a terminal."""

    def __init__(self, *argv: object, env: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            command(*argv),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
        )
        self._lines: dict[str, list[str]] = {"out": [], "err": []}
        self._news: queue.Queue[tuple[str, str]] = queue.Queue()
        self._readers = [
            threading.Thread(target=self._read, args=[name, pipe], daemon=True)
            for name, pipe in (("out", self.process.stdout), ("err", self.process.stderr))
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, name: str, pipe: Any) -> None:
        for raw in pipe:
            line = raw.decode()
            self._lines[name].append(line)
            self._news.put((name, line))

    def wait_for(self, name: str, text: str, limit_s: float = 90.0) -> str:
        """The first line on ``out`` or ``err`` that holds ``text``."""
        deadline = time.monotonic() + limit_s
        while (left := deadline - time.monotonic()) > 0:
            try:
                where, line = self._news.get(timeout=min(left, 1.0))
            except queue.Empty:
                if self.process.poll() is not None:
                    break
                continue
            if where == name and text in line:
                return line
        raise AssertionError(f"no {text!r} on {name}: {self._lines}")

    def interrupt(self) -> Done:
        """Ctrl-C: the whole foreground group hears it."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.finish()

    def finish(self, limit_s: float = 60.0) -> Done:
        """Wait for the end and for its streams."""
        self.process.wait(limit_s)
        for reader in self._readers:
            reader.join(10)
        return Done(
            self.process.returncode, "".join(self._lines["out"]), "".join(self._lines["err"])
        )

    def wait_alone(self, limit_s: float = 30.0) -> None:
        """Return when no process of the group is left; they end by themselves."""
        wait_until(lambda: not _alive(self.process.pid), limit_s)

    def end(self) -> None:
        """Whatever is left of the group ends."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@contextlib.contextmanager
def running(*argv: object, env: Mapping[str, str] | None = None) -> Iterator[Running]:
    started = Running(*argv, env=env)
    try:
        yield started
    finally:
        started.end()


@contextlib.contextmanager
def portal(data: Path, *argv: object) -> Iterator[str]:
    """A reference portal on a free port; its URL."""
    with running("portal", "--data", data, "--port", 0, "--json", *argv) as started:
        yield json.loads(started.wait_for("out", '"url"'))["url"]


def processes_of(home: Path) -> list[str]:
    """Command lines of living processes that name ``home``."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
                if str(home) in line and state != "Z":
                    found.append(line)
    return found


def wait_until(done: Any, limit_s: float = 60.0) -> None:
    """Return when ``done()`` is true; the deadline fails."""
    deadline = time.monotonic() + limit_s
    pause = threading.Event()
    while not done():
        assert time.monotonic() < deadline, "the deadline passed"
        pause.wait(0.05)


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A disk of ``size`` at ``folder``; needs root."""
    folder.mkdir(exist_ok=True)
    argv = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(argv, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small disk needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], timeout=30, check=False)
