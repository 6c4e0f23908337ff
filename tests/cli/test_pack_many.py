"""Many pages: interrupted at any moment, taken up again, and never a half file or a grown memory."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.cli.cli_kit import ROOT, command, main, processes_of, running, wait_until

PAGES = 24


def tiny_page(path: Path, number: int, size: tuple[int, int] = (620, 400)) -> Path:
    page = Image.new("L", size, 255)
    font = ImageFont.load_default(size=30)
    draw = ImageDraw.Draw(page)
    for line in range(4):
        draw.text((40, 40 + 60 * line), f"page {number} line {line} of a paper", font=font, fill=0)
    page.save(path, dpi=(150, 150))
    return path


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    for number in range(PAGES):
        tiny_page(folder / f"trang{number}.png", number)
    return folder


def parts_of(out: Path) -> list[Path]:
    return sorted(out.with_name(f".{out.name}.parts").glob("*.part"))


def children(pid: int) -> Iterator[int]:
    """Every living descendant."""
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, task.read_text().split()):
                yield child
                yield from children(child)


def workers(pid: int) -> list[int]:
    """Descendants that have loaded Tesseract, but for the server they are forked from."""
    found = []
    for child in children(pid):
        with contextlib.suppress(OSError):
            parent = int(Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()[1])
            if parent != pid and "tesserocr" in Path(f"/proc/{child}/maps").read_text():
                found.append(child)
    return found


def test_killed_in_the_middle_it_goes_on_with_what_was_whole_and_gives_the_same_bytes(
    tmp_path: Path, many: Path
):
    out = tmp_path / "ho-so.pdf"
    with running("pack", many, "-o", out, "--jobs", 2) as pack:
        wait_until(lambda: len(parts_of(out)) >= 5)
        os.killpg(pack.process.pid, signal.SIGKILL)
        pack.finish()
        pack.wait_alone()
    assert not out.exists()
    torn, *whole = parts_of(out)
    torn.write_bytes(torn.read_bytes()[:-7])
    (torn.parent / ".left.part.1.tmp").write_bytes(b"half")
    before = {part.name: part.stat().st_mtime_ns for part in whole}

    bad = tmp_path / "xau.jpg"
    bad.write_bytes(b"no picture")
    done = main("pack", many, bad, "-o", out, "--jobs", 2)
    done.trouble("image.not_an_image")
    assert not out.exists()
    assert len(parts_of(out)) == PAGES, "a long work is kept when one page of it is bad"
    after = {part.name: part.stat().st_mtime_ns for part in parts_of(out)}
    assert before.items() <= after.items(), "a whole page was read again"
    assert list(torn.parent.glob(".*.tmp")) == []

    assert main("pack", many, "-o", out, "--jobs", 2, "--home", tmp_path / "a").code == 0
    other = tmp_path / "other" / "ho-so.pdf"
    assert main("pack", many, "-o", other, "--jobs", 1, "--home", tmp_path / "b").code == 0
    assert out.read_bytes() == other.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"ho-so.pdf", "xau.jpg", "other"}
    assert [path.name for path in other.parent.iterdir()] == ["ho-so.pdf"]
    with pikepdf.open(out) as pdf:
        assert len(pdf.pages) == PAGES


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_is_quiet_and_leaves_only_whole_pages(tmp_path: Path, many: Path, jobs: int):
    out = tmp_path / "ho-so.pdf"
    with running("pack", many, "-o", out, "--jobs", jobs, "--json") as pack:
        wait_until(lambda: parts_of(out))
        done = pack.interrupt()
        pack.wait_alone()
    assert (done.code, done.out) == (130, ""), done.err
    assert "Traceback" not in done.err
    kept = out.with_name(f".{out.name}.parts")
    assert list(tmp_path.iterdir()) == [kept]
    assert {path.suffix for path in kept.iterdir()} <= {".part", ""}
    assert kept.name in done.err
    assert not processes_of(out)


def test_ctrl_c_before_the_first_page_leaves_nothing(tmp_path: Path, many: Path):
    out = tmp_path / "ho-so.pdf"
    with running("pack", many, "-o", out, "--jobs", 2, "--json") as pack:
        wait_until(lambda: out.with_name(f".{out.name}.parts").is_dir())
        done = pack.interrupt()
        pack.wait_alone()
    assert (done.code, done.out) == (130, ""), done.err
    assert "Traceback" not in done.err
    assert not out.exists()


def test_a_process_that_dies_costs_the_run_nothing(tmp_path: Path, many: Path):
    out = tmp_path / "ho-so.pdf"
    with running("pack", many, "-o", out, "--jobs", 2, "--json") as pack:
        wait_until(lambda: len(parts_of(out)) >= 2)
        killed = workers(pack.process.pid)
        for worker in killed:
            os.kill(worker, signal.SIGKILL)
        done = pack.finish()
    assert len(killed) == 2
    assert done.code == 0, done.err
    assert len(done.json["pages"]) == PAGES


def test_ocr_goes_on_where_it_was_killed_and_reads_anew_only_when_told(tmp_path: Path, many: Path):
    out = tmp_path / "ket-qua"
    with running("ocr", many, "--out", out, "--jobs", 2) as ocr:
        wait_until(lambda: len(list(out.glob("*.json"))) >= 4)
        os.killpg(ocr.process.pid, signal.SIGKILL)
        ocr.finish()
        ocr.wait_alone()
    made = {path.name: path.stat().st_mtime_ns for path in out.glob("*.json")}
    assert len(made) < PAGES
    assert all((out / name).with_suffix(".txt").exists() for name in made)
    done = main("ocr", many, "--out", out, "--json")
    assert done.code == 0, done.err
    assert [row["source"] for row in done.json] == [f"trang{n}.png" for n in range(PAGES)]
    now = {path.name: path.stat().st_mtime_ns for path in out.glob("*.json")}
    assert len(now) == PAGES
    assert made.items() <= now.items()
    assert {path.suffix for path in out.iterdir()} == {".json", ".jpg", ".txt"}

    one = many / "trang0.png"
    assert main("ocr", one, "--out", out, "--force").code == 0
    assert (out / "trang0.json").stat().st_mtime_ns > now["trang0.json"]
    before = (out / "trang1.json").stat().st_mtime_ns
    tiny_page(tmp_path / "trang1.png", 77)
    assert main("ocr", tmp_path / "trang1.png", "--out", out).code == 0
    assert "77" in (out / "trang1.txt").read_text(), "another picture of the same name is read"
    assert (out / "trang1.json").stat().st_mtime_ns > before


def test_a_terminal_shows_how_far_it_has_come_and_nothing_else_does(tmp_path: Path, many: Path):
    inputs = sorted(many.iterdir())[:4]
    ours, theirs = pty.openpty()
    argv = command("pack", *inputs, "-o", tmp_path / "a.pdf", "--json")
    process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    seen = bytearray()

    def read() -> None:
        with contextlib.suppress(OSError):
            while piece := os.read(ours, 4096):
                seen.extend(piece)

    reader = threading.Thread(target=read)
    reader.start()
    out, _ = process.communicate(timeout=90)
    reader.join(30)
    os.close(ours)
    assert process.returncode == 0
    text = seen.decode()
    assert "0/4 trang" in text
    assert "4/4 trang" in text
    assert "trang/phút" in text
    assert "còn 0:00" in text
    assert text.rsplit("\r", 2)[1].strip() == "", "the line is wiped at the end"
    assert out.count(b"\n") == 1
    assert main("pack", *inputs, "-o", tmp_path / "b.pdf", "--json").err == ""


def test_memory_does_not_grow_with_the_pages(tmp_path: Path):
    peaks = []
    for count in (60, 240):
        folder = tmp_path / str(count)
        folder.mkdir()
        for number in range(count):
            page = Image.new("L", (210, 297), 255)
            page.putpixel((number % 200, 100 + number // 200), 0)
            page.save(folder / f"{number}.png", dpi=(72, 72))
        with running("pack", folder, "-o", tmp_path / f"{count}.pdf", "--jobs", 2) as pack:
            peaks.append(peak_kib(pack.process))
            assert pack.finish().code == 0
    assert peaks[0] > 10_000
    assert peaks[1] - peaks[0] < 12_000, f"{peaks} KiB"


def peak_kib(process: subprocess.Popen[bytes]) -> int:
    """The most memory that the program itself held, read until it ends."""
    peak = 0
    status = Path(f"/proc/{process.pid}/status")
    pause = threading.Event()
    while process.poll() is None:
        with contextlib.suppress(OSError):
            for line in status.read_text().splitlines():
                if line.startswith("VmHWM:"):
                    peak = int(line.split()[1])
        pause.wait(0.05)
    return peak
