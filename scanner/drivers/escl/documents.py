"""The XML of eSCL: capabilities and status read, scan settings written.

Devices are strangers: documents are capped at 1 MB, may hold no DTD (hence no entities), and
elements are matched by namespace, never by prefix. Anything else is `scan.driver_error`.
Source: Mopria eSCL technical specification 2.97.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from scanner.errors import ScannerError
from scanner.model import ModeName

SCAN_NS: Final = "http://schemas.hp.com/imaging/escl/2011/05/03"
PWG_NS: Final = "http://www.pwg.org/schemas/2010/12/sm"
MAX_XML_BYTES: Final = 1 << 20
UNITS_PER_INCH: Final = 300
COMMON_DPI: Final = (150, 200, 300, 400, 600)
_SCAN: Final = f"{{{SCAN_NS}}}"
_PWG: Final = f"{{{PWG_NS}}}"
COLOR_MODES: Final[Mapping[ModeName, str]] = MappingProxyType(
    {"color": "RGB24", "gray": "Grayscale8", "lineart": "BlackAndWhite1"}
)
_NO_EXTRAS: Final[Mapping[str, bool]] = MappingProxyType({})
_ADF_FAULTS: Final = {
    "ScannerAdfMultipickDetected": "scan.double_feed",
    "ScannerAdfHatchOpen": "scan.cover_open",
    "ScannerAdfDoorOpen": "scan.cover_open",
    "ScannerAdfCoverOpen": "scan.cover_open",
    "ScannerAdfJam": "scan.jam",
    "ScannerAdfMispick": "scan.mispick",
    "ScannerAdfDuplexPageTooShort": "scan.page_wrong",
    "ScannerAdfDuplexPageTooLong": "scan.page_wrong",
    "ScannerAdfInputTrayFailed": "scan.driver_error",
    "ScannerAdfInputTrayOverloaded": "scan.driver_error",
}


@dataclass(frozen=True, slots=True)
class InputCaps:
    """One paper source: largest area in 1/300 inch, resolutions offered or their range.

    Modes and formats are those of eSCL; none of them means that the device did not tell.
    """

    max_width: int
    max_height: int
    dpi: tuple[int, ...]
    dpi_range: tuple[int, int] | None
    modes: frozenset[str] = frozenset()
    formats: frozenset[str] = frozenset()

    @property
    def listed_dpi(self) -> tuple[int, ...]:
        """The resolutions to choose from; out of a mere range, those in common use."""
        return self.dpi or tuple(dpi for dpi in COMMON_DPI if self.offers(dpi))

    def offers(self, dpi: int) -> bool:
        """Whether the source can scan at this resolution."""
        low, high = self.dpi_range or (0, -1)
        return dpi in self.dpi or low <= dpi <= high


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the device says of itself.

    `senses_multipick`: the feeder can notice two sheets drawn together. `drops_blanks`: the device
    can leave blank sides out, which would break every count.
    """

    model: str
    vendor: str
    serial: str
    uuid: str
    platen: InputCaps | None
    simplex: InputCaps | None
    duplex: InputCaps | None
    senses_multipick: bool = False
    drops_blanks: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """State of the device, its feeder and its jobs (path of the job → state)."""

    state: str
    adf_state: str
    jobs: tuple[tuple[str, str], ...]

    @property
    def fault(self) -> str | None:
        """Slug of the feeder's trouble, None when it reports none."""
        return _ADF_FAULTS.get(self.adf_state)

    @property
    def empty(self) -> bool:
        """Whether the feeder says it holds no paper."""
        return self.adf_state == "ScannerAdfEmpty"

    @property
    def idle(self) -> bool:
        """Whether the device says it has nothing to do."""
        return self.state == "Idle"

    @property
    def halted(self) -> bool:
        """Whether the device says it waits for help: its tray may be empty, its path is not."""
        return self.state in {"Stopped", "Down"}

    @property
    def loaded(self) -> bool:
        """Whether the feeder says it holds paper."""
        return self.adf_state == "ScannerAdfLoaded"

    def job_state(self, path: str) -> str:
        """State of the job with this path; empty when it is not listed."""
        name = _last_part(path)
        return next((state for uri, state in self.jobs if _last_part(uri) == name), "")


def parse_capabilities(data: bytes) -> Capabilities:
    """The capabilities in a ScannerCapabilities document.

    Raises:
        ScannerError: `scan.driver_error` when the document is anything else.
    """
    root = _parse(data, f"{_SCAN}ScannerCapabilities")
    model = _text(root, f"{_PWG}MakeAndModel")
    return Capabilities(
        model=model,
        vendor=_text(root, f"{_SCAN}Manufacturer") or model.partition(" ")[0],
        serial=_text(root, f"{_PWG}SerialNumber"),
        uuid=_text(root, f"{_SCAN}UUID").removeprefix("urn:uuid:"),
        platen=_input(root, "PlatenInputCaps"),
        simplex=_input(root, "AdfSimplexInputCaps"),
        duplex=_input(root, "AdfDuplexInputCaps"),
        senses_multipick="MultipickDetection" in _texts(root, f"{_SCAN}AdfOption"),
        drops_blanks=_text(root, f"{_SCAN}BlankPageDetectionAndRemoval") == "true",
    )


