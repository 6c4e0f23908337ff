"""Links lead somewhere, dependencies have their reason, and nothing private is told."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.docs.docs_kit import ROOT, pages

PAGES = pages()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
SCREENSHOTS = "docs/screenshots/"
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PRIVATE = re.compile(
    r"(?<![\w.])/(?:work|root|home|tmp|Users|mnt)/|\.\./shared|[A-Z]:\\Users|"
    r"\[[MRB]\]|\bissue #?\d|\bsub-?agent|\bsession of the project|\bTODO\b|\bFIXME\b",
    re.IGNORECASE,
)


def slug(heading: str) -> str:
    """The anchor that a heading gets: lower case, blanks to hyphens, punctuation gone."""
    kept = "".join(c for c in heading.strip().lower() if c.isalnum() or c in " -_")
    return kept.replace(" ", "-")


def anchors(text: str) -> set[str]:
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


def test_the_pages_that_a_newcomer_looks_for_are_there():
    there = {page.relative_to(ROOT).as_posix() for page in PAGES}
    wanted = {"README.md", "CONTRIBUTING.md", "CHANGELOG.md"}
    wanted |= {f"docs/{n}.md" for n in ("architecture", "glossary", "law", "operations")}
    assert wanted <= there
    assert "Apache License" in (ROOT / "LICENSE").read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_relative_links_lead_somewhere(page):
    if page.suffix != ".md":
        return
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in anchors(file.read_text("utf-8")), f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_page_tells_of_the_machine_it_was_written_on(page):
    if page.suffix in {".png", ".jpg"}:
        return
    found = [match.group() for match in PRIVATE.finditer(page.read_text("utf-8"))]
    assert found == []


def test_every_dependency_has_its_reason():
    text = (ROOT / "docs" / "dependencies.md").read_text("utf-8").lower()
    declared = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
    names = [re.match(r"[\w-]+", line).group().lower() for line in declared]
    assert [name for name in names if f"| `{name}`" not in text] == []
    own = text.split("## debian")[0]
    told = set(re.findall(r"^\| `([\w-]+)` \|", own, re.MULTILINE))
    assert told - set(names) == set(), "explained but no longer declared"


def test_every_debian_package_of_the_script_has_its_reason():
    script = (ROOT / "station").read_text("utf-8")
    lists = re.findall(r"^(?:BASE|TEST)_PACKAGES=\((.*?)\)", script, re.MULTILINE | re.DOTALL)
    assert len(lists) == 2
    text = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    assert [name for part in lists for name in part.split() if f"`{name}`" not in text] == []


def test_every_decision_is_one_page_with_its_five_parts():
    index = (ROOT / "docs" / "adr" / "README.md").read_text("utf-8")
    decisions = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert [path.name[:4] for path in decisions] == [
        f"{n:04d}" for n in range(1, len(decisions) + 1)
    ]
    for path in decisions:
        text = path.read_text("utf-8")
        parts = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert parts == ["Summary", "Context", "Decision", "Consequences", "Alternatives"], (
            path.name
        )
        assert len(text.split()) < 700, path.name
        assert path.name in index


def test_the_readme_speaks_vietnamese_first():
    text = (ROOT / "README.md").read_text("utf-8")
    assert text.index("## Tiếng Việt") < text.index("## English")
    assert SCREENSHOTS + "tiep-nhan.png" in text
