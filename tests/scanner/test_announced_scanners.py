"""Scanners that announce themselves are found; liars among them harm nobody."""

from __future__ import annotations

import socket

import pytest
from zeroconf import ServiceInfo, Zeroconf

from scanner.drivers.discovery import SERVICE
from scanner.remote import RemoteSource
from scanner.simulator import SimulatorServer
from tests.scanner.scan_kit import HOST, write_pages


def announced(name: str, port: int, **text: str) -> ServiceInfo:
    return ServiceInfo(
        SERVICE,
        f"{name}.{SERVICE}",
        port=port,
        addresses=[socket.inet_aton("127.0.0.1")],
        properties=text,
        server=f"{name}.local.",
    )


def test_an_announced_scanner_is_listed_once_and_a_dead_one_not(tmp_path):
    write_pages(tmp_path, 1)
    server = SimulatorServer(tmp_path, duplex=True)
    server.start()
    port = int(server.url.split(":")[2].split("/")[0])
    infos = [
        announced("one", port, rs="/eSCL", uuid="same"),
        announced("twin", port, rs="eSCL", uuid="same"),
        announced("dead", 9, rs="eSCL", uuid="dead"),
        announced("odd", port, rs="no thing", uuid="odd"),
    ]
    try:
        network = Zeroconf(interfaces=["127.0.0.1"])
    except OSError as error:
        pytest.skip(f"no multicast here: {error}")
    try:
        for info in infos:
            network.register_service(info)
        source = RemoteSource(HOST)
        found = [device for device in source.devices(["escl"]) if f":{port}/" in device.id]
        source.close()
    finally:
        network.close()
        server.close()
    assert [device.id for device in found] == [f"escl:{server.url}"]
    assert found[0].duplex
