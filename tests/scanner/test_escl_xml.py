"""Documents of strangers: parsed, or refused as an error of the driver, never more."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.drivers.escl.documents import (
    PWG_NS,
    SCAN_NS,
    parse_capabilities,
    parse_status,
    parse_xml,
)
from scanner.errors import ScannerError
from scanner.simulator.documents import MAX_WIDTH, capabilities_xml
from tests.scanner.strange_device import status

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">' for n in range(9))
    + "]><lolz>&j;</lolz>"
).encode()
OUTSIDE = b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>'


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"\0\0\0\0",
        b"not xml",
        b"<html><body>Please log in</body></html>",
        b"<!DOCTYPE html><html><body></body></html>",
        BOMB,
        OUTSIDE,
        BOMB.decode().encode("utf-16"),
        b"<a>" * 100_000,
        b"<s:ScannerStatus>",
        f'<ScannerStatus xmlns="{PWG_NS}"/>'.encode(),
        b'<?xml version="1.0" encoding="no-such"?><a/>',
        b"<a>\xff\xfe</a>",
        status("ScannerAdfEmpty") + b" " * (1 << 20),
        b"<a>" + b"x" * (10 << 20) + b"</a>",
        capabilities_xml(uuid="u", duplex=True, flatbed=True),
    ],
    ids=lambda document: repr(document[:24]),
)
def test_what_is_no_status_is_an_error_of_the_driver(document):
    with pytest.raises(ScannerError) as caught:
        parse_status(document)
    assert caught.value.slug == "scan.driver_error"


@pytest.mark.parametrize("lead", [b"", b"\xef\xbb\xbf", b"\xef\xbb\xbf<?xml version='1.0'?>"])
def test_prefixes_and_a_byte_order_mark_do_not_matter(lead):
    document = (
        f'<odd:ScannerStatus xmlns:odd="{SCAN_NS}" xmlns="{PWG_NS}"><State>Idle</State>'
        "<odd:AdfState> ScannerAdfLoaded </odd:AdfState></odd:ScannerStatus>"
    ).encode()
    found = parse_status(lead + document)
    assert (found.state, found.adf_state, found.loaded, found.fault) == (
        "Idle", "ScannerAdfLoaded", True, None,
    )  # fmt: skip


def test_the_same_names_in_another_namespace_are_not_believed():
    document = (
        f'<s:ScannerStatus xmlns:s="{SCAN_NS}" xmlns:x="http://example.org/">'
        "<x:AdfState>ScannerAdfJam</x:AdfState></s:ScannerStatus>"
    ).encode()
    assert parse_status(document).fault is None


def test_a_status_without_a_feeder_state_is_neither_empty_nor_loaded():
    found = parse_status(status(""))
    assert (found.empty, found.loaded, found.fault) == (False, False, None)


def test_the_state_is_that_of_our_own_job():
    found = parse_status(status("ScannerAdfLoaded", "Aborted"))
    assert found.job_state("/eSCL/ScanJobs/1") == "Aborted"
    assert found.job_state("/eSCL/ScanJobs/21") == ""
    longer = parse_status(status("", "Aborted").replace(b"ScanJobs/1<", b"ScanJobs/21<"))
    assert longer.job_state("/eSCL/ScanJobs/1") == ""
    assert longer.job_state("/eSCL/ScanJobs/21/") == "Aborted"


@pytest.mark.parametrize("number", ["", "-1", "3e9", "٣", "9" * 40, "12.5", "0x20"])
def test_a_number_that_is_none_counts_as_not_given(number):
    document = capabilities_xml(uuid="u", duplex=False, flatbed=False).replace(
        b"%d" % MAX_WIDTH, number.encode()
    )
    found = parse_capabilities(document)
    assert found.simplex is not None
    assert found.simplex.max_width == 0


@pytest.mark.parametrize(
    "span",
    [
        "<s:XResolutionRange><s:Min>75</s:Min><s:Max>600</s:Max></s:XResolutionRange>",
        "<s:XResolution><s:Min>75</s:Min><s:Max>600</s:Max></s:XResolution>",
    ],
)
def test_a_range_of_resolutions_offers_what_lies_inside(span):
    document = (
        f'<s:ScannerCapabilities xmlns:s="{SCAN_NS}"><s:Adf><s:AdfSimplexInputCaps>'
        f"<s:ResolutionRange>{span}</s:ResolutionRange></s:AdfSimplexInputCaps></s:Adf></s:ScannerCapabilities>"
    ).encode()
    source = parse_capabilities(document).simplex
    assert source is not None
    assert source.offers(300)
    assert not source.offers(601)
    assert source.listed_dpi == (150, 200, 300, 400, 600)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=60), st.integers(0, 700), st.integers(0, 40))
def test_no_mutilated_document_does_anything_but_parse_or_fail_by_name(noise, at, cut):
    for whole in (capabilities_xml(uuid="u", duplex=True, flatbed=True), status("ScannerAdfJam")):
        document = whole[:at] + noise + whole[at + cut :]
        for parse in (parse_capabilities, parse_status, parse_xml):
            slug = "scan.driver_error"
            try:
                parse(document)
            except ScannerError as error:
                slug = error.slug
            assert slug == "scan.driver_error"
