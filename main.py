"""Entry of the counter station: no argument opens the desk, a verb does one thing."""

from __future__ import annotations

import multiprocessing
import os
import sys

from app.bootstrap import main

if __name__ == "__main__":
    multiprocessing.freeze_support()
    code = main(sys.argv[1:])
    if sys.argv[1:2] == ["scan-host"]:
        os._exit(code)  # a driver's exit handlers may crash or hang
    sys.exit(code)
