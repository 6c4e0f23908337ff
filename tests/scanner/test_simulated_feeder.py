"""The simulated feeder as its documentation promises it, over HTTP and as a program."""

from __future__ import annotations

import http.client
import io
import json
import signal
import ssl
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

import pytest
from PIL import Image

from scanner.model import ScanRequest
from scanner.simulator import FAULT_NAMES, Fault, PlanError, SimulatorServer, parse_plan
from scanner.simulator.faults import FaultPlan
from scanner.simulator.pages import Capture, PageCache, inferred_dpi, serve
from scanner.simulator.tray import AWAY_S, Job, Tray
from tests.scanner.scan_kit import A4_200, ROOT, page_jpeg, scan, write_pages

A4_300 = (2480, 3508)


def ask(device: str, **options: object) -> ScanRequest:
    fields: dict[str, object] = {"source": "feeder", "duplex": False, "dpi": 200, **options}
    return ScanRequest(device, **fields)  # type: ignore[arg-type]


def call(server: SimulatorServer, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    connection.request(method, path, body or None)
    with connection.getresponse() as response:
        data = response.read()
    connection.close()
    return response.status, data


def picture(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.copy()


def test_a_jpeg_of_the_asked_resolution_comes_byte_for_byte_by_name(tmp_path):
    for name, number in (("b.jpg", 2), ("ă-cuối.jpg", 3), ("a.jpg", 1), ("Z.jpg", 0)):
        (tmp_path / name).write_bytes(page_jpeg(number, dpi=None if number == 1 else 200))
    (tmp_path / ".hidden.jpg").write_bytes(b"x")
    (tmp_path / "truth.json").write_text("{}")
    (tmp_path / "folder").mkdir()
    got = scan(ask(f"simulated:{tmp_path}"))
    assert got.reason == "complete"
    assert [end.name for end in got.ends] == ["Z.jpg", "a.jpg", "b.jpg", "ă-cuối.jpg"]
    assert got.data() == [(tmp_path / end.name).read_bytes() for end in got.ends]


@pytest.mark.parametrize(
    ("suffix", "size", "dpi"),
    [
        ("jpg", A4_200, 200),
        ("png", A4_300, None),
        ("png", A4_200, 200),
        ("tif", A4_300, 300),
        ("webp", A4_200, None),
        ("jpg", (900, 700), 72),
        ("bmp", (333, 444), None),
    ],
)
def test_any_image_comes_as_a_jpeg_of_the_asked_resolution(tmp_path, suffix, size, dpi):
    image = Image.new("RGB", size, "white")
    image.paste("navy", (10, 10, 200, 200))
    image.save(tmp_path / f"page.{suffix}", **({"dpi": (dpi, dpi)} if dpi else {}))
    got = scan(ask(f"simulated:{tmp_path}", dpi=300))
    assert got.reason == "complete"
    page = picture(got.data()[0])
    assert page.format is None
    assert abs(page.width - A4_300[0]) <= 2
    assert abs(page.height - A4_300[1]) <= 2
    assert got.ends[0].media == "image/jpeg"


def test_a_resolution_no_sheet_can_have_is_not_believed(tmp_path):
    (tmp_path / "edited.jpg").write_bytes(page_jpeg(2, A4_300, 72))
    got = scan(ask(f"simulated:{tmp_path}", dpi=300))
    assert got.data() == [(tmp_path / "edited.jpg").read_bytes()]


def test_gray_is_gray(tmp_path):
    write_pages(tmp_path, 1)
    got = scan(ask(f"simulated:{tmp_path}", mode="gray"))
    assert picture(got.data()[0]).mode == "L"


@pytest.mark.parametrize(
    "data",
    [b"", b"just words", page_jpeg(1)[:3000], b"\x89PNG\r\n\x1a\n" + b"\0" * 40, b"%PDF-1.7"],
)
def test_a_file_that_is_no_image_is_served_as_it_is_and_noticed(tmp_path, data):
    write_pages(tmp_path, 1)
    (tmp_path / "x-broken.jpg").write_bytes(data)
    (tmp_path / "y-later.jpg").write_bytes(page_jpeg(7))
    got = scan(ask(f"simulated:{tmp_path}"))
    assert got.reason in {"scan.page_empty", "scan.page_wrong", "scan.page_truncated"}
    assert (got.ended.safe_sheets, got.ended.refeed_sheet, len(got.dropped)) == (1, 2, 1)
    capture = Capture(200, gray=False, area_px=A4_200)
    assert serve(tmp_path / "x-broken.jpg", capture).data == data


def test_a_new_job_starts_at_the_first_page_not_delivered_until_paper_is_loaded(tmp_path):
    pages = write_pages(tmp_path, 3)
    server = SimulatorServer(tmp_path, plan=[Fault(2, "jam")])
    server.start()
    device = f"escl:{server.url}"
    assert scan(ask(device)).data() == pages[:1]
    assert b"ScannerAdfJam" in call(server, "GET", "/eSCL/ScannerStatus")[1]
    assert scan(ask(device, first_sheet=2, first_seq=2)).data() == pages[1:]
    assert b"ScannerAdfEmpty" in call(server, "GET", "/eSCL/ScannerStatus")[1]
    assert scan(ask(device)).reason == "scan.no_docs"
    assert call(server, "PUT", "/sim/reload")[0] == 200
    assert scan(ask(device)).data() == pages
    (tmp_path / "trang-04.jpg").write_bytes(page_jpeg(9))
    assert call(server, "PUT", "/sim/reload?sheet=3")[0] == 200
    assert scan(ask(device)).data() == [pages[2], page_jpeg(9)]
    assert call(server, "PUT", "/sim/reload?sheet=0")[0] == 404
    server.close()


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/", b"", 404),
        ("GET", "/eSCL/ScanJobs/none/NextDocument", b"", 404),
        ("GET", "/eSCL/../../etc/passwd", b"", 404),
        ("DELETE", "/eSCL/ScanJobs/none", b"", 404),
        ("POST", "/eSCL/ScanJobs", b"not xml", 400),
        ("POST", "/eSCL/ScanJobs", b"<a/>", 400),
        ("POST", "/eSCL/ScanJobs", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 400),
        ("POST", "/eSCL/other", b"<a/>", 400),
    ],
)
def test_nonsense_is_refused(tmp_path, method, path, body, status):
    write_pages(tmp_path, 1)
    server = SimulatorServer(tmp_path)
    server.start()
    assert call(server, method, path, body)[0] == status
    server.close()


