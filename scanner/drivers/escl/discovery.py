"""Network scanners that announce themselves: eSCL addresses heard by multicast DNS.

Source: Mopria eSCL technical specification 2.97 (service types and TXT keys), RFC 6763, RFC 6874.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from zeroconf import IPVersion, ServiceBrowser, ServiceListener, Zeroconf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zeroconf import ServiceInfo

SERVICE: Final = "_uscan._tcp.local."
SECURE_SERVICE: Final = "_uscans._tcp.local."
LISTEN_S: Final = 0.8
RESOLVE_MS: Final = 1000
RESOLVED_AT_ONCE: Final = 8
# The papers are personal data and cross the office's network: under TLS where the device can.
_ORDER: Final = {"https://": 0, "http://": 2}


class _Heard(ServiceListener):
    def __init__(self) -> None:
        self.names: set[tuple[str, str]] = set()

    def add_service(self, zc: Zeroconf, type_: str, name: str) -> None:  # noqa: ARG002 - protocol
        self.names.add((type_, name))

    def update_service(self, zc: Zeroconf, type_: str, name: str) -> None:  # noqa: ARG002 - protocol
        self.names.add((type_, name))

    def remove_service(self, zc: Zeroconf, type_: str, name: str) -> None:  # noqa: ARG002 - protocol
        self.names.discard((type_, name))


def heard(listen_s: float = LISTEN_S) -> tuple[tuple[str, ...], ...]:
    """Addresses of each eSCL scanner that answered within the time, the best one first.

    A device is known by its uuid, whatever it calls itself on each interface. TLS goes before
    plain, IPv4 before IPv6. A network without multicast yields none.
    """
    network = _network()
    if network is None:
        return ()
    try:
        listener = _Heard()
        browser = ServiceBrowser(network, [SERVICE, SECURE_SERVICE], listener)
        threading.Event().wait(listen_s)
        browser.cancel()
        with ThreadPoolExecutor(RESOLVED_AT_ONCE) as pool:
            infos = pool.map(
                lambda found: network.get_service_info(found[0], found[1], RESOLVE_MS),
                sorted(listener.names),
            )
            return addresses(info for info in infos if info is not None)
    finally:
        network.close()


def addresses(infos: Iterator[ServiceInfo]) -> tuple[tuple[str, ...], ...]:
    """The addresses that these announcements give, those of one device together."""
    devices: dict[str, dict[str, int]] = {}
    for info in infos:
        urls = _urls(info)
        if urls:
            devices.setdefault(_text(info, b"uuid").lower() or min(urls), {}).update(urls)
    return tuple(tuple(sorted(urls, key=lambda url: (urls[url], url))) for urls in devices.values())


def _network() -> Zeroconf | None:
    for version in (IPVersion.All, IPVersion.V4Only):
        try:
            return Zeroconf(ip_version=version)
        except OSError:
            continue
    return None


def _urls(info: ServiceInfo) -> dict[str, int]:
    root = (_text(info, b"rs") or "eSCL").strip("/")
    if not info.port or any(c <= " " or c > "~" or c in "?#%" for c in root):
        return {}
    scheme = "https://" if info.type == SECURE_SERVICE else "http://"
    order = _ORDER[scheme]
    urls = {
        f"{scheme}{host}:{info.port}/{root}": order
        for host in info.parsed_addresses(IPVersion.V4Only)
    }
    for host in info.parsed_scoped_addresses(IPVersion.V6Only):
        urls[f"{scheme}[{host.replace('%', '%25')}]:{info.port}/{root}"] = order + 1
    return urls


def _text(info: ServiceInfo, key: bytes) -> str:
    return (info.properties.get(key) or b"").decode("utf-8", "replace")
