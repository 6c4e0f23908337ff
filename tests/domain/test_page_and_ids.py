"""Recipes say only what the clerk decided; ids come in the order of time."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from app.domain.ids import uuid7
from app.domain.page import Recipe

recipes = st.builds(
    Recipe,
    st.none() | st.sampled_from([0, 90, 180, 270]),
    st.none() | st.floats(-45, 45).map(lambda x: round(x, 2)),
)


@given(recipes)
def test_a_recipe_survives_being_written_down(recipe: Recipe):
    assert Recipe.of(dict(recipe.params())) == recipe


def test_an_untouched_page_has_an_empty_recipe():
    assert Recipe().params() == {}


@given(recipes, st.sampled_from([0, 90, 180, 270]))
def test_four_quarter_turns_show_the_page_as_before(recipe: Recipe, shown: int):
    turned = recipe
    for _ in range(4):
        turned = turned.turned(90, shown)
        shown = turned.rotation_deg or 0
    assert turned.rotation_deg == shown
    assert turned.skew_deg == recipe.skew_deg


@given(st.integers(0, 2**48 - 2))
def test_a_later_id_sorts_behind_an_earlier_one(unix_ms: int):
    earlier, later = uuid7(unix_ms), uuid7(unix_ms + 1)
    assert earlier < later
    parsed = uuid.UUID(earlier)
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert parsed.int >> 80 == unix_ms


def test_ids_of_one_millisecond_differ():
    assert len({uuid7(1) for _ in range(1000)}) == 1000