def parse_status(data: bytes) -> Status:
    """The status in a ScannerStatus document.

    Raises:
        ScannerError: `scan.driver_error` when the document is anything else.
    """
    root = _parse(data, f"{_SCAN}ScannerStatus")
    jobs = tuple(
        (_text(job, f"{_PWG}JobUri"), _text(job, f"{_PWG}JobState"))
        for job in root.iter(f"{_SCAN}JobInfo")
    )
    return Status(_text(root, f"{_PWG}State"), _text(root, f"{_SCAN}AdfState"), jobs)


def scan_settings(
    *,
    area: tuple[int, int],
    feeder: bool,
    duplex: bool,
    mode: ModeName,
    dpi: int,
    media: str = "image/jpeg",
    extras: Mapping[str, bool] = _NO_EXTRAS,
) -> bytes:
    """A ScanSettings document; `area` is width and height in 1/300 inch.

    `extras` are further switches of the device by their names.
    """
    duplex_line = f"<scan:Duplex>{str(duplex).lower()}</scan:Duplex>" if feeder else ""
    more = "".join(
        f"<scan:{name}>{str(value).lower()}</scan:{name}>" for name, value in extras.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<scan:ScanSettings xmlns:scan="{SCAN_NS}" xmlns:pwg="{PWG_NS}">'
        "<pwg:Version>2.0</pwg:Version><scan:Intent>Document</scan:Intent>"
        "<pwg:ScanRegions><pwg:ScanRegion>"
        "<pwg:ContentRegionUnits>escl:ThreeHundredthsOfInches</pwg:ContentRegionUnits>"
        "<pwg:XOffset>0</pwg:XOffset><pwg:YOffset>0</pwg:YOffset>"
        f"<pwg:Width>{area[0]}</pwg:Width><pwg:Height>{area[1]}</pwg:Height>"
        "</pwg:ScanRegion></pwg:ScanRegions>"
        f"<pwg:InputSource>{'Feeder' if feeder else 'Platen'}</pwg:InputSource>{duplex_line}"
        f"<scan:ColorMode>{COLOR_MODES[mode]}</scan:ColorMode>"
        f"<scan:XResolution>{dpi}</scan:XResolution><scan:YResolution>{dpi}</scan:YResolution>"
        f"<pwg:DocumentFormat>{media}</pwg:DocumentFormat>"
        f"<scan:DocumentFormatExt>{media}</scan:DocumentFormatExt>{more}"
        "</scan:ScanSettings>"
    ).encode()


def parse_xml(data: bytes) -> Element:
    """The root element of a small document without a DTD.

    Raises:
        ScannerError: `scan.driver_error` for too many bytes, a DTD, or text that is no XML.
    """
    if len(data) > MAX_XML_BYTES:
        raise ScannerError("scan.driver_error", code="xml-size")
    builder = TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True

    def start(name: str, attributes: dict[str, str]) -> None:
        builder.start(_qualified(name), attributes)

    def end(name: str) -> None:
        builder.end(_qualified(name))

    def refuse(*_: object) -> None:
        raise ScannerError("scan.driver_error", code="xml-dtd")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, True)
        return builder.close()
    except (expat.ExpatError, AssertionError, ValueError, LookupError) as error:
        raise ScannerError("scan.driver_error", code="xml") from error


def _qualified(name: str) -> str:
    return f"{{{name}" if "}" in name else name


def _last_part(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _parse(data: bytes, root_name: str) -> Element:
    root = parse_xml(data)
    if root.tag != root_name:
        raise ScannerError("scan.driver_error", code="xml-root")
    return root


def _text(element: Element, tag: str) -> str:
    return next((found.text or "" for found in element.iter(tag)), "").strip()


def _texts(element: Element, *tags: str) -> frozenset[str]:
    return frozenset((found.text or "").strip() for tag in tags for found in element.iter(tag))


def _number(element: Element, tag: str) -> int:
    text = _text(element, tag)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0  # noqa: PLR2004 - 9 digits


def _input(root: Element, name: str) -> InputCaps | None:
    caps = next(root.iter(f"{_SCAN}{name}"), None)
    if caps is None:
        return None
    dpi = {_number(item, f"{_SCAN}XResolution") for item in caps.iter(f"{_SCAN}DiscreteResolution")}
    span = next(caps.iter(f"{_SCAN}XResolutionRange"), None)
    if span is None:
        # The other spelling, as sane-airscan reads it.
        span = caps.find(f".//{_SCAN}ResolutionRange/{_SCAN}XResolution")
    return InputCaps(
        max_width=_number(caps, f"{_SCAN}MaxWidth"),
        max_height=_number(caps, f"{_SCAN}MaxHeight"),
        dpi=tuple(sorted(dpi - {0})),
        dpi_range=None
        if span is None
        else (_number(span, f"{_SCAN}Min"), _number(span, f"{_SCAN}Max")),
        modes=_texts(caps, f"{_SCAN}ColorMode") - {""},
        formats=frozenset(
            text.lower()
            for text in _texts(caps, f"{_PWG}DocumentFormat", f"{_SCAN}DocumentFormatExt")
        )
        - {""},
    )
