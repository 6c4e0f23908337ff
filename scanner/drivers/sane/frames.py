"""The bytes of SANE frames become one page: JPEG for grey and colour, PNG for black and white.

A frame's rows may be padded, its samples may have 16 bits, its height may be unknown until it ends,
and a colour page may come as three frames. Only rows that are whole are used; a page whose rows are
not all there is no page, and one longer than asked is broken off. A backend may send another kind
of picture than it was asked for: what can be read is kept as it came, and marked.
Source: SANE standard 1.06, 4.3.8 (sane_get_parameters) and 3.2 (image data format).
"""

from __future__ import annotations

import sys
import zlib
from typing import TYPE_CHECKING, Final

from scanner.drivers.sane.abi import Frame
from scanner.errors import ScannerError
from scanner.images.jpeg_strips import MAX_SIDE_PX, StripEncoder
from scanner.images.lineart import LineartEncoder
from scanner.images.raw_rows import RowCutter, as_they_are
from scanner.images.validate import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.drivers.sane.device import Parameters
    from scanner.model import ModeName, ScanRequest

PLANES: Final = (Frame.RED, Frame.GREEN, Frame.BLUE)
_DEPTHS: Final = {
    Frame.GRAY: (1, 8, 16),
    **dict.fromkeys((Frame.RGB, *PLANES), (8, 16)),
}
# Rows of the widest colour page with 16 bits a sample fit in twice.
_MAX_ROW_BYTES: Final = 1 << 20
_FAST: Final = 1
_PLANE_ROWS: Final = 16


class Page:
    """One page while its frames come; `layout` is that of its first frame.

    `flags` holds `color_for_gray` and its like when it is of another kind than asked.

    Raises:
        ScannerError: No picture can be made of the frame: `scan.unsupported` for its format,
            `scan.page_wrong` for a size that was not asked.
    """

    def __init__(self, layout: Parameters, request: ScanRequest) -> None:
        check_layout(layout, request)
        self.width_px = layout.width_px
        self.raw_bytes = 0
        kind = _kind(layout)
        self.flags = () if kind == request.mode else (f"{kind}_for_{request.mode}",)
        self._lineart = kind == "lineart"
        self._planes = _Planes(layout.width_px) if layout.frame in PLANES else None
        self._encoder: StripEncoder | LineartEncoder
        if self._lineart:
            self._encoder = LineartEncoder(
                width_px=layout.width_px, height_px=layout.lines, dpi=request.dpi
            )
        else:
            self._encoder = StripEncoder(
                width_px=layout.width_px,
                samples=3 if self._planes else layout.samples,
                height_px=layout.lines,
                dpi=request.dpi,
            )
        self._layout = layout
        self._rows, self._frame_bytes = _cutter(layout), 0
        self._most_px = most_px(request)

    @property
    def media(self) -> str:
        """Media type of the file the page becomes."""
        return "image/png" if self._lineart else "image/jpeg"

    @property
    def height_px(self) -> int:
        """Rows of the finished page."""
        return self._encoder.rows

    @property
    def frame_bytes(self) -> int:
        """Bytes after which the frame should end; 0 when nobody knows."""
        return (self._layout.lines or 0) * self._layout.bytes_per_line

    def next_frame(self, layout: Parameters) -> None:
        """The next frame of the same page comes now.

        Raises:
            ScannerError: `scan.driver_error` when it does not belong to this page.
        """
        before = self._layout
        same = (layout.width_px, layout.lines, layout.depth) == (
            before.width_px,
            before.lines,
            before.depth,
        )
        if self._planes is None or not same or layout.bytes_per_line < layout.width_px:
            raise ScannerError("scan.driver_error", code="sane-planes")
        self._layout = layout
        self._rows, self._frame_bytes = _cutter(layout), 0

    def feed(self, data: memoryview) -> Iterator[bytes]:
        """Bytes of the file that are ready after these bytes of the frame.

        Raises:
            ScannerError: `scan.page_wrong` as soon as there are more rows than were asked or told.
        """
        self.raw_bytes += len(data)
        layout = self._layout
        most = self._most_px if layout.lines is None else min(layout.lines, self._most_px)
        self._frame_bytes += len(data)
        if self._frame_bytes > most * layout.bytes_per_line:
            raise ScannerError("scan.page_wrong")
        rows = self._rows.cut(data)
        if self._planes is None:
            yield from self._encoder.feed(rows)
        else:
            self._planes.add(rows)

    def end_frame(self) -> Iterator[bytes]:
        """Bytes of the file that are ready now that the frame ended.

        Raises:
            ScannerError: `scan.page_empty` or `scan.page_truncated` when rows are missing.
        """
        layout = self._layout
        if self._frame_bytes == 0:
            raise ScannerError("scan.page_empty")
        read_lines = self._frame_bytes // layout.bytes_per_line
        if self._rows.left or layout.lines not in {None, read_lines}:
            raise ScannerError("scan.page_truncated")
        if self._planes is not None:
            for merged in self._planes.end(layout.frame):
                yield from self._encoder.feed(merged)

    @property
    def whole(self) -> bool:
        """Whether no further frame belongs to this page."""
        return self._planes is None or self._planes.whole

    def finish(self) -> Iterator[bytes]:
        """The last bytes of the file."""
        yield from self._encoder.finish()


