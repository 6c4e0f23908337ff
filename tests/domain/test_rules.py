"""Each thing that stands between a dossier and the signature is found, and nothing else."""

from __future__ import annotations

import dataclasses

import pytest

from app.domain.rules import BrokenOff, Finding, check, label_doubts_of
from tests.domain.domain_kit import BIRTH, DOSSIER, LOOSE, PAPER, page

GOOD = (page(0), page(1))
SLIP = dataclasses.replace(PAPER, component="chung-sinh", kind="birth-slip")
FORM = dataclasses.replace(PAPER, id="paper-2", component="to-khai", kind="declaration")


def found(
    pages=GOOD,
    documents=(PAPER,),
    *,
    dossier=DOSSIER,
    procedure=LOOSE,
    scanning=False,
    blanks=(),
    labels=(),
) -> tuple[Finding, ...]:
    return check(
        dossier,
        procedure,
        documents,
        pages,
        scanning=scanning,
        blanks=frozenset(blanks),
        labels={page(at).id: label for at, label in enumerate(labels) if label is not None},
    )


def slugs(*args, **changes) -> list[str]:
    return [finding.slug for finding in found(*args, **changes)]


def test_a_whole_dossier_has_no_finding():
    assert found() == ()


@pytest.mark.parametrize(
    ("changes", "slug"),
    [
        ({"text": None}, "rule.page_unread"),
        ({"clean": None, "text": None}, "rule.page_unread"),
        ({"text": None, "trouble": "image.truncated"}, "rule.page_failed"),
        ({"document": None}, "rule.page_unassigned"),
        ({"flags": ("double_feed",)}, "rule.double_feed"),
        ({"flags": ("half_sheet",)}, "rule.half_sheet"),
    ],
)
def test_one_bad_page_blocks_and_is_named(changes: dict, slug: str):
    (finding,) = found((page(0), page(1, **changes)))
    assert finding.slug == slug
    assert finding.params in ({"page": 2}, {"sheet": 2})
    assert finding.article


@pytest.mark.parametrize("out", ["hidden", "dropped"])
def test_a_page_left_out_blocks_nothing(out: str):
    pages = (page(0), page(1, **{out: True, "text": None, "document": None}))
    declared = 1 if out == "dropped" else 2
    assert slugs(pages, dossier=dataclasses.replace(DOSSIER, declared_sheets=declared)) == []


@pytest.mark.parametrize("declared", [1, 3])
def test_another_count_than_the_clerks_blocks_whoever_confirmed_it(declared: int):
    (finding,) = found(dossier=dataclasses.replace(DOSSIER, declared_sheets=declared))
    assert finding.slug == "rule.count_mismatch"
    assert finding.params == {"declared": declared, "sheets": 2}


def test_a_hidden_half_sheet_still_has_to_be_fed_again():
    assert slugs((page(0), page(1, hidden=True, flags=("half_sheet",)))) == ["rule.half_sheet"]


def test_a_blank_side_needs_the_clerks_word():
    assert slugs(blanks=["page-1"]) == ["rule.blank_undecided"]
    assert slugs((page(0), page(1, flags=("blank_kept",))), blanks=["page-1"]) == []
    assert slugs((page(0), page(1, hidden=True)), blanks=["page-1"]) == []


def test_a_running_scan_and_an_empty_dossier_block():
    assert slugs(scanning=True) == ["rule.scanning"]
    assert slugs((), ()) == ["rule.no_pages"]


def test_a_paper_without_pages_blocks():
    assert slugs(documents=(PAPER, dataclasses.replace(FORM, component=None))) == [
        "rule.paper_empty"
    ]


def test_a_required_component_without_a_paper_blocks():
    assert slugs(documents=(), procedure=BIRTH) == [
        "rule.component_missing",
        "rule.component_missing",
    ]
    pages = (page(0, document=SLIP.id), page(1, document=FORM.id))
    assert slugs(pages, (SLIP, FORM), procedure=BIRTH) == []


