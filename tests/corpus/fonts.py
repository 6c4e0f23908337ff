"""The typefaces the invented papers are printed in, found where Debian keeps them.

Only faces with every Vietnamese letter are named here; a machine without them gets the name of the
package to install instead of pages full of boxes.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
from pathlib import Path

from PIL import ImageFont

_CROSCORE = Path("/usr/share/fonts/truetype/croscore")
_NOTO = Path("/usr/share/fonts/truetype/noto")
_PLACES = {
    "Tinos": (_CROSCORE, "fonts-croscore"),
    "Arimo": (_CROSCORE, "fonts-croscore"),
    "Cousine": (_CROSCORE, "fonts-croscore"),
    "NotoSans": (_NOTO, "fonts-noto-core"),
    "NotoSerif": (_NOTO, "fonts-noto-core"),
}
_STYLES = {"Regular": "", "Bold": "bold", "Italic": "italic", "BoldItalic": "bold:italic"}


class FontMissingError(RuntimeError):
    """A typeface of the corpus is not installed; the message names the Debian package."""


@functools.cache
def font_path(family: str, style: str = "Regular") -> Path:
    """Give the file of a family and style.

    Raises:
        FontMissingError: the face is neither at its Debian path nor known to fontconfig.
    """
    folder, package = _PLACES[family]
    path = folder / f"{family}-{style}.ttf"
    if path.is_file():
        return path
    found = _ask_fontconfig(family, style)
    if found is not None:
        return found
    raise FontMissingError(f"font {family} {style} not found: apt-get install {package}")


def _ask_fontconfig(family: str, style: str) -> Path | None:
    if shutil.which("fc-match") is None:
        return None
    name = {"NotoSans": "Noto Sans", "NotoSerif": "Noto Serif"}.get(family, family)
    pattern = f"{name}:style={style}" if not _STYLES[style] else f"{name}:{_STYLES[style]}"
    answer = subprocess.run(
        ["fc-match", "--format=%{family}\n%{file}", pattern],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    ).stdout.splitlines()
    # fc-match always answers with *some* font; only the family asked for will do.
    if len(answer) == 2 and name in answer[0].split(",") and Path(answer[1]).is_file():
        return Path(answer[1])
    return None


@functools.cache
def font(family: str, style: str, size_px: int) -> ImageFont.FreeTypeFont:
    """Give a loaded font; basic layout, so that no shaping library changes the pixels."""
    return ImageFont.truetype(
        str(font_path(family, style)), size_px, layout_engine=ImageFont.Layout.BASIC
    )
