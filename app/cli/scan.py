"""``scan``: a batch from a scanner into plain files, each proved complete."""

from __future__ import annotations

import argparse
import os
import signal
import threading
from pathlib import Path
from types import FrameType

from app import paths
from app.cli.output import emit, say
from app.desk import profile_files
from app.desk.profile_files import LEAST_DPI, PAGES_MM, PLAIN_DPI, Preset
from app.domain.errors import Trouble
from app.i18n import explain, message
from app.pipeline.stages import scanning
from app.pipeline.stages.scanning import (
    HALF_SHEET,
    Ended,
    Notice,
    RemoteSource,
    ScanRequest,
    SideBegin,
    SideChunk,
    SideDropped,
    SideEnd,
)

HELP = "Quét một xấp giấy ra tệp / scan a stack into files."
EXAMPLE = """python main.py scan --device simulated: --out quet --json
  python main.py scan --device escl:http://192.0.2.7/eSCL --duplex --sheets 12 --out quet
  python main.py scan --device folder:/srv/may-quet --profile mot-mat --out quet

Mã máy quét: python main.py devices. Sau sự cố: đặt lại từ tờ được nêu, gọi lại với --out khác.
wia: và twain: chưa thử trên máy thật."""
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/tiff": "tif"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("--device", required=True, metavar="ID", help="mã máy quét / scanner id")
    parser.add_argument(
        "--source", choices=["feeder", "flatbed"], default="feeder", help="khay nạp hay mặt kính"
    )
    parser.add_argument("--duplex", action="store_true", help="hai mặt / both sides")
    parser.add_argument(
        "--dpi",
        type=int,
        default=PLAIN_DPI,
        action=_Said,
        help=f"độ phân giải, mặc định {PLAIN_DPI} / resolution",
    )
    parser.set_defaults(dpi_said=False)
    parser.add_argument("--profile", metavar="NAME", help="cấu hình quét / scan profile")
    parser.add_argument("--sheets", type=int, default=None, help="số tờ đã đếm / declared sheets")
    parser.add_argument(
        "--stall-s", type=float, default=None, dest="stall_s", help="giây im lặng tối đa"
    )
    parser.add_argument("--out", type=Path, required=True, help="thư mục nhận tệp / folder")
    parser.add_argument("--json", action="store_true")


class _Said(argparse.Action):
    """Keeps a number, and that it was asked for: only then does it go over a profile's."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Store both."""
        del parser, option_string
        namespace.dpi, namespace.dpi_said = values, True


def run(options: argparse.Namespace) -> int:
    """Scan until the end or the first fault."""
    request = _request(options)
    options.out.mkdir(parents=True, exist_ok=True)
    host = scanning.source(options.home, paths.command())

    def interrupt(number: int, frame: FrameType | None) -> None:
        del number, frame
        # In a thread of its own: the main one may hold the very lock that stopping needs.
        threading.Thread(target=host.stop, kwargs={"now": True}, daemon=True).start()

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        ended = _Batch(options, host).take(request)
    finally:
        signal.signal(signal.SIGINT, before)
        host.close()
    if ended.reason == "complete":
        return 0
    if ended.reason == "cancelled":
        return 130
    return 3


def _request(options: argparse.Namespace) -> ScanRequest:
    """What the options ask; without a profile single colour sides of A4.

    Raises:
        Trouble: scan.resolution, profile.unknown.
    """
    preset = _preset(options.profile)
    dpi: int = options.dpi if options.dpi_said else preset.dpi
    if dpi < LEAST_DPI:
        raise Trouble("scan.resolution", dpi=dpi, least=LEAST_DPI)
    if dpi < PLAIN_DPI and not (preset.reason and dpi == preset.dpi):
        say(f"{dpi} dpi: dưới {PLAIN_DPI} dpi chỉ dùng khi có lý do; cửa sổ làm việc sẽ từ chối.")
    return ScanRequest(
        device_id=options.device,
        source=options.source,
        duplex=options.duplex or (preset.duplex and options.source == "feeder"),
        dpi=dpi,
        mode=preset.mode,
        page_mm=PAGES_MM[preset.page],
        multifeed=preset.double_feed,
        declared_sheets=options.sheets,
        stall_s=options.stall_s,
    )


