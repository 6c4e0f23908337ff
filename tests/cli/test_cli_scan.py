"""``scan``: every side is a whole file, every end has its name and the sheet to feed again."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from tests.cli.cli_kit import main, processes_of, running, wait_until

SIDE = {"page", "sheet", "side", "path", "width_px", "height_px", "dpi", "sha256"}
END = {"ended", "pages", "safe_sheets", "refeed_sheet"}


def device(pages: Path, tmp_path: Path, *plan: dict[str, object], **query: object) -> str:
    if plan:
        (tmp_path / "plan.json").write_text(json.dumps(plan))
        query["plan"] = tmp_path / "plan.json"
    return f"simulated:{pages}?" + "&".join(f"{key}={value}" for key, value in query.items())


def scan(device_id: str, out: Path, *more: object):
    return main("scan", "--device", device_id, "--out", out, "--json", *more)


def whole(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir())


def test_a_stack_comes_in_order_and_byte_for_byte(tmp_path: Path, small_pages: Path):
    out = tmp_path / "quet"
    done = scan(device(small_pages, tmp_path), out, "--sheets", 3)
    assert done.code == 0, done.err
    *sides, end = done.lines
    assert all(set(side) >= SIDE for side in sides)
    assert end == {"ended": "complete", "pages": 3, "safe_sheets": 3, "refeed_sheet": None}
    assert [side["sheet"] for side in sides] == [1, 2, 3]
    for side, source in zip(sides, sorted(small_pages.glob("*.jpg")), strict=True):
        data = Path(side["path"]).read_bytes()
        assert data == source.read_bytes()
        assert side["sha256"] == hashlib.sha256(data).hexdigest()
        assert (side["width_px"], side["height_px"], side["dpi"]) == (2480, 3508, 300)
    assert len(whole(out)) == 3


def test_a_jam_names_the_sheet_to_feed_again_and_keeps_what_is_safe(tmp_path, small_pages):
    out = tmp_path / "quet"
    done = scan(device(small_pages, tmp_path, {"sheet": 3, "fault": "jam"}), out, "--sheets", 3)
    done.trouble("scan.jam")
    end = done.lines[-1]
    assert set(end) == END
    assert (end["ended"], end["safe_sheets"], end["refeed_sheet"]) == ("scan.jam", 2, 3)
    assert "3" in done.err
    assert len(whole(out)) == 2


def test_a_lone_front_in_duplex_is_marked(tmp_path: Path, small_pages: Path):
    out = tmp_path / "quet"
    plan = {"sheet": 2, "fault": "jam", "side": "back"}
    done = scan(device(small_pages, tmp_path, plan), out, "--duplex")
    assert done.code == 3
    *sides, end = done.lines
    assert (end["safe_sheets"], end["refeed_sheet"]) == (1, 2)
    halves = [side for side in sides if side.get("half_sheet")]
    assert [side["sheet"] for side in halves] == [2]
    assert Path(halves[0]["path"]).is_file()


@pytest.mark.parametrize("fault", ["half_jpeg", "zero_byte", "wrong_size"])
def test_a_side_that_is_cut_empty_or_wrong_is_not_kept(tmp_path, small_pages, fault: str):
    out = tmp_path / "quet"
    plan = {"sheet": 2, "fault": fault, "times": 9}
    done = scan(device(small_pages, tmp_path, plan), out)
    done.trouble()
    *sides, end = done.lines
    assert [side["sheet"] for side in sides] == [1]
    assert (end["safe_sheets"], end["refeed_sheet"]) == (1, 2)
    assert len(whole(out)) == 1


def test_fewer_sheets_than_declared_is_no_complete_batch(tmp_path: Path, small_pages: Path):
    done = scan(device(small_pages, tmp_path), tmp_path / "quet", "--sheets", 5)
    done.trouble("scan.count_short")
    assert done.lines[-1]["refeed_sheet"] == 4


def test_too_coarse_a_scan_is_refused_before_the_feeder_moves(tmp_path: Path, small_pages: Path):
    done = scan(device(small_pages, tmp_path), tmp_path / "quet", "--dpi", 150)
    done.trouble("scan.resolution")
    assert done.out == ""
    assert not (tmp_path / "quet").exists()


def test_between_200_and_300_dpi_is_said_and_done(tmp_path: Path, small_pages: Path):
    done = scan(device(small_pages, tmp_path), tmp_path / "quet", "--dpi", 200)
    assert done.code == 0, done.err
    assert {side["dpi"] for side in done.lines[:-1]} == {200}
    assert "200 dpi" in done.err


def test_a_profile_of_the_office_says_how_and_why(tmp_path: Path, small_pages: Path):
    (tmp_path / "profiles.toml").write_text(
        '[profile.luu-ngan]\ndpi = 200\nduplex = false\nreason = "Lưu 5 năm"\n'
        "[profile.hong]\ndpi = 9\n",
        "utf-8",
    )
    env = {"COUNTER_STATION_ADMIN": str(tmp_path)}
    argv = ("scan", "--device", device(small_pages, tmp_path), "--json")
    done = main(*argv, "--profile", "luu-ngan", "--out", tmp_path / "quet", env=env)
    assert done.code == 0, done.err
    assert [(side["dpi"], side["side"]) for side in done.lines[:-1]] == [(200, "front")] * 3
    assert done.slugs == ["profile.wrong_value"], "a fault of the file is told, its reason is not"
    assert "dòng 6" in done.err
    unknown = main(*argv, "--profile", "hong", "--out", tmp_path / "khac", env=env)
    unknown.trouble("profile.wrong_value", "profile.unknown")
    assert not (tmp_path / "khac").exists()


def test_a_folder_that_a_device_saves_into_is_a_scanner(tmp_path: Path, small_pages: Path):
    inbox, out = tmp_path / "vào", tmp_path / "quet"
    shutil.copytree(small_pages, inbox)
    done = scan(f"folder:{inbox}", out, "--sheets", 3)
    assert done.code == 0, done.err
    *sides, end = done.lines
    assert (end["ended"], end["safe_sheets"]) == ("complete", 3)
    assert [Path(side["path"]).read_bytes() for side in sides] == [
        page.read_bytes() for page in sorted(small_pages.glob("*.jpg"))
    ]


@pytest.mark.parametrize(
    "name",
    ["simulated:/no/such/folder", "escl:http://127.0.0.1:9", "gone:", "wia:{0}", "twain:Canon"],
)
def test_a_device_that_is_not_there_is_named(tmp_path: Path, name: str):
    done = scan(name, tmp_path / "quet")
    done.trouble()
    if done.out:
        assert done.lines[-1]["refeed_sheet"] == 1


def test_ctrl_c_keeps_whole_sides_and_says_cancelled(tmp_path: Path, small_pages: Path):
    out = tmp_path / "quet"
    slow = device(small_pages, tmp_path, ipm=12)
    with running("scan", "--device", slow, "--out", out, "--json") as batch:
        batch.wait_for("out", '"page": 1')
        done = batch.interrupt()
        batch.wait_alone()
        assert done.code == 130, done.err
        assert "Traceback" not in done.err
        end = json.loads(done.out.splitlines()[-1])
        assert end["ended"] == "cancelled"
        kept = [json.loads(line)["path"] for line in done.out.splitlines()[:-1]]
        assert sorted(kept) == sorted(str(path) for path in out.iterdir())
    wait_until(lambda: not processes_of(out))
