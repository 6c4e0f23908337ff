"""Decree 61/2018/ND-CP art. 26: the system issues the code; a station's own is never official."""

from __future__ import annotations

from app.domain.codes import is_official, is_temporary
from app.store import dossiers
from tests.desk.desk_kit import Bench


def test_a_station_gives_only_codes_that_no_official_form_takes(bench: Bench):
    for _ in range(5):
        dossier = dossiers.get(bench.db, bench.dossier())
        assert is_temporary(dossier.temp_code)
        assert not is_official(dossier.temp_code)
        assert dossier.official_code is None
