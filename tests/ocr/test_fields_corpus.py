"""Fields of many drawn papers as printed, before any recogniser: what is lost here is ours."""

from __future__ import annotations

from zlib import crc32

import numpy as np
import pytest

from ocr.fields import guess_fields
from tests.corpus.drafts import Draft
from tests.corpus.kinds import KINDS
from tests.ocr.field_kit import Printed, Score, as_read, values

SEED = 3100


@pytest.mark.parametrize(
    ("kind", "count"), [("decision", 6), ("letter", 6), ("certificate", 6), ("page_labels", 2)]
)
def test_of_printed_papers_every_field_is_found_and_none_is_wrong(kind: str, count: int):
    score = Score()
    for index in range(1, count + 1):
        rng = np.random.default_rng([SEED, crc32(kind.encode()), index, 1])
        for number, side in enumerate(KINDS[kind](Draft(rng)), start=1):
            sheet = side.sheet
            lines = [Printed(line.text, line.box) for line in sheet.lines]
            found = values(guess_fields(as_read(lines, (sheet.width_px, sheet.height_px)), 300))
            truth = dict(sheet.fields)
            if side.label and side.label.isdigit():
                truth["page_label"] = side.label
            score.add(f"{kind}-{index}-{number}", truth, found)
    assert sum(score.right.values()) >= count
    assert score.precision() >= 0.98, score.notes
    assert score.recall() >= 0.98, score.notes
