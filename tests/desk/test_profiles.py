"""A profile says how F5 scans; what the office fixed stays fixed, and what is wrong is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.desk import profiles, reception, scanners
from app.desk.profile_files import DEFAULT, Presets, load
from app.desk.scanners import Scanner
from app.domain.errors import Trouble
from app.store import dossiers
from app.store.database import transaction
from tests.desk.desk_kit import Bench

FEEDER = "escl:http://127.0.0.1:9/eSCL"


@pytest.fixture(autouse=True)
def _fresh_settings(bench: Bench) -> Iterator[None]:
    yield
    with transaction(bench.db):
        for key in ("profile", "duplex", "device", "device_name", "source", "sides"):
            dossiers.set_setting(bench.db, f"scan.{key}", "")
        bench.db.execute("DELETE FROM setting WHERE key LIKE 'scan.%'")


@pytest.fixture
def admin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of the office's file."""
    monkeypatch.setenv("COUNTER_STATION_ADMIN", str(tmp_path))
    return tmp_path / "profiles.toml"


def office(path: Path, text: str) -> Presets:
    path.write_text(text, "utf-8")
    return load(path)


def told(found: Presets) -> list[tuple[str, object]]:
    return [(problem.slug, problem.params.get("line")) for problem in found.problems]


def test_without_an_office_file_a_stack_is_scanned_in_colour_at_300_dpi_on_both_sides_of_a4(
    bench: Bench,
):
    found = profiles.plan(bench.office, FEEDER, 7)
    assert (found.device, found.dpi, found.mode, found.duplex) == (FEEDER, 300, "color", True)
    assert (found.page_mm, found.multifeed, found.source) == ((210, 297), "stop", "feeder")
    assert found.declared_sheets == 7


def test_every_built_in_profile_may_be_chosen_and_scanned_with(bench: Bench):
    for name, preset in load().rows.items():
        profiles.choose(bench.office, name)
        found = profiles.plan(bench.office, FEEDER)
        assert found.dpi >= 300
        assert found.duplex is preset.duplex
        assert preset.title
        assert not preset.office


def test_a_simulated_feeder_begins_with_single_sides(bench: Bench):
    assert profiles.plan(bench.office, "simulated:").duplex is False
    profiles.choose(bench.office, DEFAULT)
    assert profiles.plan(bench.office, "simulated:").duplex is True


def test_an_office_adds_a_profile_and_chooses_the_default(bench: Bench, admin: Path):
    office(
        admin,
        'default = "luu-ngan"\n[profile.luu-ngan]\ntitle = "Lưu ngắn"\ndpi = 200\n'
        'mode = "gray"\nreason = "Thời hạn bảo quản 5 năm"\n',
    )
    found = profiles.plan(bench.office, "simulated:")
    assert (found.dpi, found.mode, found.duplex) == (200, "gray", True)
    assert found.reason == "Thời hạn bảo quản 5 năm"
    assert profiles.choice(bench.office).preset.office


def test_what_the_office_locked_holds_in_every_profile_and_against_the_clerk(
    bench: Bench, admin: Path
):
    profiles.set_duplex(bench.office, on=False)
    office(
        admin,
        'locked = ["duplex", "mode"]\ndefault = "ta"\n[profile.ta]\nmode = "gray"\n'
        '[profile.khac]\nmode = "lineart"\nduplex = false\n',
    )
    profiles.choose(bench.office, "khac")
    found = profiles.choice(bench.office, FEEDER)
    assert (found.preset.mode, found.duplex, found.duplex_free) == ("gray", True, False)
    with pytest.raises(Trouble, match=r"profile\.locked"):
        profiles.set_duplex(bench.office, on=False)


def test_a_lock_of_the_resolution_takes_its_reason_along(tmp_path: Path):
    found = office(
        tmp_path / "p.toml",
        'locked = ["dpi"]\ndefault = "ta"\n[profile.ta]\ndpi = 250\nreason = "Mẫu cũ"\n',
    ).effective("kho-a3")
    assert found is not None
    assert (found.dpi, found.reason, found.page) == (250, "Mẫu cũ", "A3")


