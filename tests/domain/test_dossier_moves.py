"""A dossier moves only along its moves, and a sealed one cannot be made by hand."""

from __future__ import annotations

import dataclasses
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.dossier import MOVES, SealedDossier, SignedDocument, State, move, seal
from app.domain.errors import Defect
from tests.domain.domain_kit import BLOB, DOSSIER, PAPER

STATES: tuple[State, ...] = get_args(State)
SENT = {"sealed", "registered", "uploading", "delivered", "accepted"}


def test_every_state_has_its_moves_and_every_move_leads_to_a_state():
    assert set(MOVES) == set(STATES)
    assert all(to in STATES for targets in MOVES.values() for to in targets)


def test_every_state_can_be_reached_and_each_has_an_end():
    reached, border = {"draft"}, ["draft"]
    while border:
        for to in MOVES[border.pop()]:
            if to not in reached:
                reached.add(to)
                border.append(to)
    assert reached == set(STATES)
    assert {state for state in STATES if not MOVES[state]} == {"closed", "abandoned"}


@given(st.sampled_from(STATES), st.sampled_from(STATES))
def test_a_move_that_is_not_listed_is_a_defect(now: State, to: State):
    if to in MOVES[now]:
        assert move(now, to) == to
        return
    with pytest.raises(Defect) as caught:
        move(now, to)
    assert caught.value.slug == "dossier.move"


@given(st.lists(st.integers(0, 10), max_size=40))
def test_on_no_way_a_sent_dossier_becomes_a_draft_without_the_portals_word(steps: list[int]):
    state: State = "draft"
    for step in steps:
        targets = sorted(MOVES[state])
        if not targets:
            break
        before, state = state, targets[step % len(targets)]
        if before in SENT:
            assert state != "draft"
        if state == "draft" and before not in {"checked", "signing"}:
            assert before in {"rejected", "supplement"}


def test_only_a_dossier_being_signed_is_sealed():
    paper = SignedDocument(PAPER, BLOB, 1000)
    for state in STATES:
        dossier = dataclasses.replace(DOSSIER, state=state)
        if state == "signing":
            assert isinstance(seal(dossier, (paper,)), SealedDossier)
        else:
            with pytest.raises(Defect):
                seal(dossier, (paper,))


def test_a_dossier_without_papers_is_not_sealed():
    with pytest.raises(Defect) as caught:
        seal(dataclasses.replace(DOSSIER, state="signing"), ())
    assert caught.value.slug == "dossier.empty"


@pytest.mark.parametrize("state", STATES)
def test_only_before_signing_pages_may_change(state: State):
    assert dataclasses.replace(DOSSIER, state=state).editable == (state in {"draft", "checked"})
