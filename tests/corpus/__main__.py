"""`python -m tests.corpus --out DIR [--seed N]` writes the sample dossier and its truth."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.corpus.fonts import FontMissingError
from tests.corpus.sample import SEED, make_sample


def main() -> int:
    """Write the sample; exit 3 with advice when a font is missing."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    try:
        truth = make_sample(options.out, options.seed)
    except FontMissingError as trouble:
        print(trouble, file=sys.stderr)
        return 3
    print(f"{len(truth.pages)} pages in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
