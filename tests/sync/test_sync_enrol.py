"""How a station becomes known, and who does not."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sync.errors import SyncError
from sync.identity import StationIdentity, enrol, new_key_pem
from sync.portal import PortalServer
from tests.sync.faultproxy import FaultProxy, LoseAnswer, Pass, page
from tests.sync.kit import now


def ask(url: str, **changes: object) -> StationIdentity:
    order = {"code": None, "label": "HK03", "office": "H26.12", "now": now(), **changes}
    return enrol(url, **order)


def refusal(url: str, **changes: object) -> str:
    with pytest.raises(SyncError) as caught:
        ask(url, **changes)
    assert caught.value.slug == "sync.enrol_refused"
    return str(caught.value.params["code"])


class Clock:
    def __init__(self) -> None:
        self.ahead = dt.timedelta()

    def __call__(self) -> dt.datetime:
        return now() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def guarded(tmp_path: Path, clock: Clock) -> Iterator[PortalServer]:
    with PortalServer(tmp_path / "guarded", require_code=True, clock=clock) as running:
        yield running


def test_on_this_machine_no_code_is_needed_and_the_same_key_is_the_same_station(
    server: PortalServer,
):
    key = new_key_pem()
    first, again = ask(server.url, private_key_pem=key), ask(server.url, private_key_pem=key)
    assert first == again
    assert first.station_id == "HK03"
    other = ask(server.url)
    assert other.station_id == "QUAY01"
    assert ask(server.url, label="Quầy số 7").station_id == "QUAY02"


def test_an_identity_survives_storage_and_hides_its_key(identity: StationIdentity):
    assert StationIdentity.from_bytes(identity.to_bytes()) == identity
    assert "PRIVATE" not in repr(identity)
    for broken in (
        b"",
        b"{}",
        identity.to_bytes()[:-2],
        identity.to_bytes().replace(b"OKP", b"RSA"),
    ):
        with pytest.raises(SyncError) as caught:
            StationIdentity.from_bytes(broken)
        assert caught.value.slug == "sync.identity_bad"


def test_a_lost_answer_to_enrolment_gives_no_second_station(server: PortalServer):
    port = int(server.url.rsplit(":", 1)[1])
    faults = [LoseAnswer(2), Pass()]
    with FaultProxy(port, lambda n: faults[min(n, 1)]) as proxy:
        assert ask(proxy.url).station_id == "HK03"
        assert proxy.faults == 1


def test_a_code_is_good_for_one_key_once(guarded: PortalServer, clock: Clock):
    assert refusal(guarded.url) == "code-required"
    code = guarded.portal.stations.new_code()
    key = new_key_pem()
    spelled = f"{code[:4]}-{code[4:8]}-{code[8:]}".lower()
    first = ask(guarded.url, code=spelled, private_key_pem=key)
    assert ask(guarded.url, code=code, private_key_pem=key) == first
    assert refusal(guarded.url, code=code) == "code-used"
    late = guarded.portal.stations.new_code()
    clock.ahead = dt.timedelta(hours=73)
    assert refusal(guarded.url, code=late) == "code-wrong"


def test_guessing_codes_is_stopped_after_five(guarded: PortalServer, clock: Clock):
    code = guarded.portal.stations.new_code()
    for _ in range(5):
        assert refusal(guarded.url, code="AAAABBBBCCCC") == "code-wrong"
    assert refusal(guarded.url, code=code) == "code-locked"
    clock.ahead = dt.timedelta(minutes=16)
    assert ask(guarded.url, code=code).station_id == "HK03"


def test_one_code_raced_for_by_many_keys_lets_one_in(guarded: PortalServer):
    code = guarded.portal.stations.new_code()
    won: list[str] = []
    lost: list[str] = []

    def race() -> None:
        try:
            won.append(ask(guarded.url, code=code, label="Quầy").station_id)
        except SyncError as error:
            lost.append(str(error.params["code"]))

    racers = [threading.Thread(target=race) for _ in range(6)]
    for one in racers:
        one.start()
    for one in racers:
        one.join(30)
    assert (len(won), lost) == (1, ["code-used"] * 5)


def test_requests_through_a_proxy_or_another_name_count_as_foreign(server: PortalServer):
    body = {"csr_pem": "", "label": "x", "office": "H26"}
    real = ask(server.url)
    from sync.identity import _signing_request

    body["csr_pem"] = _signing_request(real.key)
    for headers in ({"X-Forwarded-For": "10.0.0.7"}, {"Host": "evil.example"}, {"Via": "1.1 x"}):
        answer = httpx.post(server.url + "/v1/enrol", json=body, headers=headers, trust_env=False)
        assert (answer.status_code, answer.json()["code"]) == (403, "code-required")


@pytest.mark.parametrize("office", ["Phường Bến Thành", "H26.", "../H26", "h26", "Z26", "H26.1234"])
def test_an_office_that_is_no_organ_code_is_refused(server: PortalServer, office: str):
    assert refusal(server.url, office=office) == "office-malformed"


def test_a_garbled_enrolment_is_refused(server: PortalServer):
    real = ask(server.url)
    from sync.identity import _signing_request

    pem = _signing_request(real.key)
    swapped = "\n".join([*pem.split("\n")[:2], "A" * 64, *pem.split("\n")[3:]])
    for body in (
        b"",
        b"[]",
        b"{",
        b'{"label":"x"}',
        b'{"label":"x","office":"H26","csr_pem":"no"}',
        b'{"label":"x","office":"H26","csr_pem":"%s"}' % swapped.replace("\n", "\\n").encode(),
        b"[" * 10_000,
    ):
        answer = httpx.post(server.url + "/v1/enrol", content=body, trust_env=False)
        assert (answer.status_code, answer.json()["code"]) == (422, "enrol-malformed")
    long = httpx.post(server.url + "/v1/enrol", content=b"x" * 20_000, trust_env=False)
    assert long.status_code == 413


@pytest.mark.parametrize(
    ("url", "slug"),
    [
        ("http://portal.example", "sync.url_insecure"),
        ("http://192.168.1.5:8080", "sync.url_insecure"),
        ("http://127.0.0.1.evil.example", "sync.url_insecure"),
        ("ftp://127.0.0.1", "sync.url_bad"),
        ("127.0.0.1:8080", "sync.url_bad"),
        ("http://user:secret@127.0.0.1", "sync.url_bad"),
        ("http://127.0.0.1:99999", "sync.url_bad"),
        ("", "sync.url_bad"),
    ],
)
def test_an_address_that_is_unsafe_or_none_is_refused(url: str, slug: str):
    with pytest.raises(SyncError) as caught:
        ask(url)
    assert caught.value.slug == slug


def test_a_login_page_does_not_enrol_anybody(server: PortalServer):
    login = page("200 OK", b"<html>login</html>")
    with FaultProxy(int(server.url.rsplit(":", 1)[1]), lambda _: login) as proxy:
        with pytest.raises(SyncError) as caught:
            ask(proxy.url)
        assert caught.value.slug == "sync.captive"


def test_a_portal_open_to_the_network_must_ask_for_codes(tmp_path: Path):
    with pytest.raises(SyncError) as caught:
        PortalServer(tmp_path / "open", host="0.0.0.0", clock=now).start()  # noqa: S104
    assert caught.value.slug == "sync.portal_needs_code"
    assert not (tmp_path / "open").exists()


def test_a_port_in_use_is_said_and_nothing_is_made(server: PortalServer, tmp_path: Path):
    port = int(server.url.rsplit(":", 1)[1])
    with pytest.raises(SyncError) as caught:
        PortalServer(tmp_path / "second", port=port, clock=now).start()
    assert caught.value.slug == "sync.portal_port"
