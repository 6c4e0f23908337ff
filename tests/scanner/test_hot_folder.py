"""A folder that copiers save into: each whole file once, none early, none lost."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scanner.drivers.folder.inbox import INBOX, Inbox
from scanner.drivers.folder.source import HotFolderSource
from scanner.drivers.folder.watch import Watch, being_written
from scanner.drivers.source import Delivered, Stop
from scanner.errors import ScannerError
from scanner.model import SideBegin, SideEnd
from scanner.remote import RemoteSource
from tests.scanner.hot_folder_kit import Got, ask, inside, left, pdf, png, put, run, wait
from tests.scanner.scan_kit import HOST, Collected, page_jpeg, run_pass, take

SHORT = {"SCANNER_FOLDER_STABLE_S": "0.12", "SCANNER_FOLDER_QUIET_S": "0.2"}
JPEG = page_jpeg(1)


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SHORT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "máy photo"
    made.mkdir()
    return made


@pytest.fixture
def writer() -> Iterator[Callable[..., None]]:
    """Starts a writer in a thread of its own; all have ended when the test has."""
    threads: list[threading.Thread] = []

    def start(act: Callable[..., None], *args: object) -> None:
        threads.append(threading.Thread(target=act, args=args))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()


def trickle(path: Path, data: bytes, pieces: int, pause_s: float) -> None:
    with path.open("wb", buffering=0) as file:
        size = -(-len(data) // pieces)
        for at in range(0, len(data), size):
            file.write(data[at : at + size])
            wait(pause_s)


def raised(folder: Path, **options: object) -> ScannerError:
    with pytest.raises(ScannerError) as caught:
        run(folder, **options)
    return caught.value


def test_every_file_that_lies_there_comes_once_oldest_first_byte_for_byte(folder):
    whole = {"c.jpg": page_jpeg(1), "a.png": png(2), "b.jpg": page_jpeg(3)}
    for age, (name, data) in enumerate(whole.items()):
        put(folder, name, data, age_s=90 - age)
    got = run(folder)
    assert (got.reason, got.names) == ("complete", list(whole))
    assert got.data == list(whole.values())
    assert [(begin.seq, begin.sheet) for begin in got.begins] == [(1, 1), (2, 2), (3, 3)]
    assert left(folder) == inside(folder) == []


def test_files_of_one_moment_come_in_the_order_of_their_numbers(folder):
    for number in (10, 2, 1):
        path = put(folder, f"scan{number}.jpg", page_jpeg(number))
        os.utime(path, ns=(10**18, 10**18))
    assert run(folder).names == ["scan1.jpg", "scan2.jpg", "scan10.jpg"]


def test_a_slow_writer_is_waited_for(folder, writer):
    writer(trickle, folder / "cham.jpg", JPEG, 12, 0.06)
    got = run(folder)
    assert (got.reason, got.data) == ("complete", [JPEG])


@pytest.mark.parametrize("data", [JPEG, png(1), pdf(JPEG)], ids=["jpeg", "png", "pdf"])
def test_a_writer_that_stalls_longer_than_the_stable_time_is_waited_for(folder, writer, data):
    writer(trickle, folder / "scan", data, 2, 0.5)
    got = run(folder, stall_s=3)
    assert (got.reason, got.names, got.notices) == ("complete", ["scan"], [])


def test_a_file_under_a_name_of_transfer_waits_until_it_is_renamed(folder, writer):
    def rename_in() -> None:
        (folder / "scan.jpg.part").write_bytes(JPEG)
        wait(0.5)
        (folder / "scan.jpg.part").rename(folder / "scan.jpg")

    writer(rename_in)
    got = run(folder, stall_s=3)
    assert (got.reason, got.names) == ("complete", ["scan.jpg"])


def test_a_whole_file_still_open_for_more_pages_is_not_taken(folder, writer):
    """A copier appends sheets to one PDF that is whole after each of them."""
    path, opened = folder / "xap.pdf", threading.Event()
    long = pdf(JPEG, page_jpeg(2), page_jpeg(3))

    def grow() -> None:
        with path.open("wb", buffering=0) as file:
            file.write(pdf(JPEG))
            opened.set()
            wait(0.6)
            file.seek(0)
            file.write(long)

    writer(grow)
    assert opened.wait(5)
    if not being_written(path):
        pytest.skip("this file system does not tell who writes to a file")
    got = run(folder, stall_s=3)
    assert (got.reason, got.names) == ("complete", ["xap.pdf"] * 3)
    assert left(folder) == inside(folder) == []


def test_a_file_written_to_after_it_was_taken_comes_back_and_is_taken_as_it_is_now(folder):
    """Pages may come twice then; none is thrown away."""
    put(folder, "xap.pdf", pdf(JPEG))
    longer = pdf(JPEG, page_jpeg(2))

    def append(event: object, got: Got) -> None:
        if isinstance(event, Delivered) and len(got.ends) == 1:
            inside(folder)[0].write_bytes(longer)

    got = run(folder, act=append)
    assert got.data == [JPEG, JPEG, page_jpeg(2)]
    assert left(folder) == inside(folder) == []


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("khong.jpg", b""),
        ("nua.jpg", JPEG[: len(JPEG) // 2]),
        ("dat-truoc.jpg", JPEG[: len(JPEG) // 2] + bytes(len(JPEG) // 2)),
        ("nua.png", png(2)[:-20]),
        ("nua.pdf", pdf(JPEG)[:-40]),
        ("xong.jpg.part", JPEG),
    ],
)
def test_a_file_that_does_not_become_whole_stays_and_the_rest_goes_on(folder, name, data):
    put(folder, name, data, age_s=60)
    put(folder, "tot.jpg", page_jpeg(3))
    got = run(folder)
    assert (got.reason, got.over.params["name"]) == ("scan.file_incomplete", name)
    assert got.notices == [("scan.file_incomplete", name)]
    assert got.names == ["tot.jpg"]
    assert left(folder) == [name]
    assert (folder / name).read_bytes() == data


def test_a_file_its_writer_never_lets_go_of_is_named(folder):
    path = put(folder, "khoa.jpg", JPEG)
    with path.open("ab"):
        if not being_written(path):
            pytest.skip("this file system does not tell who writes to a file")
        got = run(folder)
    assert (got.reason, got.ends, left(folder)) == ("scan.file_incomplete", [], ["khoa.jpg"])


def test_a_file_that_never_stops_growing_is_named_and_the_pass_ends(folder, writer, monkeypatch):
    monkeypatch.setenv("SCANNER_FOLDER_STABLE_S", "0.05")
    over = threading.Event()

    def grow() -> None:
        with (folder / "mai.jpg").open("wb", buffering=0) as file:
            file.write(JPEG[:5000])
            while not over.wait(0.05):
                file.write(b"\x55" * 100)

    writer(grow)
    try:
        got = run(folder, stall_s=0.1)
    finally:
        over.set()
    assert (got.reason, left(folder)) == ("scan.file_incomplete", ["mai.jpg"])


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.jpg", b"not a picture at all"), ("b.pdf", b"PK\3\4" + bytes(60)), ("c.tif", b"<html>")],
)
def test_a_file_of_another_kind_stays_is_named_and_the_rest_goes_on(folder, name, data):
    put(folder, name, data, age_s=60)
    put(folder, "tot.jpg", JPEG)
    got = run(folder)
    assert (got.reason, got.over.params["name"]) == ("scan.file_rejected", name)
    assert got.notices == [("scan.file_rejected", name)]
    assert (got.data, left(folder)) == ([JPEG], [name])


def test_the_declared_sheets_end_the_pass_and_prove_it(folder):
    put(folder, "rac.txt", b"not a picture at all", age_s=90)
    for number in range(3):
        put(folder, f"{number}.jpg", page_jpeg(number), age_s=60 - number)
    got = run(folder, declared_sheets=2)
    assert (got.reason, got.names) == ("complete", ["0.jpg", "1.jpg"])
    assert left(folder) == ["2.jpg", "rac.txt"]


def test_the_first_file_is_waited_for_and_nothing_for_ever(folder, writer):
    assert run(folder, stall_s=0.3).ends == []
    writer(lambda: (wait(0.5), put(folder, "sau.jpg", JPEG)))
    assert run(folder, stall_s=5).names == ["sau.jpg"]


def test_two_hundred_small_files_come_once_each_in_order(folder):
    pages = {f"{number:03}.jpg": JPEG + bytes(number) for number in range(200)}
    for name, data in pages.items():
        put(folder, name, data)
    got = run(folder)
    assert (got.reason, got.names, got.data) == ("complete", list(pages), list(pages.values()))
    assert left(folder) == inside(folder) == []


def test_the_same_bytes_twice_are_put_aside_and_told(folder):
    put(folder, "mot.jpg", JPEG, age_s=9)
    put(folder, "hai.jpg", JPEG)
    got = run(folder)
    assert got.notices == [("scan.file_repeated", "hai.jpg")]
    assert (got.reason, got.names, left(folder)) == ("scan.file_repeated", ["mot.jpg"], [])
    assert [path.name for path in inside(folder, "repeated")] == ["hai.jpg"]


def test_bytes_of_an_earlier_pass_are_asked_about_once_and_then_taken(folder):
    put(folder, "mot.jpg", JPEG)
    assert run(folder).reason == "complete"
    put(folder, "mot.jpg", JPEG)
    got = run(folder)
    assert (got.reason, got.ends) == ("scan.file_repeated", [])
    assert inside(folder, "repeated")[0].read_bytes() == JPEG
    put(folder, "mot.jpg", JPEG)
    assert run(folder).names == ["mot.jpg"]


def test_a_stop_takes_effect_between_files_and_leaves_the_rest(folder):
    put(folder, "1.pdf", pdf(JPEG, page_jpeg(2)), age_s=9)
    put(folder, "2.jpg", page_jpeg(3))
    stop = Stop()

    def halt(event: object, got: Got) -> None:
        if isinstance(event, SideBegin):
            stop.request(now=False)

    got = run(folder, stop=stop, act=halt)
    assert (got.reason, got.names) == ("scan.cancelled", ["1.pdf", "1.pdf"])
    assert (left(folder), inside(folder)) == (["2.jpg"], [])


def test_a_stop_at_once_puts_the_open_file_back(folder):
    data = pdf(JPEG, page_jpeg(2))
    put(folder, "1.pdf", data)
    stop = Stop()

    def halt(event: object, got: Got) -> None:
        if isinstance(event, Delivered):
            stop.request(now=True)

    got = run(folder, stop=stop, act=halt)
    assert (got.reason, len(got.ends)) == ("scan.cancelled", 1)
    assert (folder / "1.pdf").read_bytes() == data


def test_a_file_whose_pages_were_not_committed_lies_in_the_folder_again(folder):
    put(folder, "1.jpg", JPEG)
    got = run(folder, commit=False)
    assert (got.reason, got.data) == ("complete", [JPEG])
    assert ((folder / "1.jpg").read_bytes(), inside(folder)) == (JPEG, [])
    assert run(folder).data == [JPEG]


def test_a_file_is_not_put_back_over_a_new_one_of_its_name(folder):
    put(folder, "scan.jpg", JPEG)

    def next_page(event: object, got: Got) -> None:
        if isinstance(event, Delivered):
            put(folder, "scan.jpg", page_jpeg(2))

    run(folder, commit=False, act=next_page, declared_sheets=1)
    assert (folder / "scan.jpg").read_bytes() == page_jpeg(2)
    assert [path.read_bytes() for path in inside(folder)] == [JPEG]
    assert run(folder).data == [JPEG, page_jpeg(2)]


def test_after_a_crash_the_file_in_the_inbox_comes_first_and_no_page_is_lost(folder):
    put(folder, "1.pdf", pdf(JPEG, page_jpeg(2)), age_s=60)
    put(folder, "2.jpg", page_jpeg(3), age_s=30)
    source = RemoteSource(HOST)
    got = Collected()
    for heard in source.scan(ask(folder)):
        take(got, heard)
        if isinstance(heard, SideEnd):
            assert source._host is not None
            os.kill(source._host._process.pid, signal.SIGKILL)
    assert got.reason == "scan.driver_crash"
    assert [path.name for path in inside(folder)] == ["1.pdf"]
    again = run_pass(source, ask(folder))
    source.close()
    assert again.data() == [JPEG, page_jpeg(2), page_jpeg(3)]
    assert (again.reason, left(folder), inside(folder)) == ("complete", [], [])


def test_a_file_noted_as_committed_before_a_crash_is_not_taken_again(folder):
    put(folder, "1.jpg", JPEG)
    slots: list[Path] = []

    def note(event: object, got: Got) -> None:
        if isinstance(event, Delivered):
            slots.extend(inside(folder))

    run(folder, act=note)
    slots[0].parent.mkdir()
    slots[0].write_bytes(JPEG)
    put(folder, "2.jpg", page_jpeg(2))
    got = run(folder)
    assert (got.reason, got.names, inside(folder)) == ("complete", ["2.jpg"], [])


def test_a_file_over_which_two_passes_died_is_refused_by_name(folder):
    slot = folder / INBOX / "taken" / "0123456789abcdef-again"
    slot.mkdir(parents=True)
    (slot / "chet.jpg").write_bytes(JPEG)
    put(folder, "song.jpg", page_jpeg(2))
    got = run(folder)
    assert got.notices == [("scan.file_rejected", "chet.jpg")]
    assert (got.reason, got.names) == ("scan.file_rejected", ["song.jpg"])
    assert [path.name for path in inside(folder, "refused")] == ["chet.jpg"]


def test_front_and_back_in_files_of_their_own_make_sheets(folder):
    """A front is committed only after its back has come: nothing may wait for it before."""
    for number in range(4):
        put(folder, f"{number}.jpg", page_jpeg(number), age_s=60 - number)
    source = RemoteSource(HOST)
    got = run_pass(source, ask(folder, duplex=True, declared_sheets=2))
    assert (got.reason, got.ended.safe_sheets) == ("complete", 2)
    assert [(end.sheet, end.side) for end in got.ends] == [
        (1, "front"), (1, "back"), (2, "front"), (2, "back"),
    ]  # fmt: skip
    put(folder, "4.jpg", page_jpeg(4))
    odd = run_pass(source, ask(folder, duplex=True))
    source.close()
    assert (odd.reason, odd.ends[0].flags) == ("scan.odd_sides", ("half_sheet",))
    assert left(folder) == inside(folder) == []


def test_strange_names_links_and_folders_neither_stop_nor_mislead_the_pass(folder, tmp_path):
    outside = tmp_path / "ngoài.jpg"
    outside.write_bytes(JPEG)
    names = ["giấy ủy quyền.jpg", "hai\ndòng.jpg", "a" * 251 + ".jpg", "-rf *.jpg"]
    raw = os.fsdecode(b"\xff\xfe.jpg")
    for age, name in enumerate([*names, raw]):
        put(folder, name, page_jpeg(age), age_s=90 - age)
    (folder / "liên kết.jpg").symlink_to(outside)
    (folder / "con").mkdir()
    (folder / "con" / "x.jpg").write_bytes(JPEG)
    for hidden in (".an.jpg", "Thumbs.db"):
        (folder / hidden).write_bytes(JPEG)
    os.mkfifo(folder / "ống.jpg")
    got = run(folder)
    lost = "\N{REPLACEMENT CHARACTER}"
    assert got.names == [*names[:1], f"hai{lost}dòng.jpg", *names[2:], f"{lost * 2}.jpg"]
    assert sorted(got.notices) == [
        ("scan.file_rejected", "liên kết.jpg"),
        ("scan.file_rejected", "ống.jpg"),
    ]
    assert outside.read_bytes() == (folder / "con" / "x.jpg").read_bytes() == JPEG


def test_a_strange_name_travels_through_the_driver_host(folder):
    put(folder, os.fsdecode(b"a\n\xff.jpg"), JPEG)
    source = RemoteSource(HOST)
    got = run_pass(source, ask(folder, dpi=300))
    source.close()
    assert (got.reason, got.data()) == ("complete", [JPEG])
    lost = "\N{REPLACEMENT CHARACTER}"
    assert (got.ends[0].dpi, got.ends[0].name) == (200, f"a{lost * 2}.jpg")


def test_the_limits_of_silence_of_the_host_are_never_reached_by_waiting(folder, writer):
    """The parent counts silence: a growing file, and one that never ends, are no stall."""
    writer(trickle, folder / "cham.jpg", JPEG, 10, 0.15)
    put(folder, "nua.jpg", JPEG[:9000])
    source = RemoteSource(HOST)
    got = run_pass(source, ask(folder, stall_s=0.5))
    source.close()
    assert (got.reason, got.data()) == ("scan.file_incomplete", [JPEG])


def test_only_a_folder_that_is_there_is_listed(folder, tmp_path):
    source = HotFolderSource((str(folder), str(tmp_path / "không có"), ""))
    assert [device.id for device in source.devices()] == [f"folder:{folder}"]
    assert HotFolderSource().devices() == ()


@pytest.mark.parametrize("make", ["missing", "file", "kernel"])
def test_a_path_that_is_no_folder_or_takes_no_files_is_named(tmp_path, make):
    place = tmp_path / "x"
    if make == "file":
        place.write_bytes(b"x")
    elif make == "kernel":
        # Nobody, not even root, makes a file there: a share that is read-only.
        place = Path("/proc/self/net")
    error = raised(place)
    assert (error.slug, error.params["folder"]) == ("scan.folder_access", str(place))


def test_a_folder_without_the_right_to_rename_is_named():
    folder = Path(tempfile.mkdtemp(prefix="thư mục-"))
    put(folder, "1.jpg", JPEG)
    script = (
        "import sys\nfrom scanner.drivers.folder.source import HotFolderSource\n"
        "from scanner.drivers.source import Stop\nfrom scanner.errors import ScannerError\n"
        "from scanner.model import ScanRequest\nimport os\n"
        "if os.getuid() == 0:\n    os.setgroups([])\n    os.setgid(65534)\n    os.setuid(65534)\n"
        f"request = ScanRequest('folder:' + {str(folder)!r}, 'feeder', False, 200, stall_s=0.3)\n"
        "try:\n    list(HotFolderSource().scan(request, Stop()))\n"
        "except ScannerError as error:\n    print(error.slug, end='')\n"
    )
    folder.chmod(0o555)
    try:
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=False
        )
        assert done.stdout == "scan.folder_access", done.stderr
        assert left(folder) == ["1.jpg"]
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_folder_that_vanishes_ends_the_pass_by_name_with_what_came_before(folder):
    put(folder, "1.jpg", JPEG)

    def vanish(event: object, got: Got) -> None:
        if isinstance(event, Delivered):
            folder.rename(folder.with_name("mất"))

    got = run(folder, act=vanish)
    assert (got.reason, got.data) == ("scan.folder_access", [JPEG])
    assert len(inside(folder.with_name("mất"))) == 1


def test_two_stations_on_one_folder_do_not_take_from_each_other(folder):
    put(folder, "1.jpg", JPEG)
    slugs: list[str] = []

    def second(event: object, got: Got) -> None:
        if isinstance(event, SideBegin):
            slugs.append(raised(folder).slug)

    assert run(folder, act=second).data == [JPEG]
    assert slugs == ["scan.busy"]


def test_a_torn_ledger_is_no_trouble(folder):
    put(folder, "1.jpg", JPEG)
    (folder / INBOX).mkdir()
    (folder / INBOX / "ledger.jsonl").write_bytes(b'{"sha256": "ab\n\xff\xff\n[]\n{"sha256":1}\n7')
    assert run(folder).reason == "complete"


def test_the_ledger_stays_small(folder, monkeypatch):
    monkeypatch.setattr("scanner.drivers.folder.inbox.LEDGER_LINES", 5)
    for number in range(8):
        put(folder, f"{number}.jpg", page_jpeg(number))
    run(folder)
    inbox = Inbox(folder)
    inbox.open()
    inbox.close()
    assert len((folder / INBOX / "ledger.jsonl").read_text().splitlines()) == 5


def test_a_rejected_file_is_told_once_however_long_the_pass_waits(folder, writer):
    put(folder, "rac.jpg", b"not a picture at all")
    writer(lambda: (wait(0.6), put(folder, "sau.jpg", JPEG)))
    got = run(folder, stall_s=3)
    assert got.notices == [("scan.file_rejected", "rac.jpg")]
    assert got.names == ["sau.jpg"]


def test_a_folder_is_not_listed_faster_than_it_answers(folder):
    put(folder, "1.jpg", JPEG)
    watch = Watch(folder, 0.2)
    watch.look()
    put(folder, "2.jpg", JPEG)
    watch.look()
    assert list(watch.sights) == ["1.jpg"]
