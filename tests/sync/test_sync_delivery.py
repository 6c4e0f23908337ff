"""The station's side against a real portal, through links that break on purpose."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sync.client import SyncClient, SyncReport
from sync.identity import StationIdentity
from sync.portal import PortalServer, dump
from sync.protocol import Missing, canonical_json, parse_receipt
from sync.wire import Timeouts
from tests.sync.faultproxy import (
    BlackHole,
    DropAfter,
    Fault,
    FaultProxy,
    LoseAnswer,
    Pass,
    page,
)
from tests.sync.kit import FileOutbox, Shelf, manifest_value, now, quick, sealed, sha256

Station = tuple[PortalServer, StationIdentity, FileOutbox, Shelf]


@pytest.fixture
def station(
    server: PortalServer, identity: StationIdentity, outbox: FileOutbox, shelf: Shelf
) -> Station:
    return server, identity, outbox, shelf


QUICK = Timeouts(connect_s=2.0, write_s=1.0, read_s=1.0)


def port_of(server: PortalServer) -> int:
    return int(server.url.rsplit(":", 1)[1])


def through(identity: StationIdentity, url: str) -> StationIdentity:
    return StationIdentity(
        identity.station_id,
        identity.private_key_pem,
        url,
        identity.portal_id,
        identity.issuer,
        identity.portal_keys,
    )


def client(
    identity: StationIdentity, outbox: FileOutbox, shelf: Shelf, seed: int = 1
) -> SyncClient:
    return SyncClient(
        identity, outbox, shelf, clock=now, wait=quick, rng=random.Random(seed), timeouts=QUICK
    )


def fill(
    outbox: FileOutbox, shelf: Shelf, rng: random.Random, count: int, size: int = 60_000
) -> None:
    for number in range(1, count + 1):
        files = [shelf.put(rng.randbytes(rng.randint(1, size))) for _ in range(3)]
        outbox.add(sealed(rng, "HK03", number, files))


def check_all_arrived_once(outbox: FileOutbox, folder: Path, count: int) -> None:
    assert outbox.states() == ["delivered"] * count
    rows = dump(folder)
    assert len({row.dossier for row in rows}) == len(rows) == count
    assert len({row.code for row in rows}) == count
    assert all(row.state == "delivered" and len(row.papers) == 3 for row in rows)


def until_done(run: Callable[[], SyncReport], passes: int = 60) -> SyncReport:
    report = run()
    while not report.done and passes:
        report = run()
        passes -= 1
    return report


def test_everything_sealed_is_delivered_with_verified_receipts(
    station: Station,
    rng: random.Random,
    tmp_path: Path,
):
    _server, identity, outbox, shelf = station
    fill(outbox, shelf, rng, 3)
    report = client(identity, outbox, shelf).run_once()
    assert report == SyncReport(done=True, undelivered=0, trouble=None)
    check_all_arrived_once(outbox, tmp_path / "portal", 3)
    for path in outbox._paths():
        name, rev, _ = outbox._item(path)
        facts = outbox.state(type(sealed(rng, "HK03", 9, []).key)(name, rev))
        for kind in ("reception", "custody"):
            receipt = parse_receipt(
                str(facts[kind]).encode(), identity.portal_keys, identity.issuer
            )
            assert receipt.t == kind
            assert receipt.official_code is not None
    assert client(identity, outbox, shelf).run_once().done


@pytest.mark.parametrize("rng", [11, 12, 13], indirect=True)
def test_cut_links_and_lost_answers_lose_nothing_and_double_nothing(
    station: Station,
    rng: random.Random,
    tmp_path: Path,
):
    server, identity, outbox, shelf = station
    fill(outbox, shelf, rng, 6)
    needed = sum(len(data) for data in shelf.files.values())

    def plan(_number: int) -> Fault:
        return rng.choice(
            [DropAfter(int(rng.expovariate(1 / 60_000)) + 1), LoseAnswer(rng.randint(1, 6))]
        )

    with FaultProxy(port_of(server), plan) as proxy:
        one = client(through(identity, proxy.url), outbox, shelf)
        report = until_done(one.run_once)
        print(f"faults {proxy.faults} sent {proxy.sent_bytes / needed:.3f} of what was needed")
    assert report.done, report
    assert proxy.faults > 0
    check_all_arrived_once(outbox, tmp_path / "portal", 6)


def test_a_cut_upload_goes_on_where_the_portal_says_it_stands(
    station: Station,
    rng: random.Random,
):
    server, identity, outbox, shelf = station
    data = shelf.put(rng.randbytes(400_000))
    outbox.add(sealed(rng, "HK03", 1, [data]))
    plan = [DropAfter(90_000), DropAfter(90_000), DropAfter(90_000)]
    with FaultProxy(port_of(server), lambda n: plan[n] if n < len(plan) else Pass()) as proxy:
        report = until_done(client(through(identity, proxy.url), outbox, shelf).run_once)
    assert report.done
    assert proxy.faults == 3
    print(f"sent {proxy.sent_bytes / len(data):.3f} of what was needed")
    assert proxy.sent_bytes < 1.5 * len(data), "began anew instead of going on"


def test_a_silent_link_is_noticed_and_the_rest_goes_over_the_next_one(
    station: Station,
    rng: random.Random,
):
    server, identity, outbox, shelf = station
    outbox.add(sealed(rng, "HK03", 1, [shelf.put(rng.randbytes(200_000))]))
    plan: list[Fault] = [BlackHole(0), BlackHole(50_000)]
    with FaultProxy(port_of(server), lambda n: plan[n] if n < 2 else Pass()) as proxy:
        report = until_done(client(through(identity, proxy.url), outbox, shelf).run_once)
    assert report.done
    assert proxy.faults == 2


def test_a_portal_that_is_down_leaves_the_dossier_queued(
    identity: StationIdentity, outbox: FileOutbox, shelf: Shelf, rng: random.Random
):
    fill(outbox, shelf, rng, 2)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    report = client(through(identity, f"http://127.0.0.1:{port}"), outbox, shelf).run_once()
    assert (report.done, report.undelivered) == (False, 2)
    assert report.trouble is not None
    assert report.trouble.slug == "sync.offline"
    assert outbox.states() == ["sealed", "sealed"]


LOGIN = b"<html><form>Wi-Fi login</form></html>"
STRANGERS = {
    "login page": (page("200 OK", LOGIN), "sync.captive"),
    "redirect": (page("302 Found", b"", Location="http://10.0.0.1/login"), "sync.captive"),
    "511": (page("511 Network Authentication Required", b"", "text/plain"), "sync.captive"),
    "404 page": (page("404 Not Found", b"{}", "application/json"), "sync.not_a_portal"),
    "409 of a stranger": (page("409 Conflict", b"{}", "application/json"), "sync.not_a_portal"),
    "422 of a stranger": (page("422 No", b"{}", "application/json"), "sync.not_a_portal"),
    "no HTTP": (page("", b"SSH-2.0-OpenSSH_9"), "sync.cut"),
    "another portal": (
        page("404 Not Found", b"{}", "application/json", X_Portal_Id="other"),
        "sync.wrong_portal",
    ),
}


@pytest.mark.parametrize("name", STRANGERS)
@pytest.mark.parametrize("after", [0, 2])
def test_whoever_else_answers_is_a_fault_of_the_network_and_moves_no_state(
    station: Station,
    rng: random.Random,
    name: str,
    after: int,
):
    server, identity, outbox, shelf = station
    fault, slug = STRANGERS[name]
    fill(outbox, shelf, rng, 2)
    first: list[Fault] = [LoseAnswer(4)] * after
    with FaultProxy(port_of(server), lambda n: first[n] if n < after else fault) as proxy:
        report = client(through(identity, proxy.url), outbox, shelf).run_once()
    assert report.trouble is not None
    assert report.trouble.slug == slug
    assert set(outbox.states()) <= {"sealed", "registered"}
    assert outbox.waiting() == 2


def test_a_false_portal_that_copies_the_header_cannot_sign(
    station: Station,
    rng: random.Random,
    tmp_path: Path,
):
    _server, identity, outbox, shelf = station
    fill(outbox, shelf, rng, 1)
    with PortalServer(tmp_path / "false", clock=now) as false:
        false.portal.id = identity.portal_id
        report = client(through(identity, false.url), outbox, shelf).run_once()
    assert report.trouble is not None
    assert report.trouble.slug == "sync.wrong_portal"
    assert outbox.states() == ["sealed"]


def test_a_proxy_that_refuses_patch_or_long_bodies_is_worked_around(
    station: Station,
    rng: random.Random,
):
    server, identity, outbox, shelf = station
    outbox.add(sealed(rng, "HK03", 1, [shelf.put(rng.randbytes(500_000))]))
    refusals = {3: page("405 Method Not Allowed", LOGIN), 5: page("413 Too Large", LOGIN)}
    seen: list[int] = []

    def plan(number: int) -> Fault:
        seen.append(number)
        return refusals.get(number, LoseAnswer(9) if number < 7 else Pass())

    with FaultProxy(port_of(server), plan) as proxy:
        report = until_done(client(through(identity, proxy.url), outbox, shelf).run_once)
    assert report.done


def test_a_conflict_is_put_aside_for_a_person_and_does_not_block_the_rest(
    station: Station,
    rng: random.Random,
):
    _server, identity, outbox, shelf = station
    data = shelf.put(b"%PDF-1.7 same")
    value = manifest_value(rng, "HK03", 1, [data])
    other = FileOutbox(outbox.folder.parent / "other")
    make = type(sealed(rng, "HK03", 99, []))
    other.add(make(str(value["id"]), 1, canonical_json(value)))
    assert client(identity, other, shelf).run_once().done
    outbox.add(make(str(value["id"]), 1, canonical_json({**value, "seq": 77})))
    outbox.add(sealed(rng, "HK03", 2, [shelf.put(b"%PDF-1.7 next")]))
    assert client(identity, outbox, shelf).run_once().done
    assert sorted(outbox.states()) == ["conflict", "delivered"]


def test_a_refused_dossier_keeps_its_reasons_and_does_not_block_the_rest(
    station: Station,
    rng: random.Random,
):
    _server, identity, outbox, shelf = station
    bad = sealed(rng, "HK03", 1, [shelf.put(b"%PDF-1.7 a")], rev=2, prev="a" * 64)
    broken = type(bad)("019a0000-0000-7140-8766-1867f814ac08", 1, b"{}")
    outbox.add(bad)
    outbox.add(broken)
    outbox.add(sealed(rng, "HK03", 2, [shelf.put(b"%PDF-1.7 b")]))
    assert client(identity, outbox, shelf).run_once().done
    assert sorted(outbox.states()) == ["delivered", "rejected", "rejected"]
    assert outbox.state(bad.key)["reasons"] == [["rev-gap", "Thiếu lần gửi trước.", "", "prev"]]


def test_a_damaged_or_missing_file_is_put_aside_and_does_not_block_the_rest(
    station: Station,
    rng: random.Random,
):
    _server, identity, outbox, shelf = station
    flipped, lost, short = b"%PDF-1.7 flipped", b"%PDF-1.7 lost", b"%PDF-1.7 short"
    for number, data in enumerate((flipped, lost, short), 1):
        outbox.add(sealed(rng, "HK03", number, [data]))
    shelf.files[sha256(flipped)] = b"%PDF-1.7 fl\x00pped"
    shelf.files[sha256(short)] = short[:-1]
    outbox.add(sealed(rng, "HK03", 4, [shelf.put(b"%PDF-1.7 good")]))
    assert client(identity, outbox, shelf).run_once().done
    assert sorted(outbox.states()) == ["blob_bad"] * 3 + ["delivered"]


def test_a_suspended_station_is_held_and_keeps_its_queue(
    station: Station,
    rng: random.Random,
):
    server, identity, outbox, shelf = station
    fill(outbox, shelf, rng, 2)
    server.portal.stations.suspend("HK03", suspended=True)
    report = client(identity, outbox, shelf).run_once()
    assert report.trouble is not None
    assert report.trouble.slug == "sync.station_held"
    assert outbox.held_for == ["station-suspended"]
    assert outbox.waiting() == 2
    server.portal.stations.suspend("HK03", suspended=False)
    assert client(identity, outbox, shelf).run_once().done


def test_a_station_with_a_wrong_clock_is_still_let_in(
    station: Station,
    rng: random.Random,
):
    _server, identity, outbox, shelf = station
    from datetime import timedelta

    fill(outbox, shelf, rng, 1)
    one = SyncClient(
        identity,
        outbox,
        shelf,
        clock=lambda: now() - timedelta(days=1),
        wait=quick,
        rng=random.Random(1),
    )
    assert one.run_once().done


def test_a_portal_restored_from_nothing_is_told_everything_again(
    tmp_path: Path, outbox: FileOutbox, shelf: Shelf, rng: random.Random
):
    from sync.identity import enrol

    key = None
    with PortalServer(tmp_path / "portal", clock=now) as first:
        who = enrol(first.url, code=None, label="HK03", office="H26.12", now=now())
        key = (tmp_path / "portal" / "key.pem").read_bytes()
        fill(outbox, shelf, rng, 2)
        one = client(who, outbox, shelf)
        with one._session() as session:
            one._lane_a(session)
        assert outbox.states() == ["registered"] * 2
        first.portal.database._connection.execute("DELETE FROM wanted")
        first.portal.database._connection.execute("DELETE FROM dossiers")
        report = until_done(client(who, outbox, shelf).run_once)
        assert report.done, report
    assert key
    check_all_arrived_once(outbox, tmp_path / "portal", 2)


def test_manifests_do_not_wait_behind_files(
    server: PortalServer, identity: StationIdentity, outbox: FileOutbox, rng: random.Random
):
    gate, begun = threading.Event(), threading.Event()

    class SlowShelf(Shelf):
        def read(self, name: str, offset: int):
            begun.set()
            gate.wait(20)
            return super().read(name, offset)

    shelf = SlowShelf()
    outbox.add(sealed(rng, "HK03", 1, [shelf.put(rng.randbytes(10_000))]))
    stop, registered = threading.Event(), threading.Event()
    late = sealed(rng, "HK03", 2, [shelf.put(rng.randbytes(10_000))])
    record = outbox.registered

    def noticed(key, receipt: bytes, missing: list[Missing]) -> None:
        record(key, receipt, missing)
        if key == late.key:
            registered.set()

    outbox.registered = noticed  # type: ignore[method-assign]
    one = SyncClient(
        identity,
        outbox,
        shelf,
        clock=now,
        wait=lambda seconds: stop.wait(min(seconds, 0.05)),
        rng=random.Random(1),
    )
    thread = threading.Thread(target=one.run_forever, args=(stop,))
    thread.start()
    try:
        assert begun.wait(20)
        outbox.add(late)
        assert registered.wait(20), "lane A waited for lane B"
        assert "delivered" not in outbox.states()
        gate.set()
        for _ in range(400):
            if outbox.states() == ["delivered"] * 2 or stop.wait(0.05):
                break
    finally:
        gate.set()
        stop.set()
        thread.join(20)
    assert not thread.is_alive()
    assert outbox.states() == ["delivered"] * 2


def test_a_defect_in_the_outbox_ends_both_lanes_and_is_not_swallowed(
    station: Station,
    rng: random.Random,
):
    _server, identity, outbox, shelf = station
    fill(outbox, shelf, rng, 1)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    outbox.registered = broken  # type: ignore[method-assign]
    stop = threading.Event()
    one = SyncClient(
        identity, outbox, shelf, clock=now, wait=lambda s: stop.wait(min(s, 0.05)), rng=rng
    )
    with pytest.raises(ZeroDivisionError):
        one.run_forever(stop)
    assert outbox.states() == ["sealed"]


def test_a_file_that_vanished_from_an_open_dossier_is_asked_for_again(
    tmp_path: Path, outbox: FileOutbox, shelf: Shelf, rng: random.Random
):
    from sync.identity import enrol

    first, second = shelf.put(rng.randbytes(1000)), shelf.put(rng.randbytes(2000))
    with PortalServer(tmp_path / "portal", clock=now) as running:
        who = enrol(running.url, code=None, label="HK03", office="H26", now=now())
        port = port_of(running)
        del shelf.files[sha256(second)]
        item = sealed(rng, "HK03", 1, [first, second])
        outbox.add(item)
        client(who, outbox, shelf).run_once()
        assert outbox.states() == ["blob_bad"]
        assert dump(tmp_path / "portal")[0].state == "uploading"
    for path in (tmp_path / "portal" / "blobs").glob("*/*/*"):
        path.unlink()
    shelf.put(second)
    outbox.add(item)
    with PortalServer(tmp_path / "portal", port=port, clock=now):
        assert client(who, outbox, shelf).run_once().done
    assert len(dump(tmp_path / "portal")[0].papers) == 2