@pytest.mark.parametrize(
    ("text", "slug", "line"),
    [
        ('default = "hai-mat"\nlocked = [\n[profile', "profile.broken", 3),
        ("[profile.ta]\ndpi = 300\nspeed = 9\n", "profile.unknown_key", 3),
        ('\ncolour = "all"\n', "profile.unknown_key", 2),
        ("[profile.ta]\n\ndpi = 199\n", "profile.wrong_value", 3),
        ('[profile.ta]\ndpi = "300"\n', "profile.wrong_value", 2),
        ("[profile.ta]\ndpi = true\n", "profile.wrong_value", 2),
        ("[profile.ta]\ntitle = 'x'\nduplex = 1\n", "profile.wrong_value", 3),
        ('[profile.ta]\nmode = "sepia"\n', "profile.wrong_value", 2),
        ('[profile.ta]\npage = ["A4"]\n', "profile.wrong_value", 2),
        ('[profile.ta]\ndouble_feed = "maybe"\n', "profile.wrong_value", 2),
        ('[profile.ta]\ndpi = 200\nreason = " "\n', "profile.wrong_value", 3),
        ("[profile.khac]\nduplex = true\n[profile.ta]\ndpi = 299\n", "profile.no_reason", 4),
        ("[profile]\nta = 3\n", "profile.wrong_value", 2),
        ("profile = 3\n", "profile.wrong_value", 1),
        ('default = "ai-do"\n', "profile.wrong_value", 1),
        ('locked = "dpi"\n', "profile.wrong_value", 1),
    ],
)
def test_a_fault_in_the_office_file_is_named_with_its_line_and_the_default_goes_on(
    tmp_path: Path, text: str, slug: str, line: int
):
    found = office(tmp_path / "profiles.toml", text)
    assert told(found) == [(slug, line)]
    assert "ta" not in found.rows
    default = found.effective(found.default)
    assert default is not None
    assert (default.name, default.dpi, default.mode) == (DEFAULT, 300, "color")


@pytest.mark.parametrize("text", ["locked = [\n", 'locked = "mode"\n', "\xff\xfe = 1\n\x00"])
def test_locks_nobody_can_read_lock_the_quality_until_they_are_mended(tmp_path: Path, text: str):
    found = office(tmp_path / "profiles.toml", text)
    assert found.problems
    assert found.locked == {"dpi", "mode", "double_feed"}


def test_one_bad_profile_leaves_the_good_ones_and_the_locks(tmp_path: Path):
    found = office(
        tmp_path / "p.toml",
        'locked = ["dpi", "speed"]\n[profile.a]\ndpi = 1\n[profile.b]\npage = "A5"\n',
    )
    assert "a" not in found.rows
    assert found.rows["b"].page == "A5"
    assert found.locked == {"dpi"}, "what can be understood of a lock holds"
    assert sorted(slug for slug, _ in told(found)) == ["profile.wrong_value"] * 2


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", None])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, data: bytes | None):
    path = tmp_path / "profiles.toml"
    if data is None:
        path.mkdir()
    else:
        path.write_bytes(data)
    found = load(path)
    assert told(found) == [("profile.unreadable", None)]
    assert found.default == DEFAULT


def test_a_profile_that_is_gone_gives_way_to_the_default(bench: Bench, admin: Path):
    office(admin, '[profile.tam]\npage = "A5"\n')
    profiles.choose(bench.office, "tam")
    admin.unlink()
    assert profiles.choice(bench.office, FEEDER).preset.name == DEFAULT
    with pytest.raises(Trouble, match=r"profile\.unknown"):
        profiles.choose(bench.office, "tam")


