"""The pages of a whole file, each proved before the first is handed on.

A file is taken whole or not at all: what is wrong with its last page must be known before its
first page counts.
"""

from __future__ import annotations

import io
import os
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final

from PIL import Image

from scanner.drivers.folder import tiff
from scanner.drivers.folder.formats import (
    HEAD_BYTES,
    Foreign,
    Unfinished,
    check_jpeg,
    check_pdf,
    check_pixels,
    check_png,
    kind_of,
)
from scanner.drivers.folder.leaf import Leaf, bounded, resolution
from scanner.errors import ScannerError
from scanner.images.png_proof import PngProof
from scanner.images.validate import image_facts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHUNK_BYTES: Final = 1 << 18
BAND_ROWS: Final = 128
_KEPT_MODES: Final = {"1": (1, 1), "L": (1, 8), "RGB": (3, 8)}
_TO_8_BITS: Final = 255 / 65_535
_MEDIA: Final = {"jpeg": "image/jpeg", "png": "image/png"}
_DECODER_ERRORS: Final = (
    SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, ArithmeticError,
    AttributeError, struct.error,
)  # fmt: skip


def prove(path: Path, asked_dpi: int) -> Iterator[Leaf]:
    """Every page of the file, proved one after the other; after the last the file is whole.

    Raises:
        Unfinished: The file is not whole, or damaged.
        Foreign: It is no page image, is locked by a password, too coarse, or beyond all limits.
        OSError: It cannot be read.
    """
    with path.open("rb") as file, _decoding():
        kind = kind_of(file.read(HEAD_BYTES))
        if kind == "tiff":
            for frame in tiff.frames(file):
                leaf = _tiff_leaf(file, frame, asked_dpi)
                _prove_frame(file, frame)
                yield leaf
            return
        for leaf in _leaves(file, asked_dpi):
            if kind == "jpeg":
                _prove_jpeg(file)
            elif kind == "png":
                _prove_png(file, leaf)
            yield leaf


def leaves(path: Path, asked_dpi: int) -> Iterator[Leaf]:
    """The pages of a file that was proved; each gives its bytes before the next is asked for.

    Raises:
        Unfinished: It is no longer what was proved.
        Foreign: The same.
        OSError: It cannot be read.
    """
    with path.open("rb") as file, _decoding():
        yield from _leaves(file, asked_dpi)


def bytes_of(leaf: Leaf) -> Iterator[bytes]:
    """The bytes of a page as one image.

    Raises:
        Unfinished: A decoder stumbled over bytes it had accepted before.
        OSError: They cannot be read.
    """
    with _decoding():
        yield from leaf.chunks()


def _leaves(file: BinaryIO, asked_dpi: int) -> Iterator[Leaf]:
    file.seek(0)
    kind = kind_of(file.read(HEAD_BYTES))
    if kind == "pdf":
        from scanner.drivers.folder.pdf import pdf_leaves  # noqa: PLC0415 - brings PDFium

        check_pdf(file)
        yield from pdf_leaves(file, asked_dpi)
    elif kind == "tiff":
        for frame in tiff.frames(file):
            yield _tiff_leaf(file, frame, asked_dpi)
    else:
        (check_jpeg if kind == "jpeg" else check_png)(file)
        yield _picture_leaf(file, _MEDIA[kind], asked_dpi)


def _picture_leaf(file: BinaryIO, media: str, asked_dpi: int) -> Leaf:
    """A JPEG or PNG as it is, byte for byte."""
    file.seek(0)
    with Image.open(file) as image:
        width, height = image.size
        told = image.info.get("dpi")
    bounded(width, height)
    told_dpi = float(min(told)) if isinstance(told, tuple) else None
    dpi, flags = resolution(told_dpi, width, height, asked_dpi)

    def chunks() -> Iterator[bytes]:
        file.seek(0)
        while data := file.read(CHUNK_BYTES):
            yield data

    return Leaf(media, width, height, dpi, flags, chunks)


