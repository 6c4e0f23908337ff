"""What a caller asks of a scanner, and what it hears back side by side."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

SourceName: TypeAlias = Literal["feeder", "flatbed"]
SideName: TypeAlias = Literal["front", "back"]
ModeName: TypeAlias = Literal["color", "gray", "lineart"]
MultifeedName: TypeAlias = Literal["stop", "off"]
ParamValue: TypeAlias = str | int

MM_PER_INCH = 25.4


@dataclass(frozen=True, slots=True)
class Device:
    """One scanner that can be asked now.

    `id` starts with its driver (`sane:NAME`, `escl:URL`, `simulated:DIR`). `dpi` holds the offered
    resolutions in ascending order; it is empty when the device did not tell.
    """

    id: str
    driver: str
    vendor: str
    model: str
    serial: str
    uuid: str
    sources: tuple[str, ...]
    dpi: tuple[int, ...]
    duplex: bool


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """One pass over the paper that lies in the scanner.

    `page_mm` is width × height. `first_seq` and `first_sheet` continue an earlier, broken pass of
    the same stack; `declared_sheets` counts the whole stack, the earlier part included. `multifeed`
    asks the device to stop when it draws two sheets together, where it has a sensor for that.
    `stall_s` replaces all three limits of silence when given.
    """

    device_id: str
    source: SourceName
    duplex: bool
    dpi: int
    mode: ModeName = "color"
    page_mm: tuple[float, float] = (210, 297)
    multifeed: MultifeedName = "stop"
    declared_sheets: int | None = None
    first_seq: int = 1
    first_sheet: int = 1
    stall_s: float | None = None

    def page_px(self) -> tuple[int, int]:
        """Width and height in pixels that a whole page must have at the asked resolution."""
        width_mm, height_mm = self.page_mm
        return round(width_mm / MM_PER_INCH * self.dpi), round(height_mm / MM_PER_INCH * self.dpi)


@dataclass(frozen=True, slots=True)
class SideBegin:
    """A side starts to arrive; the seq is never used again, even when the side is dropped."""

    seq: int
    sheet: int
    side: SideName


@dataclass(frozen=True, slots=True)
class SideChunk:
    """The next bytes of the side that began last."""

    seq: int
    data: bytes


@dataclass(frozen=True, slots=True)
class SideEnd:
    """The side is whole and proved: the bytes received make one valid image of the asked size.

    `flags` may hold `double_feed`, `short_page`, `half_sheet` (a front whose back has not come; the
    mark falls when it comes), `back_rotated` (the device turned it by 180°), `gray_for_lineart` and
    `dpi_guessed`. `name` is the file name the device served, None when it named none.
    """

    seq: int
    sheet: int
    side: SideName
    media: str
    width_px: int
    height_px: int
    dpi: int
    sha256: str
    size_bytes: int
    flags: tuple[str, ...] = ()
    name: str | None = None


@dataclass(frozen=True, slots=True)
class SideDropped:
    """The side that began must be thrown away; `slug` says why."""

    seq: int
    sheet: int
    side: SideName
    slug: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something worth telling that does not end the scan."""

    slug: str
    params: Mapping[str, ParamValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ended:
    """The last event of every scan.

    `reason` is `complete`, `cancelled` or the slug of the trouble. `pages` counts the sides kept in
    this pass. `safe_sheets` counts whole sheets from the first of the stack, earlier passes
    included. `refeed_sheet` is the sheet to put on top before going on; None only when complete.
    """

    reason: str
    pages: int
    safe_sheets: int
    refeed_sheet: int | None
    params: Mapping[str, ParamValue] = field(default_factory=dict)


SideEvent: TypeAlias = SideBegin | SideChunk | SideEnd | SideDropped
Event: TypeAlias = SideEvent | Notice | Ended
