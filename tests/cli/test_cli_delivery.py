"""``demo``, ``sync``, ``portal``, ``enrol``: nothing is lost on the way, and each step says so."""

from __future__ import annotations

import hashlib
import http.server
import json
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.cli_kit import main, portal, processes_of, running, small_disk, wait_until

DEMO = {"dossier", "pages", "documents", "receipt", "seconds"}
PAGE = {"source", "angle_deg", "rotation_deg", "blank", "mean_confidence", "seconds"}
PAPER = {"title", "pdf", "pages", "pdfa", "signed", "signature_level", "bytes"}
STEPS = {"scan", "clean", "read", "pack", "sign", "sync", "total"}
SYNC = {"dossier", "state", "portal_no", "bytes_left"}


def dead_url() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


class _Html(http.server.BaseHTTPRequestHandler):
    """A hotel's login page in front of everything."""

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        body = b"<html><body>Dang nhap Wi-Fi</body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_HEAD = do_PATCH = do_OPTIONS = do_GET  # noqa: N815 - the library's names

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def html() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Html)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(10)


@dataclass
class Story:
    """One dossier: first without a portal, then behind a login page, then delivered."""

    home: Path
    out: Path
    data: Path
    url: str
    pages: Path
    done: dict[str, object] = field(default_factory=dict)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, small_pages: Path) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("story")
    pages = folder / "pages"
    shutil.copytree(small_pages, pages)
    with portal(folder / "portal") as url:
        yield Story(folder / "home", folder / "out", folder / "portal", url, pages)


def demo(story: Story, *argv: object):
    return main("demo", "--home", story.home, "--pages", story.pages, "--json", *argv)


def sync(story: Story, *argv: object):
    return main("sync", "--home", story.home, "--json", *argv)


def test_1_a_portal_that_is_down_leaves_the_dossier_signed_and_queued(story: Story):
    done = demo(story, "--portal", dead_url())
    done.trouble("sync.offline")
    assert done.out == ""
    queued = sync(story, "--once")
    queued.trouble("sync.offline")
    (row,) = queued.json
    assert set(row) == SYNC
    assert (row["state"], row["portal_no"]) == ("sealed", None)
    assert row["bytes_left"] > 0


def test_2_a_login_page_is_not_taken_for_a_portal(story: Story, html: str):
    done = sync(story, "--once", "--portal", html)
    done.trouble("sync.captive", "sync.not_a_portal")
    assert done.json[0]["state"] == "sealed"
    assert done.json[0]["bytes_left"] > 0


def test_3_the_queue_is_delivered_when_the_portal_is_up(story: Story):
    done = sync(story, "--once", "--portal", story.url)
    assert done.code == 0, done.err
    (row,) = done.json
    assert (row["state"], row["bytes_left"]) == ("delivered", 0)
    assert row["portal_no"]
    assert sync(story, "--once").json == [row]


def test_4_the_demo_prints_its_receipt_again_and_writes_the_files_out(story: Story):
    first, second = demo(story, "--out", story.out), demo(story, "--portal", dead_url())
    assert (first.code, second.code) == (0, 0)
    report = first.json
    assert set(report) == DEMO
    assert all(set(row) == PAGE for row in report["pages"])
    assert all(set(row) == PAPER for row in report["documents"])
    assert set(report["seconds"]) == STEPS
    assert report["receipt"] == second.json["receipt"]
    assert report["receipt"]["verified"] is True
    assert [row["source"] for row in report["pages"]] == sorted(
        path.name for path in story.pages.glob("*.jpg")
    )
    for row in report["documents"]:
        assert (row["pdfa"], row["signed"], row["signature_level"]) == ("2u", True, "B")
        assert Path(row["pdf"]).stat().st_size == row["bytes"]