def _tiff_leaf(file: BinaryIO, frame: tiff.Frame, asked_dpi: int) -> Leaf:
    width, height = frame.width_px, frame.height_px
    bounded(width, height)
    dpi, flags = resolution(frame.dpi, width, height, asked_dpi)
    if frame.is_plain_jpeg:
        return Leaf(
            "image/jpeg", width, height, dpi, flags, lambda: iter((tiff.jpeg_of(file, frame),))
        )

    def chunks() -> Iterator[bytes]:
        from scanner.drivers.folder.png import PngBands  # noqa: PLC0415 - brings NumPy

        out: PngBands | None = None
        for band in _bands(file, frame):
            if out is None:
                samples, bits = _KEPT_MODES[band.mode]
                out = PngBands(
                    width_px=width, height_px=height, samples=samples, bits=bits, dpi=dpi
                )
            yield out.feed(band.tobytes())
        if out is not None:
            yield out.finish()

    return Leaf("image/png", width, height, dpi, flags, chunks)


def _prove_jpeg(file: BinaryIO) -> None:
    data = bytearray(file.seek(0, os.SEEK_END))
    file.seek(0)
    file.readinto(data)  # type: ignore[attr-defined]
    check_pixels(data)


def _prove_png(file: BinaryIO, leaf: Leaf) -> None:
    # Eight bytes a pixel at most, and the filter bytes of interlaced rows.
    proof = PngProof(8 * (leaf.width_px + 1) * leaf.height_px)
    file.seek(0)
    try:
        while data := file.read(CHUNK_BYTES):
            proof.feed(data)
        proof.finish()
    except ScannerError as error:
        raise (Unfinished if error.slug == "scan.page_truncated" else Foreign) from error


def _prove_frame(file: BinaryIO, frame: tiff.Frame) -> None:
    if frame.is_plain_jpeg:
        jpeg = tiff.jpeg_of(file, frame)
        whole = io.BytesIO(jpeg)
        check_jpeg(whole)
        facts = image_facts(jpeg)
        if facts is None or (facts.width_px, facts.height_px) != (frame.width_px, frame.height_px):
            raise Foreign
        _prove_jpeg(whole)
        return
    tiff.check_written(file, frame)
    for _ in _bands(file, frame):
        pass


def _bands(file: BinaryIO, frame: tiff.Frame) -> Iterator[Image.Image]:
    """The decoded page from top to bottom, a few strips at a time where it has strips."""
    size = frame.width_px, frame.height_px
    if not frame.is_cut_in_strips:
        file.seek(0)
        with Image.open(file, formats=("TIFF",)) as image:
            image.seek(frame.index)
            if image.size != size:
                raise Foreign
            whole = _kept(image)
            for top in range(0, size[1], BAND_ROWS):
                yield whole.crop((0, top, size[0], min(top + BAND_ROWS, size[1])))
        return
    for data in tiff.bands_of(file, frame, BAND_ROWS):
        with Image.open(io.BytesIO(data), formats=("TIFF",)) as image:
            if image.width != size[0]:
                raise Foreign
            yield _kept(image)


def _kept(image: Image.Image) -> Image.Image:
    image.load()
    if image.mode.startswith("I;16"):
        # Pillow clips: every level above the lowest 256 would be white.
        return image.convert("I").point(lambda level: level * _TO_8_BITS + 0.5).convert("L")
    if image.mode in {"I", "F"}:
        raise Foreign
    if image.mode in {"LA", "RGBA"}:
        over = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", over.size, "white"), over)
    return image if image.mode in _KEPT_MODES else image.convert("RGB")


@contextmanager
def _decoding() -> Iterator[None]:
    """Whatever a decoder says of damaged bytes is one thing: the file is not whole."""
    try:
        yield
    except Image.DecompressionBombError as error:
        raise Foreign from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise Unfinished from error
    except _DECODER_ERRORS as error:
        raise Unfinished from error
