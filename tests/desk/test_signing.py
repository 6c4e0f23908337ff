"""The clerk's act of signing: what it asks for, what it takes back, what it never does twice."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest

from app.desk import review, signing, training
from app.desk.office import Office
from app.desk.signing import Signer
from app.domain.errors import Trouble
from app.domain.ids import DossierId
from app.store import dossiers
from app.store.database import fetch
from tests.desk.desk_kit import Bench
from tests.signing.signing_pki import issue, rsa_key

HOUR = dt.timedelta(hours=1)
Files = tuple[Path, ...]


@pytest.fixture(scope="module")
def signer(bench: Bench) -> Signer:
    return training.practice_token(bench.opening).signer


@pytest.fixture
def checked(bench: Bench, files: Files) -> DossierId:
    dossier = bench.read(files)
    review.confirm(bench.office, dossier)
    bench.work()
    return dossier


def states(bench: Bench, dossier: DossierId) -> list[str]:
    return [paper.state for paper in signing.status(bench.office, dossier)]


def sign_jobs(bench: Bench, dossier: DossierId) -> list[str]:
    return [j.state for j in bench.vault.jobs.by_dossier(dossier) if j.stage == "sign"]


def later(bench: Bench, minutes: float) -> Office:
    """The same clerk when the clock has gone on."""
    now = bench.office.now
    return dataclasses.replace(bench.office, now=lambda: now() + dt.timedelta(minutes=minutes))


def test_what_is_not_confirmed_is_not_signed(bench: Bench, files: Files, signer: Signer):
    dossier = bench.read(files)
    with pytest.raises(Trouble) as caught:
        signing.start(bench.office, dossier, signer)
    assert caught.value.slug == "dossier.incomplete"
    assert dossiers.get(bench.db, dossier).state == "draft"


def test_every_paper_is_prepared_and_then_waits_for_the_token(bench, checked, signer: Signer):
    signing.start(bench.office, checked, signer)
    assert states(bench, checked) == ["preparing", "preparing"]
    bench.work("sign")
    assert states(bench, checked) == ["waits_for_token", "waits_for_token"]
    assert sign_jobs(bench, checked) == ["ready", "ready"]
    again = signing.start(bench.office, checked, signer)
    assert again is None
    assert sign_jobs(bench, checked) == ["ready", "ready"]
    signing.postpone(bench.office, checked)


def test_postponed_papers_can_be_edited_and_signed_within_the_same_second(
    bench: Bench, checked: DossierId, signer: Signer
):
    """A fixed clock: the second try asks for the very bytes that the first one cancelled."""
    at = bench.office.now()
    office = dataclasses.replace(bench.office, now=lambda: at)
    signing.start(office, checked, signer)
    bench.work("sign")
    signing.postpone(office, checked)
    assert dossiers.get(bench.db, checked).state == "draft"
    review.confirm(office, checked)
    signing.start(office, checked, signer)
    bench.work("sign")
    assert states(bench, checked) == ["waits_for_token", "waits_for_token"]
    signing.postpone(office, checked)


def test_a_preparation_of_long_ago_is_made_anew(bench: Bench, checked: DossierId, signer: Signer):
    signing.start(later(bench, -11), checked, signer)
    bench.work("sign")
    before = [paper.prepared for paper in dossiers.documents(bench.db, checked)]
    signing.start(bench.office, checked, signer)
    bench.work("sign")
    after = [paper.prepared for paper in dossiers.documents(bench.db, checked)]
    assert not set(before) & set(after)
    assert sorted(sign_jobs(bench, checked)) == ["cancelled", "cancelled", "ready", "ready"]
    signing.postpone(bench.office, checked)


def test_an_expired_certificate_is_refused_before_any_token_is_asked(
    bench: Bench, checked: DossierId, signer: Signer
):
    now = bench.office.now()
    old = issue("Cán bộ Cũ", rsa_key("desk"), begin=now - dt.timedelta(days=9), end=now - HOUR)
    signing.start(bench.office, checked, Signer(old.der, (), "ee" * 32, "Cán bộ Cũ"))
    bench.work("sign")
    found = signing.status(bench.office, checked)
    assert {(paper.state, paper.slug) for paper in found} == {("failed", "sign.cert_expired")}
    assert sign_jobs(bench, checked) == []
    signing.start(later(bench, 0.02), checked, signer)
    bench.work("sign")
    assert states(bench, checked) == ["waits_for_token", "waits_for_token"]
    signing.postpone(bench.office, checked)


def test_a_pin_is_for_one_dossier(bench: Bench, files: Files, signer: Signer):
    """What waits for a token elsewhere is not signed along with it; its own clerk confirms again."""
    first, second = bench.read(files), bench.read(files)
    for dossier in (first, second):
        review.confirm(bench.office, dossier)
        bench.work()
        signing.start(bench.office, dossier, signer)
        bench.work("sign")
    assert set(sign_jobs(bench, first)) == {"cancelled"}
    assert {paper.slug for paper in signing.status(bench.office, first)} == {"sign.confirm_again"}
    signing.start(later(bench, 0.02), first, signer)
    bench.work("sign")
    assert states(bench, first) == ["waits_for_token", "waits_for_token"]
    for dossier in (first, second):
        signing.postpone(bench.office, dossier)


def test_a_confirmation_again_within_the_second_is_a_confirmation(bench, files, signer: Signer):
    at = bench.office.now()
    office = dataclasses.replace(bench.office, now=lambda: at)
    first, second = bench.read(files[:1]), bench.read(files[:1])
    for dossier in (first, second):
        review.confirm(office, dossier)
        bench.work()
        signing.start(office, dossier, signer)
        bench.work("sign")
    signing.start(office, first, signer)
    bench.work("sign")
    assert states(bench, first) == ["waits_for_token"]
    for dossier in (first, second):
        signing.postpone(office, dossier)


def test_signing_is_journalled_with_the_certificate_and_without_a_name(bench, checked, signer):
    signing.start(bench.office, checked, signer)
    rows = fetch(
        bench.db, "SELECT body FROM journal WHERE ref=? AND what='signing.confirmed'", [checked]
    )
    assert signer.cert_sha256 in rows[0]["body"]
    assert signer.name not in rows[0]["body"]
    signing.postpone(bench.office, checked)
