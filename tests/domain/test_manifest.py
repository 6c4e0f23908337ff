"""The manifest is one value with one spelling, and the portal's own reader accepts it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import manifest
from app.domain.dossier import SignedDocument, seal
from app.domain.procedure import Procedure
from sync.manifest import parse_manifest
from tests.domain.domain_kit import BIRTH, BLOB, DOSSIER, LOOSE, NOW, PAPER

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abcxyz_", min_size=1, max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


def built(procedure: Procedure = LOOSE, component: str | None = None) -> dict[str, object]:
    paper = dataclasses.replace(PAPER, component=component)
    sealed = seal(dataclasses.replace(DOSSIER, state="signing"), (SignedDocument(paper, BLOB, 77),))
    return dict(
        manifest.build(
            sealed,
            procedure,
            station="THK03",
            env="demo",
            sealed_at=NOW,
            sheets={paper.id: 2},
            journal=(7, "ef" * 32),
        )
    )


@given(values)
def test_equal_values_have_equal_bytes_and_read_back_equal(value: object):
    data = manifest.canonical_json(value)
    again = json.loads(data)
    assert manifest.canonical_json(again) == data
    assert unicodedata.is_normalized("NFC", data.decode())


@given(st.dictionaries(st.text("abcdef", min_size=1), st.integers(0, 9), min_size=2))
def test_the_order_of_keys_does_not_matter(value: dict[str, int]):
    turned = dict(reversed(value.items()))
    assert manifest.canonical_json(value) == manifest.canonical_json(turned)


def test_a_number_that_is_none_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        manifest.canonical_json({"a": float("nan")})


@pytest.mark.parametrize(("procedure", "component"), [(LOOSE, None), (BIRTH, "to-khai")])
def test_the_portal_reads_what_the_station_seals(procedure: Procedure, component: str | None):
    data = manifest.canonical_json(built(procedure, component))
    read = parse_manifest(data)
    assert read.id == DOSSIER.id
    assert [document.file.sha256 for document in read.documents] == [BLOB]


def test_each_paper_is_named_with_its_digest_its_pages_and_its_certificate():
    (paper,) = built()["documents"]
    assert paper["file"] == {"sha256": BLOB, "size": 77, "media": "application/pdf", "pdfa": "2u"}
    assert (paper["pages"], paper["sheets"]) == (2, 2)
    assert paper["signatures"][0]["cert_sha256"] == "cd" * 32


def test_every_component_is_listed_with_the_papers_that_answer_it():
    rows = built(BIRTH, "to-khai")["components"]
    assert [(row["code"], len(row["documents"])) for row in rows] == [
        ("to-khai", 1),
        ("chung-sinh", 0),
        ("can-cuoc", 0),
        ("mat", 0),
    ]
    assert [row["code"] for row in built(BIRTH, None)["components"]][-1] == "other"


def test_one_changed_digest_changes_the_manifests_hash():
    one = built()
    other = json.loads(manifest.canonical_json(one))
    other["documents"][0]["file"]["sha256"] = "ac" * 32
    hashes = {hashlib.sha256(manifest.canonical_json(value)).digest() for value in (one, other)}
    assert len(hashes) == 2
