"""The options of a SANE device, set for one pass by tables of what backends call them.

The standard fixes few names; the rest are the backends' own words. Where no word fits, the wish is
refused: nothing is silently scanned otherwise.
Source: SANE standard 1.06, 4.5 (well-known options); sane-fujitsu(5), sane-canon_dr(5),
sane-epsonds(5), sane-epson2(5), sane-kvs40xx(5), sane-airscan(5), sane-xerox_mfp(5).
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from scanner.drivers.sane.abi import ValueType
from scanner.drivers.source import resolutions
from scanner.errors import ScannerError
from scanner.images.jpeg_strips import MAX_SIDE_PX
from scanner.model import MM_PER_INCH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scanner.drivers.sane.device import SaneDevice
    from scanner.model import ScanRequest

DPI_TOLERANCE: Final = 0.02

_MODES: Final[Mapping[str, tuple[str, ...]]] = {
    "color": ("color", "colour", "24bit color", "color - 16 million colors"),
    "gray": ("gray", "grey", "grayscale", "greyscale", "true gray", "grayscale - 256 levels"),
    "lineart": (
        "lineart",
        "line art",
        "black & white",
        "black and white",
        "binary",
        "monochrome",
        "black and white - line art",
    ),
}
# What a scanner that only feeds shows, when it names no source at all.
_FEEDER_SIGNS: Final = frozenset({"feeder-mode", "page-loaded", "adf-loaded", "adf-mode"})
# These drop, cut, turn or shorten sides inside the device, and with them the count or the size.
_OFF: Final = (
    "swskip",
    "swcrop",
    "swdeskew",
    "swdespeck",
    "swderotate",
    "hwcrop",
    "hwdeskewcrop",
    "adf-crp",
    "adf-skew",
    "crop",
    "deskew",
    "ald",
)
# The order to stop and the detector of thickness; length and skew mistake mixed sizes for faults.
# The action comes first: it makes its detectors settable.
_STOP_ON_DOUBLE: Final = (
    ("df-action", ("stop",)),
    ("df-thickness", ("on", "yes")),
    ("df-length", ("off", "no")),
    ("df-skew", ("off", "no")),
    ("df-diff", ("default",)),
    ("double-feed", ("on", "yes")),
    ("dfeed", ("on", "yes")),
    ("dfstop", ("on", "yes")),
)
_IGNORE_DOUBLE: Final = (
    ("df-action", ("continue", "default")),
    ("df-thickness", ("off", "no")),
    ("df-length", ("off", "no")),
    ("df-skew", ("off", "no")),
    ("double-feed", ("off", "no")),
    ("dfeed", ("off", "no")),
    ("dfstop", ("off", "no")),
)
# Crumpling is heard or felt and feeding stopped before paper tears.
_PROTECT: Final = (
    ("paper-protect", ("on", "default")),
    ("adv-paper-protect", ("on", "default")),
    ("staple-detection", ("on", "default")),
    ("feeder-mode", ("continuous",)),
)
_SWITCH: Final = {"on": 1, "yes": 1, "off": 0, "no": 0}


def match_source(choices: Iterable[str], want: str) -> str | None:
    """The backend's own name for `feeder`, `duplex` or `flatbed`, None when it has none."""
    for choice in choices:
        text = choice.lower()
        duplex = "duplex" in text
        feeder = ("adf" in text or "feeder" in text) and "card" not in text
        if (
            (want == "duplex" and duplex and "card" not in text)
            or (want == "feeder" and feeder and not duplex and "back" not in text)
            or (want == "flatbed" and (text in {"fb", "platen"} or "flatbed" in text))
        ):
            return choice
    return None


def match_mode(choices: Iterable[str], want: str) -> str | None:
    """The backend's own name for `color`, `gray` or `lineart`, None when it has none."""
    by_text = {choice.lower(): choice for choice in choices}
    return next((by_text[name] for name in _MODES[want] if name in by_text), None)


def sources_of(device: SaneDevice) -> tuple[tuple[str, ...], bool]:
    """Which of `feeder` and `flatbed` the device has, and whether it reads both sides at once."""
    choices = _source_choices(device)
    found = tuple(want for want in ("feeder", "flatbed") if match_source(choices, want))
    if not found:
        found = ("feeder",) if _only_feeds(device) else ("flatbed",)
    duplex = match_source(choices, "duplex") is not None or _duplex_option(device) != {}
    if duplex and "feeder" not in found:
        found = ("feeder", *found)
    return found, duplex


def offered_dpi(device: SaneDevice) -> tuple[int, ...]:
    """The usual resolutions within the device's range, or all of its list; ascending."""
    option = device.options.get("resolution") or device.options.get("x-resolution")
    if option is None:
        return ()
    return resolutions(map(float, option.choices), option.span)


def configure(device: SaneDevice, request: ScanRequest) -> None:
    """Every option is set anew: values survive closing inside one driver process.

    Raises:
        ScannerError: `scan.unsupported` names what the device cannot do.
    """
    width_mm, height_mm = request.page_mm
    for side_mm in (width_mm, height_mm):
        # Nothing is within these bounds that is no number.
        if not 1 <= side_mm / MM_PER_INCH * request.dpi <= MAX_SIDE_PX:
            raise ScannerError("scan.unsupported", feature=f"{side_mm:.0f} mm")
    _choose_source(device, request)
    _choose_mode(device, request)
    _choose_resolution(device, request.dpi)
    for name, value_mm in (
        ("page-width", width_mm),
        ("page-height", height_mm),
        ("tl-x", 0.0),
        ("tl-y", 0.0),
        ("br-x", width_mm),
        ("br-y", height_mm),
    ):
        device.set_length_mm(name, value_mm, request.dpi)
    wishes = _STOP_ON_DOUBLE if request.multifeed == "stop" else _IGNORE_DOUBLE
    for name, words in (*wishes, *_PROTECT):
        _wish(device, name, words)
    for name in _OFF:
        _switch_off(device, name)


