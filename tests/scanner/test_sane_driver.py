"""The SANE driver against libsane's own test device: layouts, statuses, options."""

from __future__ import annotations

import ctypes as c
import io

import numpy as np
import pytest
import simplejpeg
from PIL import Image

from scanner.drivers.sane import abi as sane_abi
from scanner.drivers.sane.device import trouble
from scanner.drivers.sane.options import match_mode, match_source
from scanner.images.jpeg_strips import QUALITY
from scanner.model import ScanRequest
from scanner.remote import RemoteSource
from tests.scanner.scan_kit import HOST, hidden_driver_code, run_pass, sane_env, scan, scanimage_pnm

SMALL = (60.0, 80.0)


def ask(**options: object) -> ScanRequest:
    fields = {"source": "flatbed", "duplex": False, "dpi": 75, "page_mm": SMALL, **options}
    return ScanRequest("sane:test:0", **fields)  # type: ignore[arg-type]


def decoded(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.copy()


def encoded_whole(picture: Image.Image) -> Image.Image:
    """The picture after one pass through the encoder as a whole, not in strips."""
    gray = picture.mode == "L"
    pixels = np.array(picture)
    data = simplejpeg.encode_jpeg(
        pixels[:, :, None] if gray else pixels,
        quality=QUALITY,
        colorspace="GRAY" if gray else "RGB",
        colorsubsampling="Gray" if gray else "444",
        fastdct=False,
    )
    return decoded(data)


def same(left: Image.Image, right: Image.Image) -> bool:
    return (left.size, left.mode, left.tobytes()) == (right.size, right.mode, right.tobytes())


def by_scanimage(env: dict[str, str], *options: str) -> Image.Image:
    """The same page read by SANE's own front end."""
    return decoded(scanimage_pnm(env, *options))


@pytest.mark.skipif(c.sizeof(c.c_void_p) != 8, reason="sizes of the 64-bit interface")
def test_the_structures_have_the_size_libsane_was_compiled_with():
    assert c.sizeof(sane_abi.COption) == 56
    assert c.sizeof(sane_abi.CParameters) == 24
    assert c.sizeof(sane_abi.CDevice) == 32
    assert c.sizeof(sane_abi.CRange) == 12


def test_the_device_tells_its_sources_and_resolutions(tmp_path):
    source = RemoteSource(HOST, sane_env(tmp_path / "sane", number_of_devices=2))
    first, second = source.devices(["sane"])
    assert (first.id, second.id) == ("sane:test:0", "sane:test:1")
    assert (first.driver, first.vendor, first.model) == ("sane", "Noname", "frontend-tester")
    assert first.sources == ("feeder", "flatbed")
    assert {200, 300} <= set(first.dpi)
    assert not first.duplex
    source.close()


def test_a_full_feeder_of_colour_a4_at_300_dpi_arrives_whole(tmp_path):
    env = sane_env(tmp_path / "sane", test_picture='"Color pattern"')
    request = ScanRequest("sane:test:0", "feeder", False, 300, declared_sheets=10)
    got = scan(request, env)
    assert (got.reason, got.ended.safe_sheets) == ("complete", 10)
    assert [end.seq for end in got.ends] == list(range(1, 11))
    assert {(end.width_px, end.height_px, end.dpi) for end in got.ends} == {(2480, 3507, 300)}
    page = decoded(got.data()[0])
    assert page.info["dpi"] == (300, 300)
    assert len({end.sha256 for end in got.ends}) == 1
    options = ("--resolution", "300", "-x", "210", "-y", "297", "--mode", "Color")
    assert same(page, encoded_whole(by_scanimage(env, *options)))


@pytest.mark.parametrize("picture", ["Color pattern", "Grid", "Solid white"])
@pytest.mark.parametrize("mode", ["color", "gray"])
def test_pixels_are_those_of_scanimage(tmp_path, picture, mode):
    env = sane_env(tmp_path / "sane", test_picture=f'"{picture}"')
    got = scan(ask(mode=mode), env)
    assert got.reason == "complete"
    theirs = by_scanimage(
        env, "--resolution", "75", "-x", "60", "-y", "80", "--mode", mode.capitalize()
    )
    assert same(decoded(got.data()[0]), encoded_whole(theirs))


@pytest.mark.parametrize(
    "options",
    [
        {"fuzzy_parameters": "true"},
        {"non_blocking": "true"},
        {"read_limit": "true", "read_limit_size": 1},
        {"read_limit": "true", "read_limit_size": 777},
        {"read_delay": "true", "read_delay_duration": 20000},
        {"select_fd": "true"},
        {"depth": 16},
        {"three_pass": "true"},
        {"three_pass": "true", "three_pass_order": '"BGR"', "fuzzy_parameters": "true"},
    ],
    ids=str,
)
def test_an_awkward_but_honest_device_gives_the_same_pixels(tmp_path, options):
    plain = scan(ask(), sane_env(tmp_path / "plain", test_picture='"Color pattern"'))
    env = sane_env(tmp_path / "odd", test_picture='"Color pattern"', **options)
    odd = scan(ask(), env)
    assert odd.reason == "complete"
    assert odd.data() == plain.data()


def test_the_padding_some_devices_add_to_each_row_is_cut_away(tmp_path):
    env = sane_env(tmp_path / "sane", test_picture='"Color pattern"', ppl_loss=19)
    got = scan(ask(), env)
    assert (got.reason, got.ends[0].flags) == ("complete", ("short_page",))
    plain = sane_env(tmp_path / "plain", test_picture='"Color pattern"')
    whole = by_scanimage(plain, "--resolution", "75", "-x", "60", "-y", "80", "--mode", "Color")
    useful = whole.crop((0, 0, whole.width - 19, whole.height))
    assert same(decoded(got.data()[0]), encoded_whole(useful))


def test_a_hand_scanner_that_knows_no_height_gives_a_whole_page(tmp_path):
    env = sane_env(tmp_path / "sane", hand_scanner="true", test_picture='"Grid"')
    got = scan(ask(page_mm=(110.0, 200.0)), env)
    assert got.reason == "complete"
    assert decoded(got.data()[0]).size == (got.ends[0].width_px, got.ends[0].height_px)


@pytest.mark.parametrize(
    ("status", "slug"),
    [
        ("UNSUPPORTED", "scan.unsupported"),
        ("CANCELLED", "cancelled"),
        ("DEVICE_BUSY", "scan.busy"),
        ("INVAL", "scan.driver_error"),
        ("EOF", "scan.page_empty"),
        ("JAMMED", "scan.jam"),
        ("NO_DOCS", "scan.page_truncated"),
        ("COVER_OPEN", "scan.cover_open"),
        ("IO_ERROR", "scan.driver_error"),
        ("NO_MEM", "scan.driver_error"),
        ("ACCESS_DENIED", "scan.access_denied"),
    ],
)
def test_each_status_of_a_read_has_its_own_name_and_keeps_no_page(tmp_path, status, slug):
    env = sane_env(tmp_path / "sane", read_status_code=f'"SANE_STATUS_{status}"')
    got = scan(ask(source="feeder"), env)
    assert got.reason == slug
    assert got.ends == []
    assert len(got.dropped) == 1
    assert got.ended.refeed_sheet == 1


@pytest.mark.parametrize(
    ("request_fields", "options", "slug"),
    [
        ({"dpi": 2400}, {}, "scan.unsupported"),
        ({"source": "feeder", "duplex": True}, {}, "scan.unsupported"),
        ({"page_mm": (290.0, 299.0)}, {"geometry_max": 200}, "scan.unsupported"),
    ],
)
def test_what_the_device_cannot_do_is_said_and_never_done_otherwise(
    tmp_path, request_fields, options, slug
):
    got = scan(ask(**request_fields), sane_env(tmp_path / "sane", **options))
    assert got.reason == slug
    assert got.ends == []


def test_a_device_that_is_gone_is_offline(tmp_path):
    request = ScanRequest("sane:test:7", "flatbed", False, 75)
    assert scan(request, sane_env(tmp_path / "sane")).reason == "scan.offline"


def test_fewer_sheets_than_declared_is_short_and_more_is_over(tmp_path):
    env = sane_env(tmp_path / "sane")
    short = scan(ask(source="feeder", declared_sheets=12), env)
    assert (short.reason, short.ended.refeed_sheet) == ("scan.count_short", 11)
    assert short.ended.params["declared"] == 12
    over = scan(ask(source="feeder", declared_sheets=9), env)
    assert (over.reason, over.ended.safe_sheets) == ("scan.count_over", 10)


@pytest.mark.parametrize(
    ("choices", "feeder", "duplex", "flatbed"),
    [
        (("Flatbed", "Automatic Document Feeder"), "Automatic Document Feeder", None, "Flatbed"),
        (("ADF Front", "ADF Back", "ADF Duplex"), "ADF Front", "ADF Duplex", None),
        (("ADF Back", "ADF Front"), "ADF Front", None, None),
        (("Flatbed", "ADF", "ADF Duplex"), "ADF", "ADF Duplex", "Flatbed"),
        (("FB", "ADF"), "ADF", None, "FB"),
        (("Card Front", "Card Duplex", "ADF Front"), "ADF Front", None, None),
        (
            (
                "FlatBed",
                "Automatic Document Feeder(left aligned)",
                "Automatic Document Feeder(left aligned,Duplex)",
            ),
            "Automatic Document Feeder(left aligned)",
            "Automatic Document Feeder(left aligned,Duplex)",
            "FlatBed",
        ),
        (("fb", "adf"), "adf", None, "fb"),
        (("Normal", "Transparency"), None, None, None),
        ((), None, None, None),
    ],
)
def test_sources_are_matched_by_what_backends_call_them(choices, feeder, duplex, flatbed):
    assert match_source(choices, "feeder") == feeder
    assert match_source(choices, "duplex") == duplex
    assert match_source(choices, "flatbed") == flatbed


@pytest.mark.parametrize(
    ("choices", "color", "gray", "lineart"),
    [
        (("Gray", "Color"), "Color", "Gray", None),
        (("Lineart", "Halftone", "Gray", "Color"), "Color", "Gray", "Lineart"),
        (("Binary", "Gray", "Color"), "Color", "Gray", "Binary"),
        (("Monochrome", "Grayscale", "Color"), "Color", "Grayscale", "Monochrome"),
        (
            ("Black & White", "Gray[Error Diffusion]", "True Gray", "24bit Color"),
            "24bit Color",
            "True Gray",
            "Black & White",
        ),
        ((), None, None, None),
    ],
)
def test_modes_are_matched_by_what_backends_call_them(choices, color, gray, lineart):
    assert match_mode(choices, "color") == color
    assert match_mode(choices, "gray") == gray
    assert match_mode(choices, "lineart") == lineart


def test_a_status_no_standard_names_keeps_its_number():
    error = trouble(77, "read")
    assert (error.slug, error.params["code"]) == ("scan.driver_error", "sane-read-77")


def test_the_host_stays_small_and_flat_in_pages_and_resolution(tmp_path):
    """The bound is the sum of its parts: interpreter, encoder and a few strips, never a page."""
    patch = (
        "import atexit, scanner.host as h\n"
        "end = h.Host._scan\n"
        "def measured(self, request):\n"
        "    end(self, request)\n"
        "    status = open('/proc/self/status').read()\n"
        f"    open({str(tmp_path / 'rss')!r}, 'a').write(status.split('VmHWM:')[1].split()[0])\n"
        f"    open({str(tmp_path / 'rss')!r}, 'a').write(' ')\n"
        "h.Host._scan = measured\n"
    )
    env = sane_env(tmp_path / "sane", test_picture='"Color pattern"')
    for dpi, source_name in ((300, "flatbed"), (300, "feeder"), (600, "flatbed")):
        source = RemoteSource(hidden_driver_code(patch), env)
        assert (
            run_pass(source, ScanRequest("sane:test:0", source_name, False, dpi)).reason
            == "complete"
        )
        source.close()
    figures = [int(figure) for figure in (tmp_path / "rss").read_text().split()]
    print("host peak kB:", figures)
    page_kb = 2480 * 3507 * 3 // 1024
    assert all(figure < 40 * 1024 for figure in figures)
    assert max(figures) - min(figures) < page_kb


def test_the_host_of_a_page_without_end_and_of_noise_stays_small(tmp_path):
    """What it holds is at most one compressed page of the asked size."""
    peak = tmp_path / "peak"
    patch = (
        "import dataclasses, scanner.drivers.sane.device as d, scanner.host as h\n"
        "whole, layout = h.Host._scan, d.SaneDevice.parameters\n"
        "noise = memoryview(os.urandom(256 << 10))\n"
        "d.SaneDevice.parameters = lambda self: dataclasses.replace(layout(self), lines=None)\n"
        "d.SaneDevice.read = lambda self: (0, noise)\n"
        "def measured(self, request):\n"
        "    whole(self, request)\n"
        "    status = open('/proc/self/status').read()\n"
        f"    open({str(peak)!r}, 'w').write(status.split('VmHWM:')[1].split()[0])\n"
        "h.Host._scan = measured\n"
    )
    source = RemoteSource(hidden_driver_code(patch), sane_env(tmp_path / "sane"))
    got = run_pass(source, ask(dpi=200, page_mm=(210.0, 297.0), stall_s=60.0))
    source.close()
    print("host peak kB:", peak.read_text())
    assert (got.reason, got.ends) == ("scan.page_wrong", [])
    assert int(peak.read_text()) < 64 * 1024
