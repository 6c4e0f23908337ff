"""The pages of a TIFF file as its directories describe them, all of them inside the file.

Source: TIFF 6.0, sections 2, 3, 8, 14, 15 and 22; TIFF Technical Note 2 (JPEG); BigTIFF design.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final, Literal, TypeAlias

from scanner.drivers.folder.formats import Foreign, Unfinished

if TYPE_CHECKING:
    from collections.abc import Iterator

Order: TypeAlias = Literal["little", "big"]

MAX_PAGES: Final = 10_000
JPEG_COMPRESSION: Final = 7
_MAX_VALUES: Final = 1 << 20
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 13: 4, 16: 8, 18: 8}
_RATIONAL: Final = 5
_LONG: Final = 4
_SUBFILE, _WIDTH, _HEIGHT, _COMPRESSION, _PHOTOMETRIC = 254, 256, 257, 259, 262
_SAMPLES, _X_RESOLUTION, _Y_RESOLUTION, _UNIT, _TABLES = 277, 282, 283, 296, 347
_STRIPS: Final = ((273, 279), (324, 325))
_ORIENTATION, _ROWS, _PLANES = 274, 278, 284
# What a decoder must know besides the size: bits, fill order, fax options, predictor, colours.
_CODING: Final = frozenset(
    {
        *(258, _COMPRESSION, _PHOTOMETRIC, 266, _SAMPLES, 292, 293),
        *(317, 320, 338, 339, _TABLES, 529, 530, 531, 532),
    }
)
_WANTED: Final = frozenset(
    {
        *(_SUBFILE, _WIDTH, _HEIGHT, _COMPRESSION, _PHOTOMETRIC, _SAMPLES),
        *(
            _X_RESOLUTION,
            _Y_RESOLUTION,
            _UNIT,
            _TABLES,
            *_STRIPS[0],
            *_STRIPS[1],
            _ROWS,
            _PLANES,
            _ORIENTATION,
        ),
    }
)
_PER_INCH: Final = {2: 1.0, 3: 2.54}
# Values of the orientation that Pillow undoes, and those that change width and height.
_TURNED: Final = range(2, 9)
_ON_ITS_SIDE: Final = range(5, 9)
_GRAY, _YCBCR = 1, 6
_BIG: Final = 43
_HEADER_BYTES: Final = 8
_GROUP4: Final = 4
# No code of Group 4 has so many zeros: here the writer has reserved room and not yet written.
_UNWRITTEN: Final = bytes(8)


@dataclass(frozen=True, slots=True)
class Frame:
    """One page: `index` in the chain of directories, pixels, and where its strips lie.

    `dpi` is the lower of both directions, None when the file does not say.
    """

    index: int
    width_px: int
    height_px: int
    dpi: float | None
    compression: int
    photometric: int
    samples: int
    strips: tuple[tuple[int, int], ...]
    tables: bytes
    rows_per_strip: int
    coding: tuple[tuple[int, int, int, bytes], ...]
    order: Order
    upright: bool

    @property
    def is_cut_in_strips(self) -> bool:
        """Whether its strips follow each other down the page and can be decoded one by one."""
        rows = self.rows_per_strip
        return (
            self.upright
            and 0 < rows < self.height_px
            and len(self.strips) == -(-self.height_px // rows)
        )

    @property
    def is_plain_jpeg(self) -> bool:
        """Whether its one strip is a JPEG that every reader shows with the same colours."""
        plain = (self.photometric, self.samples) in {(_GRAY, 1), (_YCBCR, 3)}
        return (
            self.compression == JPEG_COMPRESSION
            and len(self.strips) == 1
            and plain
            and self.upright
        )


def frames(file: BinaryIO) -> tuple[Frame, ...]:
    """The pages of the file in order; reduced copies of a page are none.

    Raises:
        Unfinished: A directory, value or strip lies outside the file.
        Foreign: The chain of directories never ends or describes no picture.
    """
    reader = _Reader(file)
    found: list[Frame] = []
    seen: set[int] = set()
    at, index = reader.first, 0
    while at:
        if at in seen or index >= MAX_PAGES:
            raise Foreign
        seen.add(at)
        entries, at = reader.directory(at)
        values = {tag: reader.numbers(entry) for tag, entry in entries.items() if tag in _WANTED}
        coding = tuple((tag, *entry) for tag, entry in entries.items() if tag in _CODING)
        if not _first(values, _SUBFILE, 0) & 1:
            found.append(_frame(reader, values, coding, index))
        index += 1
    if not found:
        raise Unfinished
    return tuple(found)


def jpeg_of(file: BinaryIO, frame: Frame) -> bytes:
    """The JPEG of a frame that `is_plain_jpeg`, its shared tables put where a file has them."""
    at, size = frame.strips[0]
    file.seek(at)
    data = file.read(size)
    tables = frame.tables.removeprefix(b"\xff\xd8").removesuffix(b"\xff\xd9")
    return data[:2] + tables + data[2:]


def bands_of(file: BinaryIO, frame: Frame, rows: int) -> Iterator[bytes]:
    """A frame that `is_cut_in_strips` as TIFF files of about so many rows each, top to bottom."""
    together = max(1, rows // frame.rows_per_strip)
    for first in range(0, len(frame.strips), together):
        strips = frame.strips[first : first + together]
        top = first * frame.rows_per_strip
        height = min(len(strips) * frame.rows_per_strip, frame.height_px - top)
        yield _band(file, frame, strips, height)


def _band(
    file: BinaryIO, frame: Frame, strips: tuple[tuple[int, int], ...], height_px: int
) -> bytes:
    order = frame.order
    body = bytearray((b"II" if order == "little" else b"MM") + (42).to_bytes(2, order) + bytes(4))
    offsets = b""
    for at, size in strips:
        offsets += len(body).to_bytes(4, order)
        file.seek(at)
        body += file.read(size)
    counts = b"".join(size.to_bytes(4, order) for _, size in strips)
    entries = {tag: (kind, count, data) for tag, kind, count, data in frame.coding}
    for tag, number in (
        (_WIDTH, frame.width_px),
        (_HEIGHT, height_px),
        (_ROWS, frame.rows_per_strip),
    ):
        entries[tag] = (_LONG, 1, number.to_bytes(4, order))
    entries[_STRIPS[0][0]] = (_LONG, len(strips), offsets)
    entries[_STRIPS[0][1]] = (_LONG, len(strips), counts)
    directory = len(entries).to_bytes(2, order)
    for tag, (kind, count, data) in sorted(entries.items()):
        value = data.ljust(4, b"\0")
        if len(data) > 4:  # noqa: PLR2004 - a value of four bytes stands in the entry
            value = len(body).to_bytes(4, order)
            body += data
        directory += tag.to_bytes(2, order) + kind.to_bytes(2, order)
        directory += count.to_bytes(4, order) + value
    body[4:8] = len(body).to_bytes(4, order)
    return bytes(body + directory + bytes(4))


def check_written(file: BinaryIO, frame: Frame) -> None:
    """Nothing in a Group 4 page is still to be written; its decoder does not mind gaps.

    Raises:
        Unfinished: There is a gap. *Source:* ITU-T T.6, table of codes.
    """
    if frame.compression != _GROUP4:
        return
    for at, size in frame.strips:
        file.seek(at)
        if _UNWRITTEN in file.read(size):
            raise Unfinished


def _frame(
    reader: _Reader,
    values: dict[int, tuple[int, ...]],
    coding: tuple[tuple[int, int, int, bytes], ...],
    index: int,
) -> Frame:
    strips: tuple[tuple[int, int], ...] = ()
    for offsets, counts in _STRIPS:
        if offsets in values:
            if len(values[offsets]) != len(values.get(counts, ())):
                raise Foreign
            strips = tuple(zip(values[offsets], values[counts], strict=True))
    size = _first(values, _WIDTH, 0), _first(values, _HEIGHT, 0)
    if not strips or not all(size):
        raise Foreign
    if any(not _HEADER_BYTES <= at < at + size <= reader.size for at, size in strips):
        raise Unfinished
    turn = _first(values, _ORIENTATION, 1)
    return Frame(
        index,
        *(size[::-1] if turn in _ON_ITS_SIDE else size),
        _dpi(values),
        _first(values, _COMPRESSION, 1),
        _first(values, _PHOTOMETRIC, 0),
        _first(values, _SAMPLES, 1),
        strips,
        bytes(values.get(_TABLES, ())),
        _first(values, _ROWS, 0) if _first(values, _PLANES, 1) == 1 else 0,
        coding,
        reader.order,
        turn not in _TURNED,
    )


def _first(values: dict[int, tuple[int, ...]], tag: int, default: int) -> int:
    return (values.get(tag) or (default,))[0]


def _dpi(values: dict[int, tuple[int, ...]]) -> float | None:
    per_inch = _PER_INCH.get(_first(values, _UNIT, 2))
    found: list[float] = []
    for tag in (_X_RESOLUTION, _Y_RESOLUTION):
        ratio = values.get(tag, ())
        if per_inch and len(ratio) == 2 and ratio[1]:  # noqa: PLR2004 - numerator, denominator
            found.append(ratio[0] / ratio[1] * per_inch)
    return min(found, default=None)


class _Reader:
    """Numbers of a TIFF file in its byte order and offset size."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, os.SEEK_END)
        head = self._bytes(0, 8)
        self.order: Order = "little" if head[:2] == b"II" else "big"
        self._wide = self._number(head[2:4]) == _BIG
        self.first = self._number(self._bytes(8, 8) if self._wide else head[4:8])
        if not self.first:
            raise Unfinished

    def directory(self, at: int) -> tuple[dict[int, tuple[int, int, bytes]], int]:
        """Type, count and bytes of the tags we read, and where the next directory stands."""
        head, entry = (8, 20) if self._wide else (2, 12)
        count = self._number(self._bytes(at, head))
        if count > _MAX_VALUES:
            raise Foreign
        table = self._bytes(at + head, count * entry + (8 if self._wide else 4))
        values: dict[int, tuple[int, int, bytes]] = {}
        for start in range(0, count * entry, entry):
            tag = self._number(table[start : start + 2])
            if tag in _WANTED | _CODING:
                values[tag] = self._value(table[start + 2 : start + entry])
        return values, self._number(table[count * entry :])

    def numbers(self, entry: tuple[int, int, bytes]) -> tuple[int, ...]:
        """The value as whole numbers, a fraction as two."""
        kind, count, data = entry
        width = _SIZES[kind]
        if kind == _RATIONAL:
            width, count = 4, 2 * count
        return tuple(self._number(data[at : at + width]) for at in range(0, width * count, width))

    def _value(self, entry: bytes) -> tuple[int, int, bytes]:
        kind, field = self._number(entry[:2]), (len(entry) - 2) // 2
        count = self._number(entry[2 : 2 + field])
        width = _SIZES.get(kind, 0)
        if not width or count > _MAX_VALUES:
            raise Foreign
        data = entry[2 + field :]
        if width * count > field:
            data = self._bytes(self._number(data), width * count)
        return kind, count, data[: width * count]

    def _bytes(self, at: int, size: int) -> bytes:
        if at + size > self.size:
            raise Unfinished
        self._file.seek(at)
        data = self._file.read(size)
        if len(data) < size:
            raise Unfinished
        return data

    def _number(self, data: bytes) -> int:
        return int.from_bytes(data, self.order)