def test_findings_come_in_the_order_a_clerk_mends_them():
    dossier = dataclasses.replace(DOSSIER, counted_by=None, declared_sheets=None)
    pages = (page(0, text=None), page(1))
    assert slugs(pages, dossier=dossier, procedure=BIRTH, scanning=True) == [
        "rule.scanning",
        "rule.page_unread",
        "rule.count_unconfirmed",
        "rule.component_missing",
        "rule.component_missing",
    ]


@pytest.mark.parametrize(
    ("slug", "wanted"),
    [("scan.ended_with_paper", "rule.paper_left"), ("scan.stalled", "rule.scan_ended")],
)
def test_a_batch_that_broke_off_comes_first(slug: str, wanted: str):
    broken = BrokenOff(slug, safe_sheets=2, refeed_sheet=3)
    finding, *rest = check(
        DOSSIER, LOOSE, (PAPER,), GOOD, scanning=False, blanks=frozenset(), broken_off=broken
    )
    assert (finding.slug, rest) == (wanted, [])
    assert finding.params == {"safe": 2, "sheet": 3}


@pytest.mark.parametrize(
    ("labels", "slug", "params"),
    [
        (("1/3", "3/3"), "rule.page_gap", {"page": 2, "number": 3, "missing": 1}),
        (("1/2", "1/2"), "rule.page_repeated", {"page": 2, "number": 1}),
        (("2/2", "1/2"), "rule.page_order", {"page": 2, "number": 1}),
        (
            ("1/5", "2/5"),
            "rule.pages_short",
            {"page": 2, "number": 2, "total": 5, "missing": 3},
        ),
    ],
)
def test_page_numbers_that_do_not_count_up_block_until_the_clerk_has_looked(
    labels: tuple[str, ...], slug: str, params: dict
):
    findings = found(labels=labels)
    assert [finding.slug for finding in findings if finding.slug == slug] == [slug]
    assert findings[0].params == params
    assert findings[0].article
    pages = list(GOOD)
    for open_doubt in label_doubts_of((PAPER,), GOOD, frozenset(), dict(_by_id(labels))):
        at = open_doubt.page.position
        flags = (*pages[at].flags, open_doubt.doubt.flag)
        pages[at] = dataclasses.replace(pages[at], flags=flags)
    assert slugs(tuple(pages), labels=labels) == []


def _by_id(labels: tuple[str, ...]):
    return ((page(at).id, label) for at, label in enumerate(labels))


def test_a_settled_gap_that_grows_is_open_again():
    pages = (page(0), page(1, flags=("label_seen:gap:4:1",)))
    assert slugs(pages, labels=("2", "4")) == ["rule.page_gap"]  # before page 2
    assert slugs(pages, labels=("1", "4")) == ["rule.page_gap"]
    assert slugs(pages, labels=(None, "4")) == ["rule.page_gap"]
    assert slugs((page(0), page(1, flags=("label_seen:gap:4:2",))), labels=("1", "4")) == []


def test_page_numbers_count_within_their_paper_in_the_order_of_the_pages():
    pages = (page(0), page(1, document=FORM.id))
    assert slugs(pages, (PAPER, FORM), labels=("1/1", "1/1")) == []
    swapped = (page(1), page(0))
    assert slugs(swapped, labels=("1/2", "2/2")) == []


def test_blank_hidden_and_dropped_sides_are_no_pages_of_the_count():
    pages = (page(0), page(1, flags=("blank_kept",)))
    assert slugs(pages, blanks=["page-1"], labels=("1/2",)) == ["rule.pages_short"]
    pages = (page(0), page(1, hidden=True))
    assert slugs(pages, labels=("1/1", "1/1")) == []


def test_page_numbers_wait_for_the_end_of_the_scan():
    assert slugs(scanning=True, labels=("1/3", "3/3")) == ["rule.scanning"]


def test_page_numbers_wait_until_every_page_has_its_paper_and_come_after_the_count():
    assert slugs((page(0), page(1, document=None)), labels=("1/3",)) == ["rule.page_unassigned"]
    more = dataclasses.replace(DOSSIER, declared_sheets=3)
    assert slugs(dossier=more, labels=("1/3", "3/3")) == ["rule.count_mismatch", "rule.page_gap"]
