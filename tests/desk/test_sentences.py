"""What a person reads for a slug: three sentences, filled in, and never a crash of their own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Cancelled, Defect, DeskError, Trouble
from app.i18n import explain, message, texts

params = st.dictionaries(
    st.sampled_from(["name", "n", "page", "sheet", "title", "slug", "why", "{", "kind"]),
    st.text(max_size=12) | st.integers(),
    max_size=5,
)


@given(st.sampled_from(sorted(texts("vi"))), params, st.sampled_from(["vi", "en"]))
def test_any_trouble_with_any_values_is_a_sentence(slug: str, given_params, language: str):
    text = message(slug, given_params, language)
    assert text.happened.strip()
    assert "{" not in text.happened.replace("{", "", str(given_params).count("{"))


def test_what_has_no_sentence_is_called_a_defect_by_its_name():
    text = explain(Trouble("no.such_slug"))
    assert text.endswith("[no.such_slug]")
    assert "no.such_slug" in message("no.such_slug", {}).happened


def test_values_are_not_read_as_a_format():
    text = message("file.missing", {"name": "{slug!r:>99999}"}).happened
    assert "{slug!r:>99999}" in text
    assert len(text) < 400


@pytest.mark.parametrize("kind", [Trouble, Defect, Cancelled])
def test_an_error_names_slug_and_values_for_the_log(kind: type[DeskError]):
    error = kind.of("scan.jam", {"refeed_sheet": 7, "a": "b"})
    assert isinstance(error, kind)
    assert str(error) == "scan.jam a=b refeed_sheet=7"