def most_px(request: ScanRequest) -> int:
    """Pixels that no side of the page may exceed, however the paper lies."""
    wanted = max(request.page_px())
    return min(wanted + max(1, int(wanted * TOLERANCE)), MAX_SIDE_PX)


def check_layout(layout: Parameters, request: ScanRequest) -> None:
    """A picture can be made of the frame, and it is not larger than what was asked.

    Raises:
        ScannerError: `scan.unsupported`, `scan.page_wrong` or `scan.driver_error`.
    """
    depths = next((_DEPTHS[frame] for frame in _DEPTHS if frame == layout.frame), None)
    if depths is None:
        raise ScannerError("scan.unsupported", feature=f"SANE frame {layout.frame}")
    if layout.depth not in depths:
        raise ScannerError("scan.unsupported", feature=f"{layout.depth} bit")
    sides = (layout.width_px, layout.width_px if layout.lines is None else layout.lines)
    if min(sides) <= 0 or max(sides) > most_px(request):
        raise ScannerError("scan.page_wrong")
    if not _useful_bytes(layout) <= layout.bytes_per_line <= _MAX_ROW_BYTES:
        raise ScannerError("scan.driver_error", code="sane-layout")


def _kind(layout: Parameters) -> ModeName:
    if layout.frame != Frame.GRAY:
        return "color"
    return "lineart" if layout.depth == 1 else "gray"


def _useful_bytes(layout: Parameters) -> int:
    return -(-layout.width_px * layout.samples * layout.depth // 8)


def _cutter(layout: Parameters) -> RowCutter:
    """Whole rows of the frame, unpadded, with at most 8 bits a sample."""
    convert = _upper_half if layout.depth == 16 else as_they_are  # noqa: PLR2004 - bits
    return RowCutter(layout.bytes_per_line, _useful_bytes(layout), convert)


def _upper_half(rows: bytearray) -> bytearray:
    """Samples of 16 bits come in the order of this machine; their upper half is kept."""
    return rows[1 if sys.byteorder == "little" else 0 :: 2]


class _Planes:
    """Red, green and blue sent one after another, put together when the third has ended.

    They are kept deflated, strip by strip: the only page ever held in memory.
    """

    def __init__(self, width_px: int) -> None:
        self._strip_bytes = width_px * _PLANE_ROWS
        self._kept: dict[int, list[bytes]] = {}
        self._open: list[bytes] = []
        self._pending = bytearray()

    @property
    def whole(self) -> bool:
        """Whether all three have come."""
        return len(self._kept) == len(PLANES)

    def add(self, rows: bytes | bytearray) -> None:
        """These rows belong to the open plane, whose colour comes with its end."""
        self._pending += rows
        while len(self._pending) >= self._strip_bytes:
            self._open.append(zlib.compress(self._pending[: self._strip_bytes], _FAST))
            del self._pending[: self._strip_bytes]

    def end(self, frame: int) -> Iterator[bytearray]:
        """The rows of the page once its third plane has ended.

        Raises:
            ScannerError: `scan.driver_error` for a plane sent twice, `scan.page_truncated` for
                planes of unequal height.
        """
        if frame in self._kept:
            raise ScannerError("scan.driver_error", code="sane-planes")
        self._open.append(zlib.compress(self._pending, _FAST))
        self._pending = bytearray()
        self._kept[frame], self._open = self._open, []
        if not self.whole:
            return
        planes = [self._kept[plane] for plane in PLANES]
        for strips in zip(*planes, strict=False):
            yield _interleaved([zlib.decompress(strip) for strip in strips])
        if len({len(plane) for plane in planes}) > 1:
            raise ScannerError("scan.page_truncated")


def _interleaved(samples: list[bytes]) -> bytearray:
    """Rows of RGB pixels out of three rows of samples.

    Raises:
        ScannerError: `scan.page_truncated` when one has more rows than another.
    """
    size = len(samples[0])
    if any(len(plane) != size for plane in samples):
        raise ScannerError("scan.page_truncated")
    merged = bytearray(3 * size)
    for at, plane in enumerate(samples):
        merged[at::3] = plane
    return merged