def test_without_duplex_none_is_offered_and_with_it_a_stack_turns(tmp_path):
    pages = write_pages(tmp_path, 4)
    request = ask(f"simulated:{tmp_path}?duplex=0", duplex=True)
    assert scan(request).reason == "scan.unsupported"
    got = scan(ask(f"simulated:{tmp_path}?duplex=1", duplex=True, declared_sheets=2))
    assert (got.reason, got.data()) == ("complete", pages)
    assert [(end.sheet, end.side) for end in got.ends] == [
        (1, "front"), (1, "back"), (2, "front"), (2, "back"),
    ]  # fmt: skip


def test_an_odd_stack_in_duplex_keeps_the_last_front_marked(tmp_path):
    write_pages(tmp_path, 3)
    got = scan(ask(f"simulated:{tmp_path}", duplex=True))
    assert got.reason == "scan.odd_sides"
    assert [end.flags for end in got.ends] == [(), (), ("half_sheet",)]
    assert (got.ended.safe_sheets, got.ended.refeed_sheet) == (1, 2)


def test_the_simulated_device_goes_on_behind_a_trouble_of_its_plan(tmp_path):
    pages = write_pages(tmp_path / "pages", 3)
    (tmp_path / "plan.json").write_text('[{"sheet": 2, "fault": "double_feed"}]')
    device = f"simulated:{tmp_path / 'pages'}?plan={tmp_path / 'plan.json'}"
    first = scan(ask(device, declared_sheets=3))
    assert (first.reason, first.ended.refeed_sheet) == ("scan.double_feed", 2)
    second = scan(ask(device, declared_sheets=3, first_sheet=2, first_seq=3))
    assert second.reason == "complete"
    assert second.data() == pages[1:]


