"""What is shipped or made for every file: fonts that know Vietnamese, an exact sRGB profile."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from PIL import Image, ImageCms

from app.packaging.glyphless import ADVANCE, ASCENT, DESCENT, font_program
from app.packaging.icc import srgb_profile

FONTS = Path(__file__).resolve().parents[2] / "resources" / "fonts"
NAMES = ("Tinos-Vietnamese.ttf", "NotoSans-Regular.ttf", "NotoSans-Bold.ttf")


def _recipe():
    spec = importlib.util.spec_from_file_location("make_fonts", FONTS / "make_fonts.py")
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["make_fonts"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", NAMES)
def test_font_has_all_134_vietnamese_letters_drawn_each_in_its_own_way(name):
    font = TTFont(FONTS / name)
    letters = _recipe().vietnamese_letters()
    assert len(letters) == 134
    cmap = font.getBestCmap()
    glyphs = {cmap[ord(letter)] for letter in letters}
    assert len(glyphs) == 134
    drawings = font["glyf"]
    assert all(drawings[glyph].numberOfContours != 0 for glyph in glyphs)
    assert font["OS/2"].fsType == 0, "a font that may not be embedded"
    assert font["head"].unitsPerEm == 1000


def test_the_licence_lies_beside_the_fonts():
    text = (FONTS / "OFL.txt").read_text(encoding="utf-8")
    for name in NAMES:
        assert name in text
        licence = TTFont(FONTS / name)["name"].getDebugName(13)
        assert "SIL Open Font License, Version 1.1" in licence
    assert "PERMISSION & CONDITIONS" in text


def _version(font: Path) -> str:
    return str(TTFont(font)["name"].getDebugName(5))


def test_the_fonts_are_what_the_script_makes(tmp_path, monkeypatch):
    module = _recipe()
    for recipe in module.RECIPES:
        if not recipe.source.exists() or _version(recipe.source) != _version(FONTS / recipe.result):
            pytest.skip(f"this machine has no {recipe.source} of the shipped version")
    monkeypatch.setattr(module, "HERE", tmp_path)
    for recipe in module.RECIPES:
        module.make(recipe)
        assert (tmp_path / recipe.result).read_bytes() == (FONTS / recipe.result).read_bytes()


def test_glyphless_font_is_small_empty_and_says_its_measures():
    data = font_program()
    assert len(data) < 1500
    font = TTFont(io.BytesIO(data))
    assert font.getGlyphOrder() == [".notdef", "box"]
    assert font["hmtx"]["box"] == (ADVANCE, 0)
    assert (font["hhea"].ascent, font["hhea"].descent) == (ASCENT, DESCENT)
    assert font["glyf"]["box"].numberOfContours == 0
    font_program.cache_clear()
    assert font_program() == data


def test_profile_is_version_2_and_agrees_with_another_makers_srgb():
    profile = srgb_profile()
    assert profile[8] == 2
    assert int.from_bytes(profile[:4], "big") == len(profile) < 4096
    ours = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    theirs = ImageCms.createProfile("sRGB")
    levels = np.random.default_rng(7).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    levels[0, :3] = [[0, 0, 0], [255, 255, 255], [128, 128, 128]]
    picture = Image.fromarray(levels)
    for source, target in ((ours, theirs), (theirs, ours)):
        through = np.asarray(ImageCms.profileToProfile(picture, source, target), dtype=int)
        difference = np.abs(through - levels)
        assert difference.max() <= 2
        assert difference.mean() < 0.2