def _preset(name: str | None) -> Preset:
    if name is None:
        return Preset("", "", duplex=False)
    presets = profile_files.load()
    for problem in presets.problems:
        say(explain(problem))
    found = presets.effective(name)
    if found is None:
        raise Trouble("profile.unknown", name=name)
    return found


class _Batch:
    """Sides on their way to files."""

    def __init__(self, options: argparse.Namespace, host: RemoteSource) -> None:
        self._out: Path = options.out
        self._json: bool = options.json
        self._host = host
        self._part: Path | None = None
        self._front: tuple[SideEnd, Path] | None = None

    def take(self, request: ScanRequest) -> Ended:
        """Write every side and say how the batch ended, before its host is taken down."""
        _sweep(self._out)
        open_file = None
        try:
            for event in self._host.scan(request):
                if isinstance(event, SideBegin):
                    self._part = self._out / f".{event.seq:04d}.{os.getpid()}.part"
                    open_file = self._part.open("wb")
                elif isinstance(event, SideChunk) and open_file is not None:
                    open_file.write(event.data)
                elif isinstance(event, SideEnd) and open_file is not None:
                    open_file.flush()
                    os.fsync(open_file.fileno())
                    open_file.close()
                    self._keep(event)
                    self._host.ack(event.seq)
                elif isinstance(event, SideDropped) and open_file is not None:
                    open_file.close()
                    self._discard()
                elif isinstance(event, Notice):
                    say(f"{message(event.slug, event.params).text} [{event.slug}]")
                elif isinstance(event, Ended):
                    self._tell_front()
                    self._tell_end(event)
                    return event
        finally:
            if open_file is not None:
                open_file.close()
            self._discard()
        raise Trouble("scan.driver_crash", code="end", safe_sheets=0, refeed_sheet=1)

    def _keep(self, side: SideEnd) -> None:
        if self._part is None:
            return
        face = "f" if side.side == "front" else "b"
        ending = _ENDINGS.get(side.media, "bin")
        path = self._out / f"{side.seq:04d}-{side.sheet:04d}{face}.{ending}"
        self._part.replace(path)
        self._part = None
        if self._front is not None and side.side == "back" and side.sheet == self._front[0].sheet:
            self._front = (scanning.unmarked(self._front[0]), self._front[1])
        self._tell_front()
        if HALF_SHEET in side.flags:
            # Whether its back comes is told with it.
            self._front = (side, path)
        else:
            self._tell_side(side, path)

    def _tell_front(self) -> None:
        if self._front is not None:
            self._tell_side(*self._front)
            self._front = None

    def _tell_side(self, side: SideEnd, path: Path) -> None:
        if not self._json:
            print(path)
            return
        row: dict[str, object] = {
            "page": side.seq,
            "sheet": side.sheet,
            "side": side.side,
            "path": str(path),
            "width_px": side.width_px,
            "height_px": side.height_px,
            "dpi": side.dpi,
            "sha256": side.sha256,
        }
        emit({**row, **dict.fromkeys(side.flags, True)})

    def _tell_end(self, ended: Ended) -> None:
        if self._json:
            emit(
                {
                    "ended": ended.reason,
                    "pages": ended.pages,
                    "safe_sheets": ended.safe_sheets,
                    "refeed_sheet": ended.refeed_sheet,
                }
            )
        if ended.reason not in {"complete", "cancelled"}:
            params = {**ended.params, "safe_sheets": ended.safe_sheets}
            params["refeed_sheet"] = ended.refeed_sheet or 1
            say(f"{message(ended.reason, params).text} [{ended.reason}]")

    def _discard(self) -> None:
        if self._part is not None:
            self._part.unlink(missing_ok=True)
            self._part = None


def _sweep(folder: Path) -> None:
    """What a killed run left half-written in there is gone."""
    if not Path("/proc/self").exists():
        return  # whether its owner lives cannot be told here
    for part in folder.glob(".*.part"):
        owner = part.name.split(".")[2]
        if owner.isdecimal() and not Path(f"/proc/{owner}").exists():
            part.unlink(missing_ok=True)
