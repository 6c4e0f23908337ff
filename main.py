"""Entry of the counter station: no argument opens the desk, a verb does one thing."""

from __future__ import annotations

import multiprocessing
import os
import sys

from app.bootstrap import main

if __name__ == "__main__":
    multiprocessing.freeze_support()
    code = main(sys.argv[1:])
    if sys.argv[1:2] in (["scan-host"], ["work"]):
        # A driver's exit handlers may crash or hang; a worker's thread still reads stdin, and an
        # orderly end would abort on the lock it holds.
        sys.stdout.flush()
        os._exit(code)
    sys.exit(code)
