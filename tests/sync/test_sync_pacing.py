"""The arithmetic of waiting and of piece lengths, and the catalogue of reasons."""

from __future__ import annotations

import datetime as dt
import random
import re
from pathlib import Path

import pytest

from sync.errors import SyncError
from sync.patience import Patience
from sync.portal.problems import catalogue
from sync.retry import (
    FIRST_PATCH_BYTES,
    MAX_PATCH_BYTES,
    MIN_PATCH_BYTES,
    PROXY_PATCH_BYTES,
    Pacer,
    backoff_s,
    retry_after_s,
)

SYNC = Path(__file__).parents[2] / "sync"
NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


def test_waits_grow_to_five_minutes_and_are_spread():
    rng = random.Random(1)
    assert backoff_s(0, rng) == 0
    waits = [backoff_s(20, rng) for _ in range(500)]
    assert max(waits) <= 300
    assert min(waits) < 30
    assert max(waits) > 270
    assert all(backoff_s(1, rng) <= 2 for _ in range(100))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, 0),
        ("", 0),
        ("7", 7),
        ("99999999999999999999", 3600),
        ("-5", 0),
        ("soon", 0),
        ("Tue, 24 Nov 2026 12:01:30 GMT", 90),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 0),
        ("Wed, 25 Nov 2026 12:00:00 GMT", 3600),
    ],
)
def test_retry_after_is_obeyed_within_an_hour(value: str | None, seconds: int):
    assert retry_after_s(value, NOON) == seconds


def test_the_first_piece_is_small_and_later_ones_last_twenty_seconds():
    pacer = Pacer()
    assert pacer.length(10**9) == FIRST_PATCH_BYTES
    pacer.acknowledged(FIRST_PATCH_BYTES, 2.0)
    assert pacer.length(10**9) == pytest.approx(20 * FIRST_PATCH_BYTES / 2, rel=0.01)
    pacer.acknowledged(10**8, 1.0)
    assert pacer.length(10**9) == MAX_PATCH_BYTES
    assert pacer.length(5) == 5


def test_a_link_that_keeps_what_came_before_a_cut_gets_the_longest_pieces():
    pacer = Pacer()
    pacer.acknowledged(10**6, 1.0)
    pacer.cut(10**6, 300_000)
    assert pacer.length(10**8) == MAX_PATCH_BYTES


def test_a_link_that_loses_whole_pieces_gets_short_ones():
    pacer = Pacer()
    for _ in range(6):
        pacer.acknowledged(500_000, 0.5)
        pacer.cut(500_000, 0)
    assert pacer.length(10**8) <= 500_000 / 4
    assert pacer.length(10**8) >= MIN_PATCH_BYTES


def test_a_proxy_with_a_body_limit_is_never_asked_for_more_again():
    pacer = Pacer()
    pacer.acknowledged(10**8, 1.0)
    pacer.refused_as_too_long(4_000_000)
    for _ in range(9):
        pacer.acknowledged(10**8, 1.0)
    assert pacer.length(10**9) <= PROXY_PATCH_BYTES


def test_patience_ends_after_faults_without_progress_and_never_otherwise():
    waits: list[float] = []
    patience = Patience(lambda s: bool(waits.append(s)), random.Random(1), attempts=5)
    cut = SyncError("sync.cut")
    for _ in range(50):
        patience.failed(cut)
        patience.progress()
    for _ in range(4):
        patience.failed(cut)
    with pytest.raises(SyncError):
        patience.failed(cut)
    assert waits[:50] == [0.0] * 50


@pytest.mark.parametrize(
    "error",
    [
        SyncError("sync.offline"),
        SyncError("sync.captive"),
        SyncError("sync.wrong_portal"),
        SyncError("sync.portal_busy", retry_after_s=600),
    ],
)
def test_what_waiting_here_cannot_cure_is_reported_at_once(error: SyncError):
    with pytest.raises(SyncError) as caught:
        Patience(lambda _: False, random.Random(1)).failed(error)
    assert caught.value is error


def test_a_stop_is_heard_while_waiting():
    with pytest.raises(SyncError):
        Patience(lambda _: True, random.Random(1)).failed(SyncError("sync.cut"))


def test_every_reason_the_portal_gives_has_its_sentences_and_none_is_left_over():
    code = "\n".join(path.read_text("utf-8") for path in SYNC.rglob("*.py"))
    given = set(re.findall(r'(?:Problem\(\s*[\w ]+,\s*|return |else )"([a-z]+-[a-z-]+)"', code))
    assert given
    assert given <= set(catalogue())
    for_checkers = {
        "pdf-unreadable",
        "pdf-encrypted",
        "pdf-active",
        "signature-format",
        "signature-broken",
    }
    for name in set(catalogue()) - for_checkers:
        assert f'"{name}"' in code, name
    for texts in catalogue().values():
        assert set(re.findall(r"{(\w+)}", texts.vi)) == set(re.findall(r"{(\w+)}", texts.en))
        assert texts.vi.endswith(".")
        assert texts.en.endswith(".")
