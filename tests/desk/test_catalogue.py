"""The catalogue: every shipped file loads, every code is valid, a version holds for its days."""

from __future__ import annotations

import datetime as dt

import pytest

from app.domain.errors import Trouble
from app.domain.procedure import ACQUISITIONS, CODE
from app.store import catalogue

DAY = dt.date(2026, 11, 24)


def shipped():
    return catalogue.search("", DAY, limit=10_000)


def test_every_shipped_procedure_can_be_opened_today():
    found = shipped()
    assert len(found) >= 15
    for procedure in found:
        assert catalogue.on(procedure.code, DAY) == procedure
        assert catalogue.procedure(procedure.code, procedure.version) == procedure
        assert procedure.name.strip()
        assert CODE.match(procedure.code) or procedure.open_ended


def test_components_are_named_once_and_their_ways_are_known():
    for procedure in shipped():
        ids = [component.id for component in procedure.components]
        assert len(ids) == len(set(ids)), procedure.code
        assert {component.acq for component in procedure.components} <= ACQUISITIONS


def test_every_kind_a_component_takes_is_a_kind_with_a_title():
    kinds = {kind.kind for kind in catalogue.paper_kinds()} | {"other"}
    for procedure in shipped():
        for component in procedure.components:
            assert set(component.kinds) <= kinds, (procedure.code, component.id)


@pytest.mark.parametrize(
    ("code", "day"), [("9.999999", DAY), (catalogue.LOOSE, dt.date(1990, 1, 1))]
)
def test_what_is_not_in_force_is_not_found(code: str, day: dt.date):
    with pytest.raises(Trouble) as caught:
        catalogue.on(code, day)
    assert caught.value.slug == "catalogue.unknown"


def test_a_dossier_keeps_the_version_it_was_received_under():
    with pytest.raises(Trouble):
        catalogue.procedure(catalogue.LOOSE, "1900-01")
    assert catalogue.procedure(catalogue.LOOSE, "2026-01").open_ended
