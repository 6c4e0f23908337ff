"""Which models the recogniser loads: the fast ones, the best ones, or an office's own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from app import paths
from app.domain.errors import Trouble

CHOICES: Final = ("fast", "best")
BEST: Final = "tessdata_best"


def model_folder(choice: str, language: str = "vie") -> Path | None:
    """The folder of the models, or None for the usual one.

    Args:
        choice: ``fast`` for the usual models, ``best`` for the folder ``tessdata_best`` beside
            them, or a folder.
        language: what the folder must have a model of.

    Raises:
        Trouble: ocr.no_language when the folder lacks it.
    """
    if choice == CHOICES[0]:
        return None
    places = [Path(choice)]
    if choice == CHOICES[1]:
        usual = paths.tessdata()
        places = [paths.resources() / BEST, paths.config_dir() / BEST]
        places += [usual.parent / BEST] if usual else []
    for place in places:
        if all((place / f"{name}.traineddata").is_file() for name in language.split("+")):
            return place
    raise Trouble("ocr.no_language", language=f"{language} ({choice})")
