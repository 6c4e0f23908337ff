"""The XML a simulated scanner answers with.

Source: Mopria eSCL technical specification 2.97, sections on ScannerCapabilities, ScannerStatus.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanner.drivers.escl.documents import PWG_NS, SCAN_NS
from scanner.simulator.pages import OFFERED_DPI

if TYPE_CHECKING:
    from scanner.simulator.tray import Job

MAX_WIDTH: Final = 3508  # 1/300 inch: A3 across
MAX_HEIGHT: Final = 4961
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>'
_SPACES: Final = f'xmlns:scan="{SCAN_NS}" xmlns:pwg="{PWG_NS}"'


def capabilities_xml(*, uuid: str, duplex: bool, flatbed: bool) -> bytes:
    """The ScannerCapabilities document."""
    platen = f"<scan:Platen>{_input('PlatenInputCaps')}</scan:Platen>" if flatbed else ""
    options = "<scan:AdfOption>Duplex</scan:AdfOption>" if duplex else ""
    return (
        f"{_HEAD}<scan:ScannerCapabilities {_SPACES}><pwg:Version>2.63</pwg:Version>"
        "<pwg:MakeAndModel>Simulated Document Feeder</pwg:MakeAndModel>"
        "<pwg:SerialNumber>SIM-0001</pwg:SerialNumber>"
        "<scan:Manufacturer>Simulated</scan:Manufacturer>"
        f"<scan:UUID>{uuid}</scan:UUID>{platen}"
        f"<scan:Adf>{_input('AdfSimplexInputCaps')}"
        f"{_input('AdfDuplexInputCaps') if duplex else ''}"
        "<scan:FeederCapacity>50</scan:FeederCapacity><scan:AdfOptions>"
        f"<scan:AdfOption>DetectPaperLoaded</scan:AdfOption>{options}</scan:AdfOptions>"
        "</scan:Adf></scan:ScannerCapabilities>"
    ).encode()


def status_xml(adf_state: str, job: Job | None, root: str) -> bytes:
    """The ScannerStatus document."""
    working = job is not None and job.state == "Processing"
    jobs = ""
    if job is not None:
        jobs = (
            f"<scan:Jobs><scan:JobInfo><pwg:JobUri>{root}/ScanJobs/{job.name}</pwg:JobUri>"
            f"<pwg:JobUuid>{job.name}</pwg:JobUuid><scan:Age>1</scan:Age>"
            f"<pwg:ImagesCompleted>{job.sides}</pwg:ImagesCompleted>"
            f"<pwg:JobState>{job.state}</pwg:JobState></scan:JobInfo></scan:Jobs>"
        )
    return (
        f"{_HEAD}<scan:ScannerStatus {_SPACES}><pwg:Version>2.63</pwg:Version>"
        f"<pwg:State>{'Processing' if working else 'Idle'}</pwg:State>"
        f"<scan:AdfState>{adf_state}</scan:AdfState>{jobs}</scan:ScannerStatus>"
    ).encode()


def _input(name: str) -> str:
    resolutions = "".join(
        f"<scan:DiscreteResolution><scan:XResolution>{dpi}</scan:XResolution>"
        f"<scan:YResolution>{dpi}</scan:YResolution></scan:DiscreteResolution>"
        for dpi in OFFERED_DPI
    )
    return (
        f"<scan:{name}><scan:MinWidth>300</scan:MinWidth><scan:MaxWidth>{MAX_WIDTH}</scan:MaxWidth>"
        f"<scan:MinHeight>300</scan:MinHeight><scan:MaxHeight>{MAX_HEIGHT}</scan:MaxHeight>"
        "<scan:MaxScanRegions>1</scan:MaxScanRegions><scan:SettingProfiles>"
        "<scan:SettingProfile><scan:ColorModes><scan:ColorMode>Grayscale8</scan:ColorMode>"
        "<scan:ColorMode>RGB24</scan:ColorMode></scan:ColorModes><scan:DocumentFormats>"
        "<pwg:DocumentFormat>image/jpeg</pwg:DocumentFormat>"
        "<scan:DocumentFormatExt>image/jpeg</scan:DocumentFormatExt></scan:DocumentFormats>"
        "<scan:SupportedResolutions><scan:DiscreteResolutions>"
        f"{resolutions}</scan:DiscreteResolutions></scan:SupportedResolutions>"
        "</scan:SettingProfile></scan:SettingProfiles><scan:SupportedIntents>"
        f"<scan:Intent>Document</scan:Intent></scan:SupportedIntents></scan:{name}>"
    )
