"""`python -m tests.bench NAME [--json]`: figures of the station, as ratios within one run.

Each measurement is a module of this package with `run(options) -> dict` and `table(result) -> str`;
a name in the list without a module belongs to a later version and answers `not_yet` (exit 2).
Exit 3 says what this machine lacks for the measurement, exit 1 that what is measured failed.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import sys
import tempfile
from pathlib import Path

from tests.bench import machine
from tests.bench.measure import MeasuredError

NAMES = ("pack", "ocr", "scan", "sign", "sync", "store", "scale", "stall", "desk", "kill", "ladder")
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"


def main() -> int:
    """Run one measurement, print it, and append it to the document when asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--json", action="store_true", help="one JSON value on stdout")
    parser.add_argument("--write", action="store_true", help="append the table to its document")
    parser.add_argument("--repeats", type=int, default=3, help="interleaved repeats, medians shown")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--pages", type=Path, default=None, help="a corpus folder with truth.json")
    parser.add_argument("--seed", type=int, default=None, help="seed of the corpus")
    parser.add_argument("--sheets", type=int, default=None, help="scan: sheets at the pace")
    parser.add_argument("--faults", type=int, default=None, help="scan: faults to inject")
    parser.add_argument("--only", default=None, help="scan: parts to run, with commas between")
    parser.add_argument(
        "--kinds", default=None, help="ocr, pack: kinds of invented pages, all; ocr: public"
    )
    parser.add_argument("--per-kind", type=int, default=None, help="ocr, pack: sets of each kind")
    parser.add_argument("--severity", choices=("clean", "office", "hard"), default=None)
    parser.add_argument("--worst", type=Path, default=None, help="ocr: folder for the worst pages")
    parser.add_argument("--quick", action="store_true", help="scan: few sheets, few faults")
    parser.add_argument("--clean", action="store_true", help="pack: the peer also runs unpaper")
    parser.add_argument("--variants", default="O1", help="pack: of the peer: plain,O1,O3")
    parser.add_argument("--profiles", default="faithful", help="pack: faithful,standard,compact")
    parser.add_argument("--many", type=int, default=None, help="pack: memory over so many pages")
    options = parser.parse_args()
    name: str = options.name
    if importlib.util.find_spec(f"tests.bench.{name}") is None:
        if options.json:
            print(json.dumps({"name": name, "slug": "not_yet"}))
        print(f"{name}: not_yet", file=sys.stderr)
        return 2
    module = importlib.import_module(f"tests.bench.{name}")
    if hasattr(module, "choose"):
        module = module.choose(options)
    with tempfile.TemporaryDirectory(prefix=f"bench-{name}-") as work:
        options.work = Path(work)
        try:
            result: dict[str, object] = {
                "name": name,
                "machine": machine.describe(),
                **module.run(options),
            }
        except machine.LackingError as lack:
            print(lack, file=sys.stderr)
            return 3
        except MeasuredError as failure:
            print(failure, file=sys.stderr)
            return 1
    text = module.table(result)
    if options.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        print(text)
    if options.write:
        machine.append(getattr(module, "DOCUMENT", DOCUMENT), name, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