@pytest.mark.parametrize(("dpi", "least"), [(150, 300), (199, 300), (200, 300), (299, 300)])
def test_the_desk_scans_no_coarser_than_300_dpi_without_a_reason(
    bench: Bench, dpi: int, least: int
):
    dossier = bench.dossier()
    profile = reception.ScanProfile("simulated:", dpi=dpi)
    with pytest.raises(Trouble) as caught:
        reception.start_scan(bench.office, dossier, profile)
    assert (caught.value.slug, caught.value.params["least"]) == ("scan.resolution", least)


def test_with_a_reason_200_dpi_is_the_floor(bench: Bench):
    dossier = bench.dossier()
    with pytest.raises(Trouble) as caught:
        reception.start_scan(
            bench.office, dossier, reception.ScanProfile("simulated:", dpi=199, reason="mẫu cũ")
        )
    assert caught.value.params["least"] == 200
    bench.feed(dossier, (), slug="scan.no_docs", dpi=200, reason="mẫu cũ")
    (job,) = bench.vault.jobs.by_dossier(dossier)
    assert (job.params["dpi"], job.params["mode"], job.params["multifeed"]) == (
        200,
        "color",
        "stop",
    )


# --- the scanner ------------------------------------------------------------------------------


def test_a_chosen_scanner_is_remembered_with_what_it_can_do(bench: Bench):
    one_sided = Scanner("sane:x", "Canon", "Canon P-215", ("feeder",), (300,), duplex=False)
    scanners.choose(bench.office, one_sided)
    assert dossiers.setting(bench.db, "scan.device") == "sane:x"
    assert scanners.chosen_name(bench.office, "sane:x") == "Canon P-215"
    found = profiles.choice(bench.office, "sane:x")
    assert (found.duplex, found.duplex_free) == (False, False), "its feeder has one side"
    glass = Scanner("sane:y", "Epson", "V39", ("flatbed",), (300,), duplex=False)
    scanners.choose(bench.office, glass)
    plan = profiles.plan(bench.office, "sane:y")
    assert (plan.source, plan.duplex) == ("flatbed", False)


def test_a_scanner_that_did_not_say_what_it_can_do_keeps_the_profile(bench: Bench):
    scanners.choose(bench.office, scanners.by_address("http://192.0.2.7:8080/eSCL/"))
    assert profiles.plan(bench.office, "escl:http://192.0.2.7:8080/eSCL").duplex is True


@pytest.mark.parametrize(
    ("text", "device"),
    [
        (" http://192.0.2.7 ", "escl:http://192.0.2.7/eSCL"),
        ("https://may-quet.local:8443/eSCL/", "escl:https://may-quet.local:8443/eSCL"),
        ("http://[2001:db8::7]/eSCL", "escl:http://[2001:db8::7]/eSCL"),
    ],
)
def test_an_address_that_was_typed_becomes_a_scanner(text: str, device: str):
    assert scanners.by_address(text).id == device


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "may quet", "quet/vao", "ftp://192.0.2.7/eSCL", "http://", "http://:80/eSCL",
        "http://192.0.2.7:99999/eSCL", "http://a b/eSCL", "http://u:p@192.0.2.7/", "http://[::1/x",
        "http://192.0.2.7/eSCL?x=1", "http://" + "a" * 600, "x" * 600,
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_and_changes_nothing(bench: Bench, text: str):
    with pytest.raises(Trouble, match=r"scan\.address"):
        scanners.choose(bench.office, scanners.by_address(text))
    assert dossiers.setting(bench.db, "scan.device") == ""


def test_a_folder_must_be_there_and_may_be_used(tmp_path: Path):
    assert scanners.by_address(str(tmp_path)).id == f"folder:{tmp_path}"
    for missing in (tmp_path / "không-có", tmp_path / "tệp"):
        (tmp_path / "tệp").write_text("x", "utf-8")
        with pytest.raises(Trouble, match=r"scan\.folder_access"):
            scanners.by_address(str(missing))


def test_drivers_that_no_device_has_met_say_so():
    assert Scanner("wia:{6BDD1FC6}").untried
    assert Scanner("twain:Canon DR-C240").untried
    assert not Scanner("sane:test:0").untried