def test_practice_pages_are_there_without_any_folder():
    got = scan(ask("simulated:", dpi=300))
    assert (got.reason, len(got.ends)) == ("complete", 3)
    assert len(set(got.data())) == 3


@pytest.mark.parametrize("tail", ["/none", "?plan=/none.json", "?ipm=fast"])
def test_a_simulated_device_that_cannot_be_is_no_device(tmp_path, tail):
    write_pages(tmp_path, 1)
    got = scan(ask(f"simulated:{tmp_path}{tail}"))
    assert (got.reason, got.ended.refeed_sheet) == ("scan.no_device", 1)


def test_an_empty_folder_is_an_empty_feeder(tmp_path):
    assert scan(ask(f"simulated:{tmp_path}")).reason == "scan.no_docs"


def test_the_glass_gives_one_page_a_job(tmp_path):
    pages = write_pages(tmp_path, 2)
    server = SimulatorServer(tmp_path, flatbed=True)
    server.start()
    for page in pages:
        got = scan(ask(f"escl:{server.url}", source="flatbed"))
        assert (got.reason, got.data()) == ("complete", [page])
    server.close()


def test_sides_come_at_the_pace_of_the_machine(tmp_path):
    write_pages(tmp_path, 3)
    began = time.monotonic()
    assert scan(ask(f"simulated:{tmp_path}?ipm=240")).reason == "complete"
    assert time.monotonic() - began >= 0.75


def test_the_program_serves_prints_its_address_and_ends_when_told(tmp_path):
    pages = write_pages(tmp_path / "pages", 4)
    (tmp_path / "plan.json").write_text(json.dumps([{"sheet": 2, "fault": "jam", "times": 1}]))
    argv = [
        sys.executable, "-m", "scanner.simulator", "--pages", str(tmp_path / "pages"),
        "--port", "0", "--plan", str(tmp_path / "plan.json"), "--ipm", "6000", "--duplex",
    ]  # fmt: skip
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=ROOT) as program:
        assert program.stdout is not None
        said = json.loads(program.stdout.readline())
        assert said["url"] == f"http://127.0.0.1:{said['port']}/eSCL"
        got = scan(ask(f"escl:{said['url']}", duplex=True))
        assert (got.reason, got.data()) == ("scan.jam", pages[:2])
        program.send_signal(signal.SIGTERM)
        assert program.wait(10) == 0


@pytest.mark.parametrize(
    "plan",
    [
        "{}",
        "[1]",
        "not json",
        '[{"sheet":1}]',
        '[{"sheet":0,"fault":"jam"}]',
        '[{"sheet":1,"fault":"earthquake"}]',
        '[{"sheet":1,"fault":"jam","times":0}]',
        '[{"sheet":1,"fault":"jam","side":"left"}]',
        '[{"sheet":1,"fault":["jam"]}]',
        '[{"sheet":true,"fault":"jam","extra":1}]',
    ],
)
def test_a_plan_that_is_none_is_a_mistake_of_use(tmp_path, plan):
    write_pages(tmp_path / "pages", 1)
    (tmp_path / "plan.json").write_text(plan)
    argv = [
        sys.executable, "-m", "scanner.simulator", "--pages", str(tmp_path / "pages"),
        "--port", "0", "--plan", str(tmp_path / "plan.json"),
    ]  # fmt: skip
    done = subprocess.run(argv, capture_output=True, timeout=30, cwd=ROOT, check=False)
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr


def test_every_fault_of_the_plan_is_known():
    plan = parse_plan([{"sheet": 1, "fault": name} for name in FAULT_NAMES])
    assert [fault.fault for fault in plan] == list(FAULT_NAMES)
    with pytest.raises(PlanError):
        parse_plan(None)


@pytest.mark.parametrize(
    ("size", "dpi"),
    [(A4_300, 300), (A4_200, 200), ((3508, 2480), 300), ((1240, 1754), None), ((2480, 3300), None)],
)
def test_the_resolution_of_a_silent_image_is_that_which_makes_it_a4(size, dpi):
    assert inferred_dpi(size) == dpi


