"""Pages with little on them: ten words are enough to lie straight and upright."""

from __future__ import annotations

import numpy as np
import pytest

from ocr.clean import clean
from ocr.image import PageImage
from tests.ocr import drawn

DRAW = {
    "ten words": lambda rng: drawn.sparse(rng, 10),
    "capitals": lambda rng: drawn.sparse(rng, 12, caps=True),
    "form": lambda rng: drawn.form(rng, rows=4),
    "digits": lambda rng: drawn.digits_table(rng, rows=8),
    "card": drawn.card,
}


@pytest.mark.parametrize("kind", list(DRAW))
def test_a_page_of_ten_words_is_straightened_and_set_upright(kind, api):
    rng = np.random.default_rng(31)
    where = {"glass_mm": (216, 297), "at_mm": (100, 120)} if kind == "card" else {}
    angle, quarter = round(float(rng.uniform(-10, 10)), 2), int(rng.choice([90, 180, 270]))
    scan = drawn.lay(DRAW[kind](rng), rng, skew_deg=angle, quarter=quarter, **where)
    facts = clean(PageImage(scan.pixels, 300, 300), osd=api).facts
    assert not facts.blank
    assert not [reason for reason in facts.reasons if reason.startswith("skew.")]
    assert abs(facts.skew_deg - angle) <= 0.15
    assert facts.rotation_deg == quarter
