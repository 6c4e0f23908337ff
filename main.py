"""Entry of the counter station: no argument opens the desk, a verb does one thing."""

from __future__ import annotations

import multiprocessing
import sys

from app.bootstrap import main

if __name__ == "__main__":
    multiprocessing.freeze_support()
    sys.exit(main(sys.argv[1:]))
