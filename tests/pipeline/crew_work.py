"""What the crews of the tests do: work, hang, die, break, swell."""

from __future__ import annotations

import os
import signal
import threading


def work(task: tuple[str, int], keep: dict[str, object]) -> tuple[int, int, int]:
    """The number, the process, and how many tasks it has had."""
    what, number = task
    keep["served"] = served = int(str(keep.get("served", 0))) + 1
    if what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "hang":
        threading.Event().wait()
    if what == "break":
        raise ZeroDivisionError
    if what == "swell":
        keep["fat"] = b"\1" * (number << 20)
    return number, os.getpid(), served
