"""A few processes that share out work: each can die, hang or swell without taking the others along.

A pool of the standard library breaks for every later call when one of its processes dies. Here a
task whose process dies is tried once more in a fresh one and then given up; a task that takes too
long is ended with its process; a process that has served long or grown fat is replaced. Little is
under way at any time, so a million tasks take no more memory than ten.

On POSIX the processes are forked from a small server that has loaded the work's module once.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Final, Generic, Literal, Self, TypeVar

from app.pipeline.memory import peak_bytes

T = TypeVar("T")
R = TypeVar("R")

AHEAD: Final = 2
"""Tasks with one process: the one at work and the next, so that none waits for the parent."""
_ONE_THREAD: Final = ("OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one process may take.

    Attributes:
        task_s: wall time of one task.
        tasks: a process is replaced after so many.
        rss_bytes: a process that ever held more is replaced after its task.
        attempts: a task whose process died is tried so often.
    """

    task_s: float = 120.0
    tasks: int = 500
    rss_bytes: int = 600 << 20
    attempts: int = 2


@dataclass(frozen=True, slots=True)
class Lost:
    """A task without a result: its process died each time, it took too long, or the code broke.

    Attributes:
        why: which of them.
        kind: name of the exception when the code broke.
        trace: its traceback, for ``--debug``.
    """

    why: Literal["died", "late", "broke"]
    kind: str = ""
    trace: str = ""


@dataclass(slots=True)
class _Errand(Generic[T]):
    task: T
    attempts: int = 0


@dataclass(slots=True)
class _Member(Generic[T]):
    process: BaseProcess
    pipe: Connection
    errands: deque[_Errand[T]] = field(default_factory=deque)
    since: float = 0.0


class Crew(Generic[T, R]):
    """Processes that all do the same work.

    Args:
        target: ``module:function`` called with a task and a dict that the process keeps; the
            result is pickled.
        jobs: processes at once.
        limits: what one may take.
    """

    def __init__(self, target: str, jobs: int, limits: Limits | None = None) -> None:
        self._target = target
        self._jobs = max(1, jobs)
        self._limits = limits or Limits()
        self._members: list[_Member[T]] = []
        self._again: deque[_Errand[T]] = deque()
        self._context: BaseContext = _context(target.partition(":")[0])

    def __enter__(self) -> Self:
        """Starts loading the work's module, while the caller gets its tasks together."""
        if self._context.get_start_method() == "forkserver":
            with interrupts_later():
                forkserver.ensure_running()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends every process at once; none holds anything that must be closed."""
        for member in self._members:
            member.process.kill()
        for member in self._members:
            member.process.join()
            member.pipe.close()
            member.process.close()
        self._members.clear()
        if self._context.get_start_method() == "forkserver":
            # Waited for, so that what the processes took is counted to this program.
            forkserver._forkserver._stop()  # type: ignore[attr-defined]  # noqa: SLF001

    def run(self, tasks: Iterable[T]) -> Iterator[tuple[T, R | Lost]]:
        """Each task with its result as soon as it is there, in any order.

        Args:
            tasks: taken one by one as processes get free.
        """
        source = iter(tasks)
        while True:
            self._share_out(source)
            busy = [member for member in self._members if member.errands]
            if not busy:
                return
            now = time.monotonic()
            ends = min(member.since + self._limits.task_s for member in busy)
            ready = wait([member.pipe for member in busy], timeout=max(0.0, ends - now))
            for member in busy:
                if member.pipe in ready:
                    yield from self._hear(member)
                elif time.monotonic() - member.since >= self._limits.task_s:
                    late = member.errands.popleft()
                    self._replace(member)
                    yield late.task, Lost("late")

    def _share_out(self, source: Iterator[T]) -> None:
        for depth in range(1, AHEAD + 1):
            for place in range(self._jobs):
                if place < len(self._members) and len(self._members[place].errands) >= depth:
                    continue
                errand = self._again.popleft() if self._again else _next(source)
                if errand is None:
                    return
                if place == len(self._members):
                    self._members.append(self._start())
                self._send(self._members[place], errand)

    def _send(self, member: _Member[T], errand: _Errand[T]) -> None:
        if not member.errands:
            member.since = time.monotonic()
        member.errands.append(errand)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            member.pipe.send(errand.task)  # its death is heard by the pipe's end

    def _hear(self, member: _Member[T]) -> Iterator[tuple[T, R | Lost]]:
        try:
            reply, leaving = member.pipe.recv()
        except (EOFError, ConnectionResetError):
            yield from self._bury(member)
            return
        errand = member.errands.popleft()
        member.since = time.monotonic()
        if leaving:
            self._replace(member)
        yield errand.task, reply

    def _bury(self, member: _Member[T]) -> Iterator[tuple[T, R | Lost]]:
        """Give its task another try, or up."""
        errand = member.errands.popleft()
        errand.attempts += 1
        self._replace(member)
        if errand.attempts < self._limits.attempts:
            self._again.append(errand)
        else:
            yield errand.task, Lost("died")

    def _replace(self, member: _Member[T]) -> None:
        self._again.extend(member.errands)
        member.process.kill()
        member.process.join()
        member.pipe.close()
        member.process.close()
        self._members[self._members.index(member)] = self._start()

    def _start(self) -> _Member[T]:
        ours, theirs = self._context.Pipe()
        with interrupts_later():
            process = self._context.Process(  # type: ignore[attr-defined]
                target=_serve, args=(theirs, self._target, self._limits), daemon=True
            )
            process.start()
        theirs.close()
        return _Member(process, ours)


def _next(source: Iterator[T]) -> _Errand[T] | None:
    for task in source:
        return _Errand(task)
    return None


def _context(module: str) -> BaseContext:
    for name in _ONE_THREAD:
        os.environ.setdefault(name, "1")
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([module])
    return context


@contextlib.contextmanager
def interrupts_later() -> Iterator[None]:
    """Ctrl-C inside is heard at the end, and processes started inside never hear it at all.

    It is the parent that ends them, quietly.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    # Any thread may receive the signal, so it is not enough that this one does not: half a crew
    # would be left waiting.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: heard.append(number))
    resource_tracker.ensure_running()  # its start would lift the block again
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        signal.signal(signal.SIGINT, before)
    if heard:
        raise KeyboardInterrupt


def _serve(pipe: Connection, target: str, limits: Limits) -> None:
    """One process's loop: it ends when the parent hangs up, has served long or grown fat."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    module, _, name = target.partition(":")
    work: Callable[[Any, dict[str, object]], Any] = getattr(import_module(module), name)
    keep: dict[str, object] = {}
    for served in range(1, limits.tasks + 1):
        try:
            task = pipe.recv()
        except EOFError:
            return
        try:
            reply = work(task, keep)
        except Exception as error:  # noqa: BLE001 - the parent explains it; this process goes on
            reply = Lost("broke", type(error).__name__, traceback.format_exc())
        leaving = served == limits.tasks or peak_bytes() > limits.rss_bytes
        pipe.send((reply, leaving))
        if leaving:
            return


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
