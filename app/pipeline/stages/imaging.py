"""Pages: decode, estimate, draw, recognise. The only room that imports ``ocr``."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from app import paths
from app.domain.ids import BlobId
from app.domain.page import Decided, Recipe
from app.pipeline.context import Context
from app.pipeline.stages.models import model_folder
from ocr import pictures
from ocr.clean import CleanPage, clean
from ocr.clean.blank import DOUBTS
from ocr.decode import decode
from ocr.engine import OcrEngine, open_engine
from ocr.geometry import Geometry
from ocr.image import PageImage
from ocr.page import recognise

_DECODED = "decoded"
_ENGINE = "engine"
USUAL = "fast"
_KEPT_IMAGES = 1


def stand_by(home: Path, command: Sequence[str], keep: dict[str, object]) -> None:
    """What pictures need is loaded by now, before the first page is there."""
    del home, command, keep


def thumb(context: Context) -> BlobId:
    """A small picture of the page, straightened once it is known how."""
    blobs = context.vault.blobs
    if len(context.job.inputs) == 1:
        data = blobs.read(context.job.inputs[0])
        image = pictures.preview(data, float(context.integer("dpi"))) or _image(context)
        plain = Geometry.plan(image, skew_deg=0, rotation_deg=0)
        return blobs.put(pictures.thumbnail(image, plain))
    return blobs.put(pictures.thumbnail(_image(context), _clean(context).geometry))


def clean_page(context: Context) -> BlobId:
    """Geometry and facts of the page under the clerk's recipe.

    A back is looked at by itself; only when that leaves a doubt, beside its front.
    """
    found = _judge(context, None)
    if len(context.job.inputs) > 1 and DOUBTS & set(found.facts.reasons):
        front = load(context.vault.blobs.read(context.job.inputs[1]), context.integer("dpi"))
        found = _judge(context, front)
    return context.vault.blobs.put(found.to_json())


def _judge(context: Context, partner: PageImage | None) -> CleanPage:
    recipe = Recipe.of(cast("dict[str, Decided]", context.job.params["recipe"]))
    return clean(
        _image(context),
        rotation_deg=recipe.rotation_deg,
        skew_deg=recipe.skew_deg,
        crop=recipe.crop,
        osd=_any_engine(context.keep),
        partner=partner,
    )


def screen(context: Context) -> BlobId:
    """The straightened page at screen size."""
    return context.vault.blobs.put(pictures.screen(_image(context), _clean(context).geometry))


def read(context: Context) -> BlobId:
    """What stands on the page: words with their boxes, codes, fields."""
    found = recognise(
        _image(context), _clean(context), engine(context.keep, context.text("models"))
    )
    return context.vault.blobs.put(found.to_json())


def engine(keep: dict[str, object], models: str = USUAL) -> OcrEngine:
    """The warm engine of this process for these models; made once, others make way.

    Raises:
        OcrError: ocr.no_engine.
        Trouble: ocr.no_language.
    """
    chosen, found = cast("tuple[str, OcrEngine | None]", keep.get(_ENGINE, ("", None)))
    if found is None or chosen != models:
        fresh = open_engine(tessdata=model_folder(models) or paths.tessdata())
        if found is not None:
            found.close()
        found = fresh
        keep[_ENGINE] = (models, found)
    return found


def _any_engine(keep: dict[str, object]) -> OcrEngine:
    """Whichever engine is warm: which way up a page lies, they all tell alike."""
    models, _ = cast("tuple[str, object]", keep.get(_ENGINE, (USUAL, None)))
    return engine(keep, models)


def load(data: bytes, dpi: int | None) -> PageImage:
    """The decoded page; the device's resolution outranks the file's.

    Raises:
        OcrError: image.empty, image.not_an_image, image.truncated, image.too_large and family.
    """
    image, _ = decode(data, dpi_hint=None if dpi is None else float(dpi))
    if dpi is None:
        return image
    return dataclasses.replace(image, dpi_x=float(dpi), dpi_y=float(dpi))


def _image(context: Context) -> PageImage:
    cache = cast("OrderedDict[BlobId, PageImage]", context.keep.setdefault(_DECODED, OrderedDict()))
    blob = context.job.inputs[0]
    if blob not in cache:
        cache[blob] = load(context.vault.blobs.read(blob), context.integer("dpi"))
        while len(cache) > _KEPT_IMAGES:
            cache.popitem(last=False)
    return cache[blob]


def _clean(context: Context) -> CleanPage:
    return CleanPage.from_json(context.vault.blobs.read(context.job.inputs[1]))