def _source_choices(device: SaneDevice) -> tuple[str, ...]:
    option = device.options.get("source")
    return tuple(str(choice) for choice in option.choices) if option else ()


def _only_feeds(device: SaneDevice) -> bool:
    return not _source_choices(device) and not _FEEDER_SIGNS.isdisjoint(device.options)


def _duplex_option(device: SaneDevice) -> dict[str, tuple[str | float, str | float]]:
    """The setting that makes the feeder read both sides when no source name does: on and off."""
    mode = device.options.get("adf-mode")
    if mode and (name := match_source(map(str, mode.choices), "duplex")):
        simplex = next((str(other) for other in mode.choices if other != name), name)
        return {"adf-mode": (name, simplex)}
    # A sensor of this name exists too: the position of a switch, nothing to be set.
    option = device.options.get("duplex")
    if option is not None and option.type == ValueType.BOOL and option.selectable:
        return {"duplex": (1, 0)}
    return {}


def _choose_source(device: SaneDevice, request: ScanRequest) -> None:
    choices = _source_choices(device)
    if request.source == "flatbed":
        name = match_source(choices, "flatbed")
        if name is None and (choices or _only_feeds(device)):
            raise ScannerError("scan.unsupported", feature="flatbed")
        if name is not None:
            _hold(device, "source", name)
        return
    if request.duplex and (name := match_source(choices, "duplex")) is not None:
        _hold(device, "source", name)
        return
    name = match_source(choices, "feeder")
    if name is None and not _only_feeds(device):
        raise ScannerError("scan.unsupported", feature="duplex" if request.duplex else "feeder")
    if name is not None:
        _hold(device, "source", name)
    extra = _duplex_option(device)
    if request.duplex and not extra:
        raise ScannerError("scan.unsupported", feature="duplex")
    for option, (both, one) in extra.items():
        wanted = both if request.duplex else one
        if device.set(option, wanted) != wanted and request.duplex:
            raise ScannerError("scan.unsupported", feature="duplex")


def _hold(device: SaneDevice, option: str, wanted: str) -> None:
    """The option has this value, set now or fixed at the device.

    Raises:
        ScannerError: `scan.unsupported` when it has another.
    """
    taken = device.set(option, wanted)
    if taken is None:
        with suppress(ScannerError):
            taken = device.get(option)
    if taken not in {None, wanted}:
        raise ScannerError("scan.unsupported", feature=wanted)


def _choose_mode(device: SaneDevice, request: ScanRequest) -> None:
    mode = device.options.get("mode")
    bits = 1 if request.mode == "lineart" else 8
    if mode is not None:
        names = [str(choice) for choice in mode.choices]
        name = match_mode(names, request.mode)
        if name is None and request.mode == "lineart" and 1 in _depths(device):
            name = match_mode(names, "gray")
        if name is None:
            raise ScannerError("scan.unsupported", feature=request.mode)
        device.set("mode", name)
    depths = _depths(device)
    if not depths or bits in depths:
        device.set("depth", bits)
    elif request.mode != "lineart" and 16 in depths:  # noqa: PLR2004 - reduced while it is read
        device.set("depth", 16)


def _depths(device: SaneDevice) -> tuple[str | float, ...]:
    option = device.options.get("depth")
    return option.choices if option is not None else ()


def _choose_resolution(device: SaneDevice, dpi: int) -> None:
    names = [
        name for name in ("resolution", "x-resolution", "y-resolution") if name in device.options
    ]
    for name in names:
        taken = device.set(name, dpi)
        if taken is None:
            with suppress(ScannerError):
                taken = device.get(name)
        if taken is not None and abs(float(taken) - dpi) > dpi * DPI_TOLERANCE:
            raise ScannerError("scan.unsupported", feature=f"{dpi} dpi")


def _wish(device: SaneDevice, name: str, words: tuple[str, ...]) -> None:
    """The option holds the first of these words it knows; one it cannot hold is left alone."""
    option = device.options.get(name)
    if option is None or not option.settable:
        return
    value: str | float
    if option.type == ValueType.STRING:
        known = {str(choice).lower(): str(choice) for choice in option.choices}
        word = next((known[word] for word in words if word in known), None)
        if word is None:
            return
        value = word
    elif option.type == ValueType.BOOL and words[0] in _SWITCH:
        value = _SWITCH[words[0]]
    else:
        return
    with suppress(ScannerError):
        device.set(name, value)


def _switch_off(device: SaneDevice, name: str) -> None:
    """Nothing of this kind happens inside the device.

    Raises:
        ScannerError: `scan.unsupported` when the device insists on it.
    """
    option = device.options.get(name)
    if option is None or not option.settable:
        return
    off: str | float = 0
    if option.type == ValueType.STRING:
        known = {str(choice).lower(): str(choice) for choice in option.choices}
        found = next((known[word] for word in ("off", "no", "none") if word in known), None)
        if found is None:
            raise ScannerError("scan.unsupported", feature=name)
        off = found
    if device.set(name, off) not in {off, None}:
        raise ScannerError("scan.unsupported", feature=name)