def test_two_clients_at_once_do_not_share_a_job(tmp_path):
    write_pages(tmp_path, 2)
    server = SimulatorServer(tmp_path, plan=[Fault(1, "slow")])
    server.start()
    reasons: list[str] = []

    def one() -> None:
        reasons.append(scan(ask(f"escl:{server.url}")).reason)

    first = threading.Thread(target=one)
    first.start()
    deadline = time.monotonic() + 20
    while server.tray.job is None or not server.tray.job.busy:
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)
    second = scan(ask(f"escl:{server.url}"))
    first.join()
    assert reasons == ["complete"]
    assert second.reason in {"scan.busy", "scan.no_docs"}
    server.close()


def test_a_job_left_by_a_killed_client_is_free_again_and_a_running_one_is_not(tmp_path):
    write_pages(tmp_path, 3)
    tray = Tray(tmp_path, FaultPlan(()))
    capture = Capture(200, gray=False, area_px=A4_200)

    def start(now: float) -> Job | int:
        return tray.start(duplex=False, source="Feeder", capture=capture, now=now)

    job = start(100.0)
    assert isinstance(job, Job)
    job.clients += 1
    assert start(200.0) == 503
    job.leave(200.0)
    assert start(200.0 + AWAY_S / 2) == 503
    assert isinstance(start(200.0 + AWAY_S), Job)
    assert job.state == "Canceled"


def test_a_folder_gone_through_twice_is_a_stack_of_twice_the_sheets(tmp_path):
    pages = write_pages(tmp_path, 2)
    server = SimulatorServer(tmp_path, plan=[Fault(2, "jam", side="back")], duplex=True, repeat=2)
    server.start()
    first = scan(ask(f"escl:{server.url}", duplex=True, declared_sheets=2))
    second = scan(
        ask(f"escl:{server.url}", duplex=True, declared_sheets=2, first_sheet=2, first_seq=4)
    )
    server.close()
    assert (first.reason, first.data()) == ("scan.jam", [*pages, pages[0]])
    assert (second.reason, second.data()) == ("complete", pages)


def test_prepared_pages_are_kept_up_to_their_bound_and_read_anew_when_changed(tmp_path):
    write_pages(tmp_path, 4)
    files = sorted(tmp_path.iterdir())
    capture = Capture(200, gray=False, area_px=A4_200)
    cache = PageCache(sum(path.stat().st_size for path in files[:2]))
    first = [cache.serve(path, capture) for path in files]
    assert [served.data for served in first] == [path.read_bytes() for path in files]
    again = [
        cache.serve(path, capture) is served for path, served in zip(files, first, strict=True)
    ]
    assert again == [True, True, False, False]
    files[0].write_bytes(page_jpeg(9))
    assert cache.serve(files[0], capture).data == page_jpeg(9)


def test_the_program_offers_tls_a_glass_and_a_stack_as_long_as_told(tmp_path):
    pages = write_pages(tmp_path / "pages", 2)
    argv = [
        sys.executable, "-m", "scanner.simulator", "--pages", str(tmp_path / "pages"),
        "--port", "0", "--tls", "--flatbed", "--repeat", "3",
    ]  # fmt: skip
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=ROOT) as program:
        assert program.stdout is not None
        url = json.loads(program.stdout.readline())["url"]
        assert url.startswith("https://127.0.0.1:")
        got = scan(ask(f"escl:{url}"))
        assert (got.reason, got.data()) == ("complete", pages * 3)
        program.terminate()
        assert program.wait(10) == 0
    argv[-1] = "0"
    done = subprocess.run(argv, capture_output=True, timeout=30, cwd=ROOT, check=False)
    assert (done.returncode, done.stdout) == (2, b"")


def test_each_start_under_tls_has_its_own_certificate(tmp_path):
    write_pages(tmp_path, 1)
    shown = set()
    for _ in range(2):
        server = SimulatorServer(tmp_path, tls=True)
        server.start()
        at = urlsplit(server.url)
        shown.add(ssl.get_server_certificate((at.hostname, at.port)))
        server.close()
    assert len(shown) == 2
