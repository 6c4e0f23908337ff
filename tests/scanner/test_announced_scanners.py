"""Scanners that announce themselves are found; liars among them harm nobody."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from zeroconf import ServiceInfo, Zeroconf

from scanner.drivers.escl.discovery import SECURE_SERVICE, SERVICE, _Heard, addresses
from scanner.drivers.escl.source import EsclSource
from scanner.remote import RemoteSource
from scanner.simulator import SimulatorServer
from tests.scanner.scan_kit import HOST, write_pages


def announced(
    name: str, port: int, service: str = SERVICE, at: tuple[str, ...] = ("127.0.0.1",), **text: str
) -> ServiceInfo:
    return ServiceInfo(
        service,
        f"{name}.{service}",
        port=port,
        parsed_addresses=list(at),
        properties=text,
        server=f"{name}.local.",
    )


def test_one_device_has_all_its_addresses_together_the_best_first():
    infos = [
        announced("plain", 80, at=("192.0.2.7",), rs="eSCL", uuid="AB-1"),
        announced("other card", 80, at=("198.51.100.7", "2001:db8::7"), rs="/eSCL/", uuid="ab-1"),
        announced("secure", 443, SECURE_SERVICE, at=("192.0.2.7",), rs="eSCL", uuid="ab-1"),
    ]
    assert addresses(iter(infos)) == (
        (
            "https://192.0.2.7:443/eSCL",
            "http://192.0.2.7:80/eSCL",
            "http://198.51.100.7:80/eSCL",
            "http://[2001:db8::7]:80/eSCL",
        ),
    )


@pytest.mark.parametrize(
    ("root", "path"),
    [("eSCL", "/eSCL"), ("/eSCL", "/eSCL"), ("scan/v2/", "/scan/v2"), ("", "/eSCL")],
)
def test_the_root_is_what_the_device_says(root, path):
    ((url,),) = addresses(iter([announced("a", 80, at=("192.0.2.7",), rs=root)]))
    assert url == f"http://192.0.2.7:80{path}"


@pytest.mark.parametrize("root", ["no thing", "eSCL?x=1", "e%41", "e#b", "\u00e9"])
def test_a_root_that_is_no_path_makes_no_device(root):
    assert addresses(iter([announced("a", 80, rs=root)])) == ()


def test_devices_without_a_uuid_are_told_apart_by_their_addresses():
    infos = [
        announced("a", 80, at=("192.0.2.7",)),
        announced("b", 80, at=("192.0.2.8",)),
        announced("c", 80, at=("192.0.2.8",)),
        announced("no port", 0, at=("192.0.2.9",)),
        announced("nowhere", 80, at=()),
    ]
    assert addresses(iter(infos)) == (
        ("http://192.0.2.7:80/eSCL",),
        ("http://192.0.2.8:80/eSCL",),
    )


def test_a_scanner_that_says_goodbye_is_gone_and_a_renamed_one_has_its_new_name():
    network = None
    listener = _Heard()
    listener.add_service(network, SERVICE, "old")  # type: ignore[arg-type]
    listener.add_service(network, SECURE_SERVICE, "old")  # type: ignore[arg-type]
    listener.remove_service(network, SERVICE, "old")  # type: ignore[arg-type]
    listener.update_service(network, SERVICE, "new")  # type: ignore[arg-type]
    assert listener.names == {(SECURE_SERVICE, "old"), (SERVICE, "new")}


def test_only_ipv6_is_enough():
    ((url,),) = addresses(iter([announced("a", 631, at=("fe80::1",), rs="eSCL")]))
    assert url == "http://[fe80::1]:631/eSCL"


def test_the_first_address_that_answers_is_the_device_and_one_uuid_is_one_device(
    tmp_path, monkeypatch
):
    write_pages(tmp_path, 1)
    plain, secure = SimulatorServer(tmp_path), SimulatorServer(tmp_path, tls=True)
    gone = SimulatorServer(tmp_path)
    gone.close()
    for server in (plain, secure):
        server.start()
    heard = ((gone.url, secure.url, plain.url), (plain.url,), (gone.url,))
    monkeypatch.setattr("scanner.drivers.escl.source._announced", lambda: heard)
    found = EsclSource().devices()
    for server in (plain, secure):
        server.close()
    assert [device.id for device in found] == [f"escl:{secure.url}"]


def test_an_announced_scanner_is_listed_once_and_a_dead_one_not(tmp_path):
    write_pages(tmp_path, 1)
    server = SimulatorServer(tmp_path, duplex=True)
    server.start()
    port = int(server.url.split(":")[2].split("/")[0])
    infos = [
        announced("one", port, rs="/eSCL", uuid="same"),
        announced("twin", port, rs="eSCL", uuid="same"),
        announced("tls", 9, SECURE_SERVICE, rs="eSCL", uuid="same"),
        announced("dead", 9, rs="eSCL", uuid="dead"),
        announced("odd", port, rs="no thing", uuid="odd"),
    ]
    try:
        network = Zeroconf(interfaces=["127.0.0.1"])
    except OSError as error:
        pytest.skip(f"no multicast here: {error}")
    try:
        with ThreadPoolExecutor(len(infos)) as pool:
            list(pool.map(network.register_service, infos))
        source = RemoteSource(HOST)
        found = [device for device in source.devices(["escl"]) if f":{port}/" in device.id]
        source.close()
    finally:
        network.close()
        server.close()
    assert [device.id for device in found] == [f"escl:{server.url}"]
    assert found[0].duplex