def test_5_the_portal_holds_one_dossier_with_these_files(story: Story, tmp_path: Path):
    done = main("portal", "--dump", "--json", "--data", story.data, "--out", tmp_path / "dump")
    assert done.code == 0, done.err
    (row,) = done.json
    assert set(row) == {"dossier", "rev", "state", "code", "papers"}
    assert row["rev"] == 1
    assert all(
        set(paper) == {"title", "sha256", "bytes", "pdfa", "signed", "file"}
        for paper in row["papers"]
    )
    written = {hashlib.sha256(path.read_bytes()).hexdigest() for path in story.out.iterdir()}
    assert {paper["sha256"] for paper in row["papers"]} == written
    for paper in row["papers"]:
        data = Path(paper["file"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == paper["sha256"]
    plain = main("portal", "--dump", "--json", "--data", story.data).json
    assert all("file" not in paper for paper in plain[0]["papers"])


def test_6_a_second_dossier_of_the_same_station_gets_a_code_of_its_own(story: Story, tmp_path):
    other = tmp_path / "one"
    other.mkdir()
    source = min(story.pages.glob("*.jpg"))
    shutil.copy(source, other)
    done = main("demo", "--home", story.home, "--pages", other, "--portal", story.url, "--json")
    assert done.code == 0, done.err
    rows = sync(story, "--once").json
    assert len({row["portal_no"] for row in rows}) == len(rows) == 2


def test_7_no_process_of_the_station_is_left(story: Story):
    wait_until(lambda: not processes_of(story.home))


def test_an_empty_queue_is_done(tmp_path: Path):
    done = main("sync", "--once", "--home", tmp_path / "home", "--json")
    assert (done.code, done.json) == (0, [])


def test_pages_that_are_not_there_are_named(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    argv = ["demo", "--home", tmp_path / "home", "--pages"]
    main(*argv, tmp_path / "gone").trouble("file.missing")
    main(*argv, tmp_path / "empty").trouble("demo.no_pages")


def test_a_broken_page_is_named_and_the_others_stay(tmp_path: Path, small_pages: Path):
    pages, home = tmp_path / "pages", tmp_path / "home"
    shutil.copytree(small_pages, pages)
    whole = (pages / "02-bien-ban-1.jpg").read_bytes()
    (pages / "02-bien-ban-1.jpg").write_bytes(whole[: len(whole) // 2])
    done = main("demo", "--home", home, "--pages", pages, "--json")
    done.trouble()
    assert done.out == ""
    (pages / "02-bien-ban-1.jpg").write_bytes(whole)
    again = main("demo", "--home", home, "--pages", pages, "--json")
    assert again.code == 0, again.err
    assert [row["pages"] for row in again.json["documents"]] == [1, 2]


def test_ctrl_c_in_the_demo_is_clean_and_the_next_run_goes_on(tmp_path: Path, small_pages: Path):
    home = tmp_path / "home"
    argv = ["demo", "--home", home, "--pages", small_pages, "--json"]
    for step in ("quét", "ký số"):
        with running(*argv) as started:
            started.wait_for("err", step)
            done = started.interrupt()
            started.wait_alone()
        assert done.code == 130, done.err
        assert "Traceback" not in done.err
        assert done.out == ""
        wait_until(lambda: not processes_of(home))
    done = main(*argv)
    assert done.code == 0, done.err
    assert done.json["receipt"]["verified"]
    assert len(done.json["pages"]) == 3


def test_a_full_disk_keeps_what_is_safe_and_room_lets_it_go_on(tmp_path: Path, small_pages: Path):
    with small_disk(tmp_path / "disk", "2500k") as disk:
        argv = ["demo", "--home", disk / "home", "--pages", small_pages, "--json"]
        done = main(*argv)
        done.trouble("scan.disk_full")
        assert not list((disk / "home" / "tmp").glob("*"))
        grown = ["mount", "-o", "remount,size=800m", str(disk)]
        subprocess.run(grown, check=True, timeout=30)
        again = main(*argv)
        assert again.code == 0, again.err
        assert len(again.json["pages"]) == 3


def test_two_demos_in_one_home_do_not_meet(tmp_path: Path, small_pages: Path):
    home = tmp_path / "home"
    argv = ["demo", "--home", home, "--pages", small_pages, "--json"]
    with running(*argv) as first:
        first.wait_for("err", "quét")
        main(*argv).trouble("desk.already_open")
        done = first.interrupt()
    assert done.code == 130


def test_a_station_enrols_by_itself_on_loopback_and_with_a_code_elsewhere(tmp_path: Path):
    with portal(tmp_path / "open") as url:
        done = main("enrol", url, "--home", tmp_path / "a", "--json")
        assert done.code == 0, done.err
        assert set(done.json) == {"station", "portal"}
    with portal(tmp_path / "closed", "--require-code") as url:
        main("enrol", url, "--home", tmp_path / "b").trouble("sync.enrol_refused")
        argv = ["enrol", url, "--code", "AAAA-BBBB-CCCC"]
        main(*argv, "--home", tmp_path / "b").trouble("sync.enrol_refused")


def test_enrolling_at_nothing_or_at_a_web_page_is_told(tmp_path: Path, html: str):
    home = ["--home", tmp_path / "home"]
    main("enrol", dead_url(), *home).trouble("sync.offline")
    main("enrol", html, *home).trouble("sync.captive", "sync.not_a_portal")
    main("enrol", "no-url", *home).trouble("sync.url_bad")
    main("enrol", "http://portal.example.vn", *home).trouble("sync.url_insecure")


def test_a_portal_with_a_code_says_it_once_and_the_code_lets_one_station_in(tmp_path: Path):
    argv = ["portal", "--data", tmp_path / "data", "--port", 0, "--json", "--require-code"]
    with running(*argv) as serving:
        url = json.loads(serving.wait_for("out", '"url"'))["url"]
        code = json.loads(serving.wait_for("out", '"code"'))["code"]
        done = main("enrol", url, "--code", code, "--home", tmp_path / "a", "--json")
        assert done.code == 0, done.err
        again = main("enrol", url, "--code", code, "--home", tmp_path / "b")
        again.trouble("sync.enrol_refused")
        ended = serving.interrupt()
    assert ended.code in {0, 130}
    assert "Traceback" not in ended.err


def test_a_portal_that_is_not_there_has_nothing_to_dump(tmp_path: Path):
    done = main("portal", "--dump", "--json", "--data", tmp_path / "nothing")
    if done.code == 0:
        assert done.json == []
    else:
        done.trouble("sync.portal_no_data")
    assert not (tmp_path / "nothing").exists()


def test_a_busy_port_is_told(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = main("portal", "--data", tmp_path / "data", "--port", port)
        done.trouble("sync.portal_port")
