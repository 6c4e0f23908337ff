"""What the portal's look at the files does to a dossier, and what it cannot do to the portal."""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sync.client import Sealed, SyncClient
from sync.identity import enrol
from sync.portal import PortalServer, dump
from sync.portal.checks import Checker
from sync.protocol import parse_receipt
from tests.sync.checkers import by_content
from tests.sync.kit import FileOutbox, Shelf, now, sealed

Deliver = Callable[..., tuple[FileOutbox, list[Sealed]]]


def pdf(word: str, number: int = 0) -> bytes:
    return f"%PDF-1.7\n{word}\n{number}".encode()


@pytest.fixture
def looking(tmp_path: Path) -> Iterator[PortalServer]:
    with PortalServer(tmp_path / "portal", clock=now, check_document=by_content) as running:
        yield running


@pytest.fixture
def deliver(looking: PortalServer, tmp_path: Path) -> Deliver:
    who = enrol(looking.url, code=None, label="HK03", office="H26.12", now=now())

    def run(*dossiers: list[bytes]) -> tuple[FileOutbox, list[Sealed]]:
        outbox, shelf, rng = FileOutbox(tmp_path / "outbox"), Shelf(), random.Random(3)
        items = [
            sealed(rng, "HK03", number, [shelf.put(data) for data in files])
            for number, files in enumerate(dossiers, 1)
        ]
        for one in items:
            outbox.add(one)
        rest = __import__("threading").Event()
        client = SyncClient(
            who, outbox, shelf, clock=now, wait=lambda s: rest.wait(min(s, 0.2)), rng=rng
        )
        report = client.run_once()
        assert report.done, report
        for one in items:
            if outbox.state(one.key)["state"] == "delivered":
                raw = str(outbox.state(one.key)["custody"]).encode()
                outbox.last = parse_receipt(raw, who.portal_keys, who.issuer)  # type: ignore[attr-defined]
        return outbox, items

    return run


def test_signed_and_intact_papers_make_the_custody_receipt_say_so(deliver: Deliver, tmp_path: Path):
    outbox, _ = deliver([pdf("good", 1), pdf("good", 2)])
    assert outbox.last.signatures == "ok"  # type: ignore[attr-defined]
    paper = dump(tmp_path / "portal")[0].papers[0]
    assert (paper.pdfa, paper.signed) == ("2u", True)


def test_each_fault_of_a_paper_reaches_the_clerk_with_its_paper_and_sentence(
    deliver: Deliver, tmp_path: Path
):
    faults = {
        "unsigned": ["signature-missing", "Giấy tờ chưa được ký số."],
        "broken": ["signature-broken", "Nội dung đã thay đổi sau khi ký."],
        "jpeg": ["media-not-pdf", "Tệp không phải PDF (Cổng quốc gia chỉ nhận PDF)."],
        "pages": ["pages-mismatch", "Số trang khác số đã kê (7/2)."],
    }
    outbox, items = deliver(*([pdf("good", n), pdf(word)] for n, word in enumerate(faults)))
    for one, expected in zip(items, faults.values(), strict=True):
        facts = outbox.state(one.key)
        assert facts["state"] == "rejected"
        assert facts["reasons"] == [[*expected, "d1", ""]]
    assert [row.state for row in dump(tmp_path / "portal")] == ["rejected"] * 4


def test_a_file_that_kills_or_swells_the_look_holds_nothing_up(deliver: Deliver, tmp_path: Path):
    outbox, items = deliver([pdf("crash")], [pdf("raise")], [pdf("swell")], [pdf("good")])
    assert [outbox.state(one.key)["state"] for one in items] == ["delivered"] * 4
    signed = {row.dossier: row.papers[0].signed for row in dump(tmp_path / "portal")}
    assert [signed[one.id] for one in items] == [None, None, None, True]


