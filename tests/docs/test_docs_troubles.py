"""Every trouble has its sentences in two languages, and a place where it is explained."""

from __future__ import annotations

import ast
import re
import string
from collections import defaultdict

from docs import make_operations
from scanner.errors import SLUGS as SCANNER_SLUGS
from tests.docs.docs_kit import ROOT, SLUG, trees

RAISERS = {
    "Trouble", "Cancelled", "ScannerError", "OcrError", "PackagingError", "SigningError",
    "SyncError", "TokenTrouble", "Finding", "Over", "_block", "_warn", "_trouble",
}  # fmt: skip
OURS = {"Trouble", "Finding"}
PARTS = {"happened", "kept", "next"}
VI, EN = make_operations.texts("vi"), make_operations.texts("en")
# Vietnamese words that lose their sense without tone marks; one of them bare is a slip of the pen.
BARE = re.compile(
    r"\b(khong|duoc|giay|quet|trang nay|ho so|chua co|may quet|cong tiep nhan)\b", re.IGNORECASE
)


def named(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def literals(node: ast.expr) -> list[str]:
    found = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant)]
    return [value for value in found if isinstance(value, str) and SLUG.fullmatch(value)]


def raised() -> dict[str, list[tuple[str, set[str] | None]]]:
    """Slugs that the sources raise by name, where, and with which parameters (None: not known)."""
    found: dict[str, list[tuple[str, set[str] | None]]] = defaultdict(list)
    for name, tree in trees():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            called = node.func
            word = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
            if word == "of" and isinstance(called, ast.Attribute):
                word = getattr(called.value, "id", "") if len(node.args) > 1 else ""
            if word not in RAISERS:
                continue
            keys = {key.arg for key in node.keywords}
            known = None if None in keys or word not in OURS or len(node.args) > 1 else keys
            for slug in literals(node.args[0]):
                found[slug].append((name, known))
    return found


def test_both_languages_explain_the_same_troubles():
    assert VI.keys() == EN.keys()


def test_every_trouble_says_what_happened_what_was_kept_and_what_to_do():
    for texts in (VI, EN):
        for slug, parts in texts.items():
            assert set(parts) == PARTS, slug
            if not slug.startswith("step."):
                assert all(parts.values()), slug


def test_both_languages_name_the_same_things():
    for slug, parts in VI.items():
        for part, text in parts.items():
            assert named(text) == named(EN[slug][part]), f"{slug} {part}"


def test_every_sentence_ends_and_no_vietnamese_word_lost_its_tone():
    for language, texts in (("vi", VI), ("en", EN)):
        for slug, parts in texts.items():
            for text in filter(None, parts.values()):
                assert text[-1] in ".…?", f"{language} {slug}: {text}"
                assert text == text.strip(), slug
                assert language == "en" or not BARE.search(text), f"{slug}: {text}"


def test_every_slug_that_is_raised_has_a_text():
    slugs = raised()
    assert len(slugs) > 120
    wanted = set(slugs) | SCANNER_SLUGS
    assert {slug: slugs.get(slug) for slug in sorted(wanted - VI.keys())} == {}


def test_what_a_sentence_names_is_passed_when_the_trouble_is_raised_here():
    missing = []
    for slug, places in raised().items():
        wanted = set().union(*(named(text) for text in VI[slug].values()))
        missing += [
            (slug, place, sorted(wanted - keys))
            for place, keys in places
            if keys is not None and not wanted <= keys | {"slug"}
        ]
    assert missing == []


def test_operations_has_an_anchor_with_both_texts_for_every_trouble():
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert make_operations.page(page) == page, "run: python docs/make_operations.py"
    anchors = re.findall(r"^### ([a-z0-9_.]+\.[a-z0-9_.]+)$", page, re.MULTILINE)
    assert anchors == sorted(VI)


def test_the_administrators_lines_speak_of_troubles_that_exist():
    lines = make_operations.tomllib.loads(make_operations.ADMINISTRATOR.read_text("utf-8"))
    assert set(lines["slug"]) - VI.keys() == set()
    assert {slug.split(".")[0] for slug in VI} == set(lines["family"])
