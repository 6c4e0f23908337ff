"""Network scanners that announce themselves: eSCL addresses heard by multicast DNS.

Source: Mopria eSCL technical specification 2.97 (service types and TXT keys), RFC 6763.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from zeroconf import IPVersion, ServiceBrowser, ServiceListener, Zeroconf

if TYPE_CHECKING:
    from zeroconf import ServiceInfo

SERVICE: Final = "_uscan._tcp.local."
LISTEN_S: Final = 0.8
RESOLVE_MS: Final = 1000


class _Heard(ServiceListener):
    def __init__(self) -> None:
        self.names: set[str] = set()

    def add_service(self, zc: Zeroconf, type_: str, name: str) -> None:  # noqa: ARG002 - protocol
        self.names.add(name)

    def update_service(self, zc: Zeroconf, type_: str, name: str) -> None:  # noqa: ARG002 - protocol
        self.names.add(name)

    def remove_service(self, zc: Zeroconf, type_: str, name: str) -> None:  # noqa: ARG002 - protocol
        self.names.discard(name)


def heard_urls(listen_s: float = LISTEN_S) -> tuple[str, ...]:
    """Addresses of the eSCL scanners that answered within the time, each device once.

    A network without multicast yields none.
    """
    try:
        network = Zeroconf(ip_version=IPVersion.V4Only)
    except OSError:
        return ()
    try:
        heard = _Heard()
        browser = ServiceBrowser(network, SERVICE, heard)
        threading.Event().wait(listen_s)
        browser.cancel()
        found: dict[str, str] = {}
        for name in sorted(heard.names):
            info = network.get_service_info(SERVICE, name, RESOLVE_MS)
            url = _url(info) if info is not None else None
            if info is not None and url is not None:
                found.setdefault(_text(info, b"uuid") or url, url)
        return tuple(found.values())
    finally:
        network.close()


def _url(info: ServiceInfo) -> str | None:
    addresses = info.parsed_addresses(IPVersion.V4Only)
    if not addresses or not info.port:
        return None
    root = (_text(info, b"rs") or "eSCL").strip("/")
    if any(c <= " " or c > "~" for c in root):
        return None
    return f"http://{addresses[0]}:{info.port}/{root}"


def _text(info: ServiceInfo, key: bytes) -> str:
    return (info.properties.get(key) or b"").decode("utf-8", "replace")
