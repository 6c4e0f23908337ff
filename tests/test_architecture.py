"""The house keeps its order: who imports whom, what each process loads, what lies at the top."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOP = {
    *("app", "docs", "ocr", "resources", "scanner", "sync", "tests"),
    *("main.py", "pyinstaller.spec", "pyproject.toml", "requirements.lock", "station"),
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", ".ci", ".gitignore"),
}
CAPABILITIES = ("scanner", "ocr", "sync", "app.packaging", "app.signing")
DATABASES = ("sqlite3", "sqlcipher3", "sqlite_utils", "app.store")
PIXELS = ("cv2", "tesserocr", "pytesseract", "PIL")


def tracked() -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False, timeout=60
    )
    if done.returncode != 0:
        pytest.skip("this copy is no git checkout")
    return [ROOT / name for name in done.stdout.decode().split("\0") if name]


def texts() -> list[tuple[Path, str]]:
    files = [(path, path.read_bytes()) for path in tracked() if path.is_file()]
    return [(path, data.decode()) for path, data in files if b"\0" not in data]


def loaded(code: str, *, stdin: bytes = b"") -> set[str]:
    """The modules that a fresh process holds after ``code``."""
    tail = "\nimport json, sys\nsys.stderr.write('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code + tail],
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return set(json.loads(done.stderr.decode().rsplit("\n", 1)[1]))


def of(modules: set[str], *packages: str) -> set[str]:
    return {
        package
        for package in packages
        if any(name == package or name.startswith(package + ".") for name in modules)
    }


def test_import_contracts_hold():
    code = "from importlinter.cli import lint_imports_command as c; c(['--no-cache'])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "0 broken" in done.stdout


def test_only_the_known_entries_lie_at_the_top():
    assert {path.relative_to(ROOT).parts[0] for path in tracked()} <= TOP


def test_no_text_names_the_folder_it_was_written_in():
    places = [str(place) for place in (ROOT, ROOT.parent, Path.home()) if len(str(place)) > 4]
    pattern = re.compile("|".join(rf"(?<![\w.]){re.escape(place)}(?![\w-])" for place in places))
    assert [str(path.relative_to(ROOT)) for path, text in texts() if pattern.search(text)] == []


def test_every_relative_path_upwards_stays_inside():
    wrong = []
    for path, text in texts():
        if "tests" in path.parts:
            continue  # hostile names are data there
        for up in re.findall(r"(?<![\w./*])(?:\.\./)+[\w./-]+", text):
            here = (path.parent / up).resolve()
            if ROOT not in here.parents or not here.exists():
                wrong.append(f"{path.relative_to(ROOT)}: {up}")
    assert wrong == []


def test_nothing_is_left_to_do_in_a_comment():
    marks = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b|\[[MRB]\]")
    allowed = {"pyproject.toml"}  # it forbids them
    found = {str(path.relative_to(ROOT)) for path, text in texts() if marks.search(text)}
    assert found - allowed == set()


def test_no_source_file_outgrows_its_subject():
    long = {
        str(path.relative_to(ROOT)): text.count("\n")
        for path, text in texts()
        if path.suffix == ".py" and "tests" not in path.parts and text.count("\n") > 400
    }
    assert long == {}


FORBIDDEN = {
    "scan": (
        "PySide6",
        *PIXELS,
        "pikepdf",
        "pyhanko",
        "ocr",
        "sync",
        "app.packaging",
        "app.signing",
    ),
    "image": ("PySide6", "pyhanko", "pkcs11", "httpx", "scanner", "sync", "app.signing"),
    "sign": ("PySide6", "cv2", "tesserocr", "httpx", "scanner", "ocr", "sync"),
    "sync": ("PySide6", *PIXELS, "pikepdf", "pyhanko", "pkcs11", *CAPABILITIES[:2], "app.signing"),
}


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_a_worker_loads_only_its_own_kind(kind: str):
    modules = loaded(
        "from app.pipeline import worker\n"
        "from app.pipeline.stage import STAGES\n"
        f"[stage.load() for stage in STAGES.values() if stage.kind == {kind!r}]"
    )
    assert "app.pipeline.worker" in modules
    assert of(modules, *FORBIDDEN[kind]) == set()


def test_the_desk_and_the_demo_import_no_capability():
    modules = loaded(
        "import pkgutil, importlib, app.desk, app.cli.demo\n"
        "[importlib.import_module('app.desk.' + m.name) for m in pkgutil.iter_modules(app.desk.__path__)]"
    )
    assert "app.desk.demonstration" in modules
    assert of(modules, *CAPABILITIES, *PIXELS, "pikepdf", "pyhanko", "httpx", "PySide6") == set()


@pytest.mark.parametrize("argv", [[], ["--home", "nowhere"]])
def test_opening_the_desk_loads_no_capability(argv: list[str]):
    modules = loaded(
        "import app.bootstrap as b\nb.desk = lambda home: 0\n" + f"assert b.main({argv!r}) == 0"
    )
    assert "app.cli" in modules
    assert of(modules, *CAPABILITIES, *PIXELS, "pikepdf", "pyhanko", "httpx", "PySide6") == set()


def test_the_driver_host_stays_without_a_database():
    modules = loaded("from app.bootstrap import main\nmain(['scan-host'])")
    assert "scanner.host" in modules
    assert of(modules, *DATABASES, "PySide6", "cv2", "ocr", "sync", "app.signing") == set()


def test_the_token_process_stays_without_a_database_and_a_network():
    modules = loaded(
        "from app.bootstrap import main\nmain(['work', 'token', '--module', 'no-such-module.so'])"
    )
    assert "app.signing.token_worker" in modules
    assert of(modules, *DATABASES, "PySide6", "cv2", "httpx", "pikepdf", "ocr", "sync") == set()
