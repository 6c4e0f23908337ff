"""A WIA stand-in that replays results as Microsoft documents them.

The plan is JSON in the environment, so that the same stand-in serves in a driver host of its own:
`sheets` in the feeder, `at` the sheet whose feeding fails with `result`, `signals` told before it,
`status` of the feeder afterwards, `cut` bytes of that sheet's side already written, `hang` instead
of a result, `refuse` properties that answer E_INVALIDARG, `format`, `up` for bitmaps from below,
`halved` the side whose JPEG lacks its lower half, `ask_first` for a stream asked for before the feeder is looked at.
"""

from __future__ import annotations

import io
import json
import os
import struct
import threading
from dataclasses import dataclass, field

from PIL import Image

from scanner.drivers.wia import source as wia
from scanner.drivers.wia.names import (
    E_INVALIDARG,
    FORMAT_BMP,
    FORMAT_JPEG,
    PAPER_EMPTY,
    S_OK,
    Handling,
    Msg,
    Prop,
)
from scanner.drivers.wia.port import Offer, Receiver, WiaEntry, WiaError


def picture(number: int, size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    """A page with a mark at its top that tells its number and up from down."""
    image = Image.new("RGB", size, "white")
    image.paste((200, 30 * number % 250, 10), (0, 0, size[0], size[1] // 4))
    image.paste((10, 60, 220), (0, 0, size[0] // 4, size[1] // 8))
    return image.convert(mode)


def bitmap(image: Image.Image, dpi: int, *, rising: bool = True) -> bytes:
    """A bitmap file of the image, its rows from the bottom or from the top."""
    out = io.BytesIO()
    image.save(out, "BMP", dpi=(dpi, dpi))
    data = out.getvalue()
    if rising:
        return data
    at = int.from_bytes(data[10:14], "little")
    stride = (len(data) - at) // image.height
    rows = [data[at + stride * row : at + stride * (row + 1)] for row in range(image.height)]
    head = data[:22] + struct.pack("<i", -image.height) + data[26:at]
    return head + b"".join(reversed(rows))


@dataclass
class FakeItem:
    """The glass, the feeder or the device itself."""

    plan: dict[str, object]
    values: dict[Prop, int | str]
    offers: dict[Prop, Offer] = field(default_factory=dict)
    root: FakeItem | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)
    asked: list[tuple[Prop, int | str]] = field(default_factory=list)

    def get(self, prop: Prop) -> int | str | None:
        return self.values.get(prop)

    def offer(self, prop: Prop) -> Offer:
        return self.offers.get(prop, Offer())

    def set(self, prop: Prop, value: int | str) -> None:
        if prop.name in self.plan.get("refuse", ()) or prop not in self.values:
            raise WiaError(E_INVALIDARG)
        self.asked.append((prop, value))
        self.values[prop] = value

    def side(self, number: int) -> bytes:
        dpi = int(self.values[Prop.XRES])
        size = (int(self.values[Prop.XEXTENT]), int(self.values[Prop.YEXTENT]))
        mode = {3: "RGB", 2: "L", 0: "1"}[int(self.values[Prop.DATATYPE])]
        image = picture(number, size, mode)
        if self.values[Prop.FORMAT] == FORMAT_JPEG:
            out = io.BytesIO()
            image.save(out, "JPEG", dpi=(dpi, dpi))
            whole = out.getvalue()
            return (
                whole[: len(whole) // 2] + b"\xff\xd9"
                if number == self.plan.get("halved")
                else whole
            )
        return bitmap(image, dpi, rising=bool(self.plan.get("up", True)))

    def transfer(self, receiver: Receiver) -> int:
        """IWiaTransfer::Download over the feeder, ALL_PAGES."""
        duplex = bool(int(self.values.get(Prop.DOCUMENT_HANDLING_SELECT, 0)) & Handling.DUPLEX)
        sides = 2 if duplex else 1
        sheets = int(self.plan.get("sheets", 3))
        for sheet in range(1, sheets + 1):
            for side in range(sides):
                if sheet == self.plan.get("at") and side == int(self.plan.get("side", 0)):
                    return self.fault(receiver, sides * (sheet - 1) + side)
                result = self.write(receiver, self.side(sides * (sheet - 1) + side))
                if result != S_OK:
                    return S_OK if result == 1 else result
        if self.root is not None and not self.plan.get("paper_left"):
            self.root.values[Prop.DOCUMENT_HANDLING_STATUS] = 0
        if self.plan.get("ask_first") and receiver.next_stream() == S_OK:
            receiver.told(Msg.END_OF_STREAM, 0)
        receiver.told(Msg.END_OF_TRANSFER, 0)
        return int(self.plan.get("end", S_OK))

    def write(self, receiver: Receiver, data: bytes, cut: int | None = None) -> int:
        data = data[:cut]
        result = receiver.next_stream()
        for at in range(0, len(data), 100_000):
            if result == S_OK:
                result = receiver.write(data[at : at + 100_000])
        return result or receiver.told(Msg.END_OF_STREAM, 0)

    def fault(self, receiver: Receiver, number: int) -> int:
        if "cut" in self.plan:
            self.write(receiver, self.side(number), int(self.plan["cut"]))
        if self.plan.get("hang"):
            self.cancelled.wait(60)
            return S_OK
        for signal in self.plan.get("signals", ()):
            answer = receiver.told(Msg.DEVICE_STATUS, signal)
            assert answer == signal or not signal & 0x80000000
        if self.root is not None and "status" in self.plan:
            self.root.values[Prop.DOCUMENT_HANDLING_STATUS] = self.plan["status"]
        return int(self.plan["result"])

    def cancel(self) -> None:
        self.cancelled.set()


@dataclass
class FakeDevice:
    root: FakeItem
    feeder: FakeItem | None
    flatbed: FakeItem | None
    closed: bool = False

    def close(self) -> None:
        self.closed = True


class FakeManager:
    """One scanner with glass and duplex feeder."""

    def __init__(self, plan: dict[str, object] | None = None) -> None:
        self.plan = plan if plan is not None else json.loads(os.environ.get("FAKE_WIA", "{}"))
        capabilities = 0x01 | 0x02 | Handling.DUP | Handling.DETECT_FEED
        root = FakeItem(
            self.plan,
            {
                Prop.DOCUMENT_HANDLING_CAPABILITIES: int(capabilities),
                Prop.DOCUMENT_HANDLING_STATUS: 0x01,
            },
        )
        feeder = FakeItem(self.plan, self.fresh(), self.offers(), root)
        feeder.values |= {Prop.PAGES: 1, Prop.DOCUMENT_HANDLING_SELECT: 0x20, Prop.MULTI_FEED: 0}
        self.device = FakeDevice(root, feeder, FakeItem(self.plan, self.fresh(), self.offers()))

    def fresh(self) -> dict[Prop, int | str]:
        return {
            Prop.FORMAT: "",
            Prop.DATATYPE: 3,
            Prop.DEPTH: 24,
            Prop.XRES: 200,
            Prop.YRES: 200,
            Prop.XPOS: 50,
            Prop.YPOS: 50,
            Prop.XEXTENT: 10,
            Prop.YEXTENT: 10,
            Prop.PAGE_SIZE: 0,
            Prop.BLANK_PAGES: 1,
            Prop.AUTO_CROP: 1,
            Prop.AUTO_DESKEW: 0,
        }

    def offers(self) -> dict[Prop, Offer]:
        formats = self.plan.get("formats", [FORMAT_BMP, FORMAT_JPEG])
        return {
            Prop.FORMAT: Offer(values=tuple(formats)),
            Prop.XRES: Offer(values=(300, 200, 600)),
            Prop.XEXTENT: Offer(span=(1, int(self.plan.get("widest", 6000)))),
            Prop.YEXTENT: Offer(span=(1, 9000)),
        }

    def entries(self) -> tuple[WiaEntry, ...]:
        return (WiaEntry("{6BDD1FC6}\\0001", "Fake", "Fake ADF"),)

    def open(self, device_id: str) -> FakeDevice:
        if "open" in self.plan:
            raise WiaError(int(self.plan["open"]))
        if device_id != "{6BDD1FC6}\\0001":
            raise WiaError(PAPER_EMPTY + 18)
        return self.device


def install() -> None:
    """The WIA driver of this process finds the stand-in."""
    wia.system_manager = FakeManager
