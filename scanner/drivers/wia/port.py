"""What the WIA driver needs of WIA, and nothing more: one border for COM and for its stand-in.

Results are HRESULTs as unsigned 32-bit numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from scanner.drivers.wia.names import Prop


class WiaError(Exception):
    """A call answered with a failed result."""

    def __init__(self, hresult: int) -> None:
        super().__init__(f"{hresult & 0xFFFFFFFF:#010x}")
        self.hresult = hresult & 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class WiaEntry:
    """A scanner as the device manager lists it."""

    id: str
    vendor: str
    name: str


@dataclass(frozen=True, slots=True)
class Offer:
    """Values a property takes: a list, or `span` as least and greatest; empty when untold."""

    values: tuple[int | str, ...] = ()
    span: tuple[int, int] | None = None


class Receiver(Protocol):
    """The application's end of a transfer, called by WIA in whatever thread it likes."""

    def next_stream(self) -> int:
        """A side is about to be written; S_FALSE ends the transfer."""

    def write(self, data: bytes) -> int:
        """The next bytes of the side; a failed result ends the transfer."""

    def told(self, message: int, hresult: int) -> int:
        """A message of the transfer; the answer goes back to WIA."""


class WiaItem(Protocol):
    """The scanner itself, its glass or its feeder."""

    def get(self, prop: Prop) -> int | str | None:
        """The value, None when the item has no such property."""

    def offer(self, prop: Prop) -> Offer:
        """What may be set."""

    def set(self, prop: Prop, value: int | str) -> None:
        """The value is taken.

        Raises:
            WiaError: It is refused.
        """

    def transfer(self, receiver: Receiver) -> int:
        """The result after all sides were written; blocks until then."""

    def cancel(self) -> None:
        """A running transfer ends soon; may be called from another thread."""


class WiaDevice(Protocol):
    """An open scanner."""

    root: WiaItem
    feeder: WiaItem | None
    flatbed: WiaItem | None

    def close(self) -> None:
        """Everything held is given back."""


class WiaManager(Protocol):
    """The device manager."""

    def entries(self) -> tuple[WiaEntry, ...]:
        """Every scanner known now."""

    def open(self, device_id: str) -> WiaDevice:
        """The scanner of that id.

        Raises:
            WiaError: It cannot be opened.
        """
