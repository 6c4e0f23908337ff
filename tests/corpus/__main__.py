"""`python -m tests.corpus --out DIR` writes invented pages and what is on them.

Without `--kinds` or `--per-kind` it is the sample dossier; with either, pages of those kinds:
`python -m tests.corpus --out DIR --seed 7 --kinds decision,card --per-kind 3 --severity office`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.corpus.fonts import FontMissingError
from tests.corpus.kinds import KINDS, make_pages
from tests.corpus.sample import SEED, make_sample
from tests.corpus.severity import SEVERITIES


def main() -> int:
    """Write the pages; exit 3 with advice when a font is missing."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--kinds", default=None, help=f"all, or some of {','.join(KINDS)}")
    parser.add_argument("--per-kind", type=int, default=None, help="sets of each kind")
    parser.add_argument("--severity", choices=SEVERITIES, default="office")
    parser.add_argument("--undistorted", action="store_true", help="the prints, not scanned")
    parser.add_argument("--max-skew", type=float, default=10.0, metavar="DEG")
    options = parser.parse_args()
    kinds = list(KINDS) if options.kinds in {None, "all"} else options.kinds.split(",")
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        parser.error(f"no such kind: {', '.join(unknown)}")
    try:
        if options.kinds is None and options.per_kind is None:
            truth = make_sample(options.out, options.seed)
        else:
            truth = make_pages(
                options.out,
                options.seed,
                kinds,
                options.per_kind or 1,
                options.severity,
                undistorted=options.undistorted,
                max_skew_deg=options.max_skew,
            )
    except FontMissingError as trouble:
        print(trouble, file=sys.stderr)
        return 3
    print(f"{len(truth.pages)} pages in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
