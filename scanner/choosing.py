"""One entry for each physical device, where several drivers found it.

The better driver stays: eSCL tells faults best, then SANE, WIA, TWAIN. Two entries are one device
when they show the same uuid or, failing that, the same serial number; else when maker and model
agree and so does the place: a network address, or this machine. Where the place does not tell, the
worse driver's entries give way only if they are no more than the better one's: a device shown twice
costs a glance, a hidden one cannot be used at all.
Source: sane-escl(5), sane-airscan(5), sane-net(5), sane-epsonds(5) (names of devices); RFC 4122
section 3 (uuid as a URN); RFC 5737 and RFC 6761 section 6.3 (addresses).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scanner.model import Device

# From the best. The SANE backends that are eSCL clients themselves stand behind all others.
_FAMILIES: Final = ("escl", "sane", "sane:airscan", "sane:escl", "wia", "twain")
_ESCL: Final = frozenset({"escl", "sane:airscan", "sane:escl"})

_HERE: Final = "localhost"
_ANYWHERE: Final = ""
_WORD: Final = re.compile(r"[a-z0-9]+")
# What sane-airscan calls the maker, and what some drivers add to a model and others do not.
_IDLE_WORDS: Final = frozenset({"escl", "wsd", "series", "scanner", "network"})
_IPV4: Final = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
_SANE_NET: Final = re.compile(r"net:(\[[^]]*\]|[^:]*):")
_NETWORK_SIGN: Final = re.compile(r"(?<![a-z])(net|tcp)(?![a-z])")


class _Likeness(Enum):
    SAME = 1
    MAYBE = 2
    OTHER = 3


@dataclass(frozen=True, slots=True)
class _Entry:
    """A device as it is compared: `host` is empty where nobody knows, `port` then or elsewhere 0.

    Devices on USB share this machine's address: only there the port tells them apart.
    """

    device: Device
    family: str
    model: str
    host: str
    port: int


def one_entry_each(found: Sequence[Device]) -> tuple[Device, ...]:
    """The devices without those a better driver shows too, in the order they came.

    Devices of other drivers than these four stay. One that could not be opened, and so lists no
    sources, replaces none.
    """
    entries = [_entry(device) for device in found]
    stay = [entry for entry in entries if entry.family not in _FAMILIES]
    for family in _FAMILIES:
        stay += _left([entry for entry in entries if entry.family == family], stay)
    return tuple(entry.device for entry in entries if any(entry is one for one in stay))


def _left(entries: Sequence[_Entry], better: Sequence[_Entry]) -> list[_Entry]:
    """The entries of one family that are not shown by better ones, nor twice among themselves."""
    rivals = [entry for entry in better if entry.device.sources]
    taken: list[_Entry] = []
    left: list[_Entry] = []
    for entry in entries:
        same = [one for one in (*rivals, *left) if _likeness(entry, one) is _Likeness.SAME]
        taken += same
        if not same:
            left.append(entry)
    free = [one for one in rivals if not any(one is gone for gone in taken)]

    def alike(entry: _Entry) -> list[_Entry]:
        return [one for one in free if _likeness(entry, one) is _Likeness.MAYBE]

    def twins(entry: _Entry) -> int:
        return sum(entry.model == other.model and bool(alike(other)) for other in left)

    return [entry for entry in left if not 0 < twins(entry) <= len(alike(entry))]


def _likeness(one: _Entry, other: _Entry) -> _Likeness:
    """Whether two entries are one device; the better its sign, the more it counts."""
    pairs = (
        (_uuid(one.device), _uuid(other.device)),
        (one.model, other.model),
        (_serial(one.device), _serial(other.device)),
    )
    (uuid, its_uuid), (model, its_model), (serial, its_serial) = pairs
    if uuid and its_uuid:
        return _Likeness.SAME if uuid == its_uuid else _Likeness.OTHER
    if model != its_model:
        return _Likeness.OTHER
    if serial and its_serial:
        return _Likeness.SAME if serial == its_serial else _Likeness.OTHER
    if one.family == other.family:
        return _Likeness.SAME if one.device.id == other.device.id else _Likeness.OTHER
    return _by_place(one, other)


def _by_place(one: _Entry, other: _Entry) -> _Likeness:
    hosts = {one.host, other.host}
    if hosts == {_HERE}:
        if one.port and other.port:
            return _Likeness.SAME if one.port == other.port else _Likeness.OTHER
        return _Likeness.MAYBE
    if _HERE in hosts:
        # A device on USB may speak eSCL at an address of this machine.
        somewhere = _ANYWHERE in hosts and {one.family, other.family} <= _ESCL
        return _Likeness.MAYBE if somewhere else _Likeness.OTHER
    if _ANYWHERE in hosts:
        return _Likeness.MAYBE
    if len(hosts) == 1:
        return _Likeness.SAME
    # One device may have a name, an IPv6 and an IPv4 address; two of the last are two devices.
    return _Likeness.OTHER if all(map(_is_ipv4, hosts)) else _Likeness.MAYBE


def _entry(device: Device) -> _Entry:
    driver, _, name = device.id.partition(":")
    family, host, port = driver, _HERE, 0
    if driver == "escl":
        host, port = _url_place(name)
    elif driver == "sane":
        backend = _SANE_NET.sub("", name, count=1).partition(":")[0]
        family = f"sane:{backend}" if f"sane:{backend}" in _FAMILIES else driver
        host, port = _sane_place(name)
    return _Entry(device, family, _model(device), host, port)


def _model(device: Device) -> str:
    """Maker and model without what drivers write differently; the id where there is neither."""
    text = f"{device.vendor} {device.model}".lower()
    plain = text.replace("hewlett-packard", "hp").replace("hewlett packard", "hp")
    words = [word for word in _WORD.findall(plain) if word not in _IDLE_WORDS]
    # Many a driver repeats the maker in the model.
    return "".join(dict.fromkeys(words)) or device.id


def _sane_place(name: str) -> tuple[str, int]:
    """Host and port at which libsane reaches the device of this name."""
    if name.startswith("escl:"):
        return _url_place(name.removeprefix("escl:"))
    if name.startswith("airscan:"):
        return _ANYWHERE, 0
    through = _SANE_NET.match(name)
    if through is not None:
        return _host(through[1].strip("[]")), 0
    address = _IPV4.search(name)
    if address is not None:
        return _host(address[0]), 0
    return (_ANYWHERE if _NETWORK_SIGN.search(name) else _HERE), 0


def _url_place(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        host, port = _host(parts.hostname or ""), parts.port or 0
    except ValueError:
        return _ANYWHERE, 0
    return host, port if host == _HERE else 0


def _host(text: str) -> str:
    try:
        return _HERE if ip_address(text).is_loopback else text.lower()
    except ValueError:
        return text.lower().rstrip(".")


def _is_ipv4(host: str) -> bool:
    try:
        return isinstance(ip_address(host), IPv4Address)
    except ValueError:
        return False


def _uuid(device: Device) -> str:
    return device.uuid.lower().removeprefix("urn:uuid:").strip("{} ")


def _serial(device: Device) -> str:
    """The serial number; empty for what devices without one fill in."""
    plain = "".join(_WORD.findall(device.serial.lower()))
    return plain if len(set(plain)) > 1 else ""
