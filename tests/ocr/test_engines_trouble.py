"""An engine that is slow, missing or without its model says so, and the next page is read."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ocr import tesseract_api, tesseract_cli
from ocr.engine import open_engine
from ocr.errors import OcrError
from ocr.image import PageImage
from tests.corpus.pages import draw_page

ROOT = Path(__file__).resolve().parents[2]
LINES = ["Căn cứ Luật Tổ chức chính quyền địa phương;", "Điều 1. Mức hỗ trợ là 45.000.000 đồng."]


@pytest.fixture(scope="module")
def page() -> PageImage:
    return PageImage(np.ascontiguousarray(draw_page(LINES * 6)[:1400, :, 0]), 300.0, 300.0)


@pytest.mark.parametrize("kind", ["api", "cli"])
def test_a_page_that_takes_too_long_is_given_up_and_the_next_is_read(
    kind, page, request, monkeypatch
):
    engine = request.getfixturevalue(kind)
    module = tesseract_api if kind == "api" else tesseract_cli
    with monkeypatch.context() as patch:
        patch.setattr(module, "PAGE_TIMEOUT_S", 0.002)
        with pytest.raises(OcrError) as caught:
            engine.read(page)
    assert caught.value.slug == "ocr.timeout"
    assert "45.000.000" in engine.read(page).text


@pytest.mark.parametrize("kind", ["api", "cli"])
def test_a_model_that_is_not_there_is_named(kind, tmp_path):
    with pytest.raises(OcrError) as caught:
        open_engine(kind, language="khm", tessdata=tmp_path)
    assert (caught.value.slug, caught.value.params["language"]) == ("ocr.no_language", "khm")


WITHOUT = """
import sys
sys.modules["tesserocr"] = None
sys.modules["pytesseract"] = None
from ocr.engine import open_engine
from ocr.errors import OcrError
for kind in ("auto", "api", "cli"):
    try:
        open_engine(kind)
    except OcrError as error:
        print(error.slug)
"""


def test_a_machine_without_any_engine_says_so():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], capture_output=True, check=True, cwd=ROOT, timeout=100
    )
    assert done.stdout.split() == [b"ocr.no_engine"] * 3


CALL = """
import sys
import cv2
from ocr.engine import open_engine
from ocr.image import PageImage
grey = cv2.imread(sys.argv[1], cv2.IMREAD_GRAYSCALE)
print(open_engine("cli").read(PageImage(grey, 300.0, 300.0)).text)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the watcher is a shell script")
def test_the_command_runs_with_one_thread(page, tmp_path):
    real = shutil.which("tesseract")
    assert real is not None
    seen, watcher, picture = tmp_path / "seen", tmp_path / "tesseract", tmp_path / "page.png"
    watcher.write_text(
        f'#!/bin/sh\necho "${{OMP_THREAD_LIMIT-none}}" >> {seen}\nexec {real} "$@"\n'
    )
    watcher.chmod(0o755)
    tesseract_cli.Image.fromarray(page.pixels).save(picture)
    done = subprocess.run(
        [sys.executable, "-c", CALL, str(picture)],
        capture_output=True,
        check=True,
        cwd=ROOT,
        timeout=150,
        env={"PYTHONPATH": str(ROOT), "PATH": f"{tmp_path}:/usr/bin:/bin"},
    )
    assert "45.000.000" in done.stdout.decode()
    assert set(seen.read_text().split()) == {"1"}
