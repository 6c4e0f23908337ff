"""What the documents tell people to type exists."""

from __future__ import annotations

import argparse
import ast
import importlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import NOT_YET, VERBS
from tests.docs.docs_kit import ROOT, commands, pages, parser_for, trees

OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")
SHELL = re.compile(r"\s*(?:\||&&|;)\s*")


def typed() -> list[tuple[str, list[str]]]:
    """Every simple command of every page, by page."""
    found = []
    for page in pages():
        for line in commands(page.read_text("utf-8")):
            words = shlex.split(line, comments=True)
            parts: list[list[str]] = [[]]
            for word in words:
                if word in {"|", "&&", ";"}:
                    parts.append([])
                else:
                    parts[-1].append(word)
            found += [(f"{page.name}: {line}", part) for part in parts if part]
    return found


def station(words: list[str]) -> list[str] | None:
    """The arguments of the program, or None when another program is meant."""
    if "main.py" not in words:
        return None
    return words[words.index("main.py") + 1 :]


CALLS = [(where, args) for where, words in typed() if (args := station(words)) is not None]


def test_the_pages_show_every_verb():
    assert {args[0] for _, args in CALLS if args} >= set(VERBS)


@pytest.mark.parametrize(("where", "args"), CALLS, ids=[where for where, _ in CALLS])
def test_a_command_in_the_documents_is_understood_by_the_program(where: str, args: list[str]):
    if not args:
        return
    verb, *rest = args
    assert verb in VERBS, where
    parser = parser_for(importlib.import_module(f"app.cli.{verb}").arguments)
    parser.error = lambda message: pytest.fail(f"{where}: {message}")  # type: ignore[method-assign]
    parser.parse_args(rest)


def test_other_programs_in_the_documents_exist():
    known = {"printf", "cd", "git", "apt-get", "chmod", "curl"}
    for where, words in typed():
        program = words[0]
        if program.startswith("COUNTER_STATION_"):
            continue
        if program == "./station":
            assert words[1] in {"run", "test", "setup"}, where
        elif program.endswith(("python", "python3.11")):
            if "-m" in words:
                module = words[words.index("-m") + 1]
                assert importlib.util.find_spec(module), where
            else:
                assert (ROOT / words[1]).is_file(), where
        elif program.startswith(".venv/bin/"):
            assert (Path(sys.executable).parent / Path(program).name).exists(), where
        elif program.startswith("tests/"):
            assert (ROOT / program).is_file(), where
        else:
            assert program in known, where


def test_the_two_commands_are_what_the_script_offers():
    script = (ROOT / "station").read_text("utf-8")
    readme = (ROOT / "README.md").read_text("utf-8")
    for verb in ("run", "test"):
        assert f"./station {verb}" in readme
        assert re.search(rf"^\s+{verb}\)", script, re.MULTILINE)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_and_every_option_is_documented(verb: str):
    section = re.search(rf"^### {verb}$(.*?)^##", OPERATIONS, re.MULTILINE | re.DOTALL)
    assert section, verb
    text = section.group(1)
    assert f"main.py {verb}" in text
    parser = parser_for(importlib.import_module(f"app.cli.{verb}").arguments)
    shown = [a for a in parser._actions if a.help != argparse.SUPPRESS and a.option_strings]
    options = {option for action in shown for option in action.option_strings}
    options -= {"-h", "--help", "--home", "--json"}
    hidden = {"--out": "-o"} if verb in {"pack", "sign"} else {}
    missing = {o for o in options if not re.search(rf"{re.escape(o)}\b", text)}
    assert missing - hidden.keys() == set()


def test_verbs_of_a_later_version_are_named_so():
    section = OPERATIONS.split("### Not yet")[1].split("##")[0]
    assert set(re.findall(r"`(\w+)`", section)) >= NOT_YET


def test_help_answers_without_the_network_or_a_vault(tmp_path):
    env = {**os.environ, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data")}
    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "--help"],
        env=env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert all(re.search(rf"^\s+{verb}\s", done.stdout, re.MULTILINE) for verb in VERBS)
    assert list(tmp_path.iterdir()) == []


def variables() -> set[str]:
    """Names of environment variables that the sources read or set."""
    found = {"XDG_DATA_HOME", "XDG_CONFIG_HOME"}
    for _, tree in trees():
        names = {
            target.id: node.value.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            key: ast.expr | None = None
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
                ("environ.get", "getenv")
            ):
                key = node.args[0]
            elif isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("environ"):
                key = node.slice
            if isinstance(key, ast.Constant):
                found.add(str(key.value))
            elif isinstance(key, ast.Name):
                found.add(str(names[key.id]))
    return found


def test_every_environment_variable_is_documented():
    found = variables()
    assert {"COUNTER_STATION_KEYRING", "COUNTER_STATION_HOP", "TESSDATA_PREFIX"} <= found
    table = OPERATIONS.split("## Environment")[1].split("\n## ")[0]
    assert {name for name in found if f"`{name}`" not in table} == set()
