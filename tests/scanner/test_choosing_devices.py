"""One physical device is one entry, and no device is hidden by another."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.choosing import one_entry_each
from scanner.model import Device
from scanner.remote import RemoteSource
from scanner.simulator import SimulatorServer
from tests.scanner.scan_kit import HOST, hidden_driver_code, write_pages
from tests.strangers.front_end import FrontEnd, missing

SEED = 20
UUID = "8B85CEF3-D431-5A2F-9F16-B7969C1D8918"


def listed(
    name: str, model: str = "Brother DCP-L2550DW", uuid: str = "", serial: str = "", **more: bool
) -> Device:
    vendor, _, rest = model.partition(" ")
    sources = () if more.get("shut") else ("feeder",)
    driver = name.partition(":")[0]
    return Device(name, driver, vendor, rest, serial, uuid, sources, (300,), duplex=False)


OURS = listed("escl:http://192.0.2.7:80/eSCL", "Brother Brother DCP-L2550DW series")
AIRSCAN = listed("sane:airscan:e0:Office", "eSCL Brother DCP-L2550DW series")
SANE_ESCL = listed("sane:escl:http://192.0.2.7:80")
USB = listed("sane:brother:libusb:001:004")

CASES = {
    "one network device by all ways": ([AIRSCAN, SANE_ESCL, OURS], ["escl:"]),
    "the same under TLS and another port": (
        [listed("escl:https://192.0.2.7:443/eSCL"), SANE_ESCL, AIRSCAN],
        ["escl:"],
    ),
    "without our client SANE's entry stays, one of two": ([AIRSCAN, SANE_ESCL], ["sane:airscan:"]),
    "only SANE's escl": ([SANE_ESCL], ["sane:escl:"]),
    "another model": (
        [OURS, listed("sane:airscan:e0:Office", "eSCL Brother MFC-L2750DW")],
        ["escl:", "sane:airscan:"],
    ),
    "two equal models in the network, both found by both": (
        [
            OURS,
            listed("escl:http://192.0.2.8:80/eSCL"),
            AIRSCAN,
            listed("sane:airscan:e1:Office", "eSCL Brother DCP-L2550DW"),
            SANE_ESCL,
            listed("sane:escl:http://192.0.2.8:80"),
        ],
        ["escl:http://192.0.2.7", "escl:http://192.0.2.8"],
    ),
    "two equal models in the network, one of them missed by our client": (
        [OURS, SANE_ESCL, listed("sane:escl:http://192.0.2.8:80")],
        ["escl:", "sane:escl:http://192.0.2.8"],
    ),
    "two equal models, nobody can say which of them ours is": (
        [OURS, AIRSCAN, listed("sane:airscan:e1:Office (2)", "eSCL Brother DCP-L2550DW")],
        ["escl:", "sane:airscan:e0", "sane:airscan:e1"],
    ),
    "by name and by address": (
        [listed("escl:http://may-in.example/eSCL"), SANE_ESCL],
        ["escl:"],
    ),
    "by IPv6 and by IPv4": ([listed("escl:http://[2001:db8::7]/eSCL"), SANE_ESCL], ["escl:"]),
    "a native backend at the same address": (
        [OURS, listed("sane:brother4:net1;dev0 192.0.2.7")],
        ["escl:"],
    ),
    "a native backend at another address": (
        [OURS, listed("sane:epsonds:net:192.0.2.9")],
        ["escl:", "sane:epsonds:"],
    ),
    "a native backend before SANE's eSCL clients": (
        [AIRSCAN, SANE_ESCL, listed("sane:epsonds:net:192.0.2.7")],
        ["sane:epsonds:"],
    ),
    "a device on USB beside an equal one in the network": (
        [OURS, AIRSCAN, USB],
        ["escl:", "sane:brother:"],
    ),
    "two equal models on USB": (
        [USB, listed("sane:brother:libusb:001:005")],
        ["sane:brother:libusb:001:004", "sane:brother:libusb:001:005"],
    ),
    "one device on USB that speaks eSCL": (
        [
            listed("escl:http://127.0.0.1:60000/eSCL"),
            USB,
            AIRSCAN,
            listed("sane:escl:http://[::1]:60000"),
        ],
        ["escl:"],
    ),
    "two devices on USB, one of which speaks eSCL to us": (
        [
            listed("escl:http://127.0.0.1:60000/eSCL"),
            USB,
            listed("sane:brother:libusb:001:005"),
            listed("sane:escl:http://127.0.0.1:60001"),
        ],
        ["escl:", "sane:brother:libusb:001:004", "sane:brother:libusb:001:005"],
    ),
    "one uuid under two addresses and names": (
        [
            listed("escl:http://192.0.2.7/eSCL", uuid=UUID),
            listed("escl:http://192.0.2.9/eSCL", "Other Name", uuid=f"urn:uuid:{UUID.lower()}"),
        ],
        ["escl:"],
    ),
    "two uuids at one address": (
        [
            listed("escl:http://192.0.2.7/a", uuid=UUID, serial="AB12"),
            listed("escl:http://192.0.2.7/b", uuid=UUID.replace("8", "9"), serial="AB12"),
        ],
        ["escl:http://192.0.2.7/a", "escl:http://192.0.2.7/b"],
    ),
    "one serial number": (
        [
            listed("wia:{6BDD1FC6}", serial="AB-12"),
            listed("escl:http://192.0.2.7/eSCL", serial="ab12"),
        ],
        ["escl:"],
    ),
    "two serial numbers": (
        [SANE_ESCL, listed("sane:x:1", serial="AB12"), listed("twain:Brother", serial="AB13")],
        ["sane:escl:", "sane:x:1", "twain:"],
    ),
    "a serial number nobody filled in": (
        [listed("escl:http://192.0.2.7/a", serial="0000"), listed("wia:1", serial="0000")],
        ["escl:", "wia:"],
    ),
    "one device by WIA and TWAIN": ([listed("twain:Brother"), listed("wia:1")], ["wia:"]),
    "two devices by WIA, one of them by TWAIN": (
        [listed("twain:Brother"), listed("wia:1"), listed("wia:2")],
        ["wia:1", "wia:2"],
    ),
    "two devices by TWAIN, one of them by WIA": (
        [listed("twain:Brother 1"), listed("twain:Brother 2"), listed("wia:1")],
        ["twain:Brother 1", "twain:Brother 2", "wia:1"],
    ),
    "a better entry that cannot be opened replaces none": (
        [listed("wia:1", shut=True), listed("twain:Brother")],
        ["wia:1", "twain:"],
    ),
    "a busy entry of what ipp-usb holds is gone": (
        [
            listed("escl:http://127.0.0.1:60000/eSCL"),
            listed("sane:brother:libusb:001:004", shut=True),
        ],
        ["escl:"],
    ),
    "the maker by another spelling": (
        [
            listed("escl:http://192.0.2.7/eSCL", "HP HP LaserJet MFP M428fdw"),
            listed(
                "sane:hpaio:/net/laserjet_mfp_m428?ip=192.0.2.7",
                "Hewlett-Packard LaserJet_MFP_M428fdw",
            ),
        ],
        ["escl:"],
    ),
    "no names at all": (
        [listed("escl:http://192.0.2.7/eSCL", ""), listed("sane:airscan:e0:x", "eSCL ")],
        ["escl:", "sane:airscan:"],
    ),
    "an address that is none": (
        [listed("escl:http://[", ""), listed("escl:http://192.0.2.7:99999/eSCL", "")],
        ["escl:http://[", "escl:http://192.0.2.7:99999"],
    ),
    "other drivers": (
        [listed("simulated:"), listed("folder:/scans"), OURS],
        ["simulated:", "folder:", "escl:"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_physical_device_is_one_entry_whatever_the_order(case):
    found, expected = CASES[case]
    print("seed", SEED)
    shuffled = random.Random(SEED).sample(found, len(found))
    for order in (found, found[::-1], shuffled):
        left = list(one_entry_each(order))
        assert [device for device in order if device in left] == left
        assert len(left) == len(expected)
        for start in expected:
            assert sum(device.id.startswith(start) for device in left) == 1, (start, left)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SimulatorServer]:
    write_pages(tmp_path / "pages", 1)
    made = SimulatorServer(tmp_path / "pages", duplex=True, flatbed=True)
    made.start()
    yield made
    made.close()


def test_all_drivers_together_list_a_device_once_and_one_driver_all_it_knows(server):
    ids = [f"sane:escl:{server.url.removesuffix('/eSCL')}", "sane:airscan:e0:Office"]
    patch = (
        "import scanner.drivers.sane.source as s\n"
        "from scanner.model import Device\n"
        "more = ('Simulated', 'Document Feeder', '', '', ('feeder',), (200,), True)\n"
        f"found = tuple(Device(name, 'sane', *more) for name in {ids!r})\n"
        "s.SaneSource.devices = lambda self: found\n"
    )
    source = RemoteSource(hidden_driver_code(patch))
    both = source.devices(["sane", f"escl:{server.url}"])
    assert [device.id for device in both] == [f"escl:{server.url}"]
    assert [device.id for device in source.devices(["sane"])] == ids
    source.close()


@pytest.mark.skipif(missing("airscan") is not None, reason=str(missing("airscan")))
def test_a_device_that_airscan_lists_too_is_ours_alone(tmp_path, server):
    env = FrontEnd("airscan", server.url, tmp_path / "sane").env()
    conf = tmp_path / "sane" / "airscan.conf"
    conf.write_text(conf.read_text().replace('"Sim"', '"Simulated Document Feeder"'))
    source = RemoteSource(HOST, env)
    alone = source.devices(["sane"])
    assert [device.id for device in alone] == ["sane:airscan:e0:Simulated Document Feeder"]
    both = source.devices(["sane", f"escl:{server.url}"])
    source.close()
    assert [device.id for device in both] == [f"escl:{server.url}"]