def test_a_look_that_hangs_is_ended():
    found: list[object] = []
    checker = Checker(by_content, lambda *facts: found.append(facts), timeout_s=1.0)
    checker.start()
    try:
        here = Path(__file__).parent
        hanging = here / "hang.tmp"
        hanging.write_bytes(pdf("hang"))
        checker.submit("HK03", "a" * 64, hanging)
        deadline = time.monotonic() + 30
        while not found and time.monotonic() < deadline:
            checker._thread.join(0.05)
        assert found[0][2].reason == "check-failed"
    finally:
        checker.stop()
        hanging.unlink()


def test_a_look_that_cannot_leave_this_process_is_refused_at_once(tmp_path: Path):
    with pytest.raises(TypeError, match="picklable"):
        PortalServer(tmp_path / "p", clock=now, check_document=lambda _: None).start()  # type: ignore[arg-type,return-value]


def test_files_not_yet_looked_at_are_looked_at_after_a_restart(tmp_path: Path):
    rng, shelf = random.Random(4), Shelf()
    outbox = FileOutbox(tmp_path / "outbox")
    with PortalServer(tmp_path / "portal", clock=now, check_document=by_content) as first:
        who = enrol(first.url, code=None, label="HK03", office="H26", now=now())
        assert first.portal._checker is not None
        first.portal._checker.stop()
        outbox.add(sealed(rng, "HK03", 1, [shelf.put(pdf("good"))]))
        client = SyncClient(who, outbox, shelf, clock=now, wait=lambda _: False, rng=rng)
        report = client.run_once()
        assert report.trouble is not None
        assert report.trouble.slug == "sync.portal_checking"
        assert [row.state for row in dump(tmp_path / "portal")] == ["checking"]
    with PortalServer(
        tmp_path / "portal",
        port=int(who.portal_url.rsplit(":", 1)[1]),
        clock=now,
        check_document=by_content,
    ):
        rest = __import__("threading").Event()
        client = SyncClient(
            who, outbox, shelf, clock=now, wait=lambda s: rest.wait(min(s, 0.2)), rng=rng
        )
        assert client.run_once().done


@pytest.mark.skipif(sys.platform == "win32", reason="needs RLIMIT_FSIZE")
def test_a_full_disk_is_said_and_costs_nothing_that_was_acknowledged(tmp_path: Path):
    rng, shelf, outbox = random.Random(5), Shelf(), FileOutbox(tmp_path / "outbox")
    order = [sys.executable, "-m", "sync.portal", "--data", str(tmp_path / "portal")]
    root = Path(__file__).parents[2]
    small = 700_000

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (small, resource.RLIM_INFINITY))

    def start(**more: object) -> tuple[subprocess.Popen[bytes], str]:
        process = subprocess.Popen(
            [*order, *([] if "port" not in more else ["--port", str(more["port"])])],
            cwd=root,
            stdout=subprocess.PIPE,
            preexec_fn=limit if more.get("full") else None,  # noqa: PLW1509 - no thread runs yet
        )
        assert process.stdout is not None
        return process, process.stdout.readline().split()[1].decode()

    process, url = start(full=True)
    try:
        who = enrol(url, code=None, label="HK03", office="H26", now=now())
        outbox.add(sealed(rng, "HK03", 1, [shelf.put(rng.randbytes(900_000)), shelf.put(b"%PDF")]))
        client = SyncClient(who, outbox, shelf, clock=now, wait=lambda _: False, rng=rng)
        report = client.run_once()
        assert report.trouble is not None
        assert (report.trouble.slug, report.trouble.params["status"]) == ("sync.portal_busy", 507)
        assert outbox.states() == ["registered"]
    finally:
        process.terminate()
        with process:
            assert process.wait(30) == 0
    process, _ = start(port=url.rsplit(":", 1)[1])
    try:
        already = shelf.read_bytes
        report = SyncClient(who, outbox, shelf, clock=now, wait=lambda _: False, rng=rng).run_once()
        assert report.done, report
        assert shelf.read_bytes - already < 600_000, "acknowledged bytes were sent again"
    finally:
        process.terminate()
        with process:
            assert process.wait(30) == 0
    assert [len(row.papers) for row in dump(tmp_path / "portal")] == [2]
