"""``sign``: one PIN on standard input signs all named files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from app import paths
from app.cli import NotYetError, known_error
from app.cli.output import emit, read_input, say
from app.clock import now
from app.domain.errors import Defect, Trouble
from app.files import write_whole
from app.i18n import explain
from app.pipeline.stages import signfiles
from app.pipeline.stages.signfiles import Key, Wish

HELP = "Ký số các tệp PDF bằng một lần nhập PIN / sign PDFs with one PIN."
EXAMPLE = (
    "printf '%s\\n' PIN | python main.py sign a.pdf b.pdf --out-dir da-ky"
    " --module /usr/lib/softhsm/libsofthsm2.so --token KY-THU --pin-stdin"
)
MAX_PIN_LINE = 512


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("files", nargs="+", type=Path, metavar="IN.pdf")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("-o", "--out", type=Path)
    target.add_argument("--out-dir", type=Path)
    parser.add_argument("--module", type=Path)
    parser.add_argument("--token", metavar="LABEL")
    parser.add_argument("--cert-sha256", metavar="H")
    parser.add_argument("--p12", type=Path)
    parser.add_argument("--pin-stdin", action="store_true", required=True)
    parser.add_argument("--organ", metavar="NAME")
    parser.add_argument("--form", default="Sao y")
    parser.add_argument("--no-appearance", action="store_true")
    parser.add_argument("--trust", type=Path, action="append", default=[], metavar="PEM")
    parser.add_argument("--crl", type=Path, action="append", default=[], metavar="F")
    parser.add_argument("--tsa", metavar="URL")
    parser.add_argument("--level", choices=["B", "T", "LT", "LTA"], default="B")
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    """Sign every file; a bad one is reported and the rest go on."""
    if options.tsa or options.level != "B":
        raise NotYetError("--tsa/--level")
    if bool(options.p12) == bool(options.module and options.token):
        say("sign: --module SO --token LABEL | --p12 FILE")
        return 2
    if options.out and len(options.files) > 1:
        say("sign: -o nhận một tệp; nhiều tệp dùng --out-dir")
        return 2
    if len({path.name for path in options.files}) < len(options.files):
        say("sign: hai tệp trùng tên sẽ ghi đè nhau / two files of one name: sign them apart")
        return 2
    anchors, crls = signfiles.anchors_and_crls(options.home, options.trust, options.crl)
    wish = Wish(not options.no_appearance, options.organ, options.form, anchors, crls)
    pin = bytearray(sys.stdin.buffer.readline(MAX_PIN_LINE).rstrip(b"\r\n"))
    key = _key(options, pin, wish)
    try:
        rows = [_one(path, options, key, wish) for path in options.files]
    finally:
        key.close()
    if options.json:
        emit(rows)
    return 3 if any("slug" in row for row in rows) else 0


def _key(options: argparse.Namespace, pin: bytearray, wish: Wish) -> Key:
    if options.p12:
        return signfiles.soft_key(options.p12, pin, wish, now())
    token = signfiles.TokenName(options.module, options.token, options.cert_sha256)
    return signfiles.token_key(paths.command(), token, pin, wish, now())


def _one(path: Path, options: argparse.Namespace, key: Key, wish: Wish) -> dict[str, object]:
    out = options.out or options.out_dir / path.name
    row: dict[str, object] = {"in": str(path), "out": str(out), "level": "B"}
    try:
        pdf = read_input(path)
        signed = signfiles.sign_pdf(pdf, key, wish, now())
        write_whole(out, signed)
    except Exception as error:
        known = known_error(error)
        if isinstance(known, Defect):
            raise
        named = Trouble.of(known.slug, {"name": path.name, **known.params})
        say(f"{path.name}: {explain(named)}")
        return {**row, "out": None, "bytes_added": 0, "verified": False, "slug": known.slug}
    if not options.json:
        print(out)
    return {**row, "bytes_added": len(signed) - len(pdf), "verified": True}
