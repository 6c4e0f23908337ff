"""What a scanner's sensors and buttons say, as far as its backend shows them.

A sensor is an option that only the hardware sets. Reading one must never spoil a pass: a backend
that will not tell counts as one without the sensor.
Source: SANE standard 1.06, 4.2.9 (capabilities of an option) and 4.5; sane-fujitsu(5),
sane-canon_dr(5), sane-genesys(5), sane-pixma(5).
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from scanner.drivers.sane.abi import Cap, Status, ValueType
from scanner.drivers.sane.device import trouble
from scanner.errors import ScannerError

if TYPE_CHECKING:
    from scanner.drivers.sane.device import Option, SaneDevice

_DOUBLE: Final = ("double-feed",)
_COVER: Final = ("cover-open",)
_LOADED: Final = ("page-loaded", "adf-loaded", "doc-in-adf")
_BUTTON: Final = re.compile(
    r"scan|e-?mail|copy|pdf\d?|file|fax|ocr|extra|power|start|stop|cancel|button[ -]\d+"
)
# One backend looks at its buttons only when this option is set.
_LOOK: Final = "button-update"
_FED_BADLY: Final = frozenset(
    {"scan.jam", "scan.cover_open", "scan.driver_error", "scan.page_truncated"}
)


def double_fed(device: SaneDevice) -> bool:
    """Whether the device's sensor says that two sheets went in together."""
    return _any(device, _DOUBLE)


def paper_left(device: SaneDevice) -> bool:
    """Whether the device's sensor says that paper still lies in the feeder."""
    return _any(device, _LOADED)


def pressed_buttons(device: SaneDevice) -> tuple[str, ...]:
    """Names of the buttons pressed now, or since they were last asked for, in the device's order.

    Most backends forget a press once it was read.

    Raises:
        ScannerError: The device did not answer.
    """
    look = device.options.get(_LOOK)
    if look is not None and look.settable:
        device.set(_LOOK, 1)
    found: list[str] = []
    for name, option in device.options.items():
        if _sensor(option) and _BUTTON.fullmatch(name) and _is_on(device.get(name)):
            found.append(name)
    return tuple(found)


def named(
    device: SaneDevice, status: int, phase: str, known: dict[Status, str] | None = None
) -> ScannerError:
    """The error for a status that is not good, once the sensors were asked.

    A double feed and an open cover often come as nothing but a jam: they are named first.
    """
    error = trouble(status, phase, {**_distant(device), **(known or {})})
    if error.slug not in _FED_BADLY:
        return error
    if _any(device, _DOUBLE):
        return ScannerError("scan.double_feed", **error.params)
    if _any(device, _COVER):
        return ScannerError("scan.cover_open", **error.params)
    return error


def _distant(device: SaneDevice) -> dict[Status, str]:
    """A device behind a network fails to answer because of what lies between."""
    return {Status.IO_ERROR: "scan.link_lost"} if device.distant else {}


def _any(device: SaneDevice, names: tuple[str, ...]) -> bool:
    for name in names:
        option = device.options.get(name)
        if option is not None and _sensor(option):
            with suppress(ScannerError):
                return _is_on(device.get(name))
    return False


def _sensor(option: Option) -> bool:
    kinds = {ValueType.BOOL, ValueType.INT}
    readable = bool(option.cap & Cap.SOFT_DETECT) and not option.cap & Cap.INACTIVE
    return readable and not option.selectable and option.type in kinds


def _is_on(value: str | float) -> bool:
    return not isinstance(value, str) and value != 0
