"""One file for each verb of the command line; this one parses, dispatches and explains."""

from __future__ import annotations

import argparse
import importlib
import logging
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from app import paths
from app.domain.errors import Cancelled, Defect, DeskError, Trouble
from app.i18n import explain

VERBS = (
    "demo", "devices", "scan", "ocr", "pack", "sign", "verify", "sync", "enrol", "portal", "doctor",
)  # fmt: skip
NOT_YET = frozenset({"export", "bundle", "report", "catalogue", "selftest"})
DONE, DEFECT, USAGE, TROUBLE, INTERRUPTED = 0, 1, 2, 3, 130
Options = argparse.Namespace


class NotYetError(Exception):
    """A verb or option that a later version brings."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        sys.stderr.write(f"{self.prog}: {message}\n")
        raise SystemExit(USAGE)


def run(argv: Sequence[str], desk: Callable[[Path], int]) -> int:
    """Do what the command line says; returns the exit code."""
    if argv and argv[0] in NOT_YET:
        sys.stderr.write(f"{argv[0]}: not_yet\n")
        return USAGE
    try:
        options = _parser().parse_args(argv)
    except SystemExit as stop:
        return int(stop.code or 0)
    debug = bool(options.debug)
    if debug:
        logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    try:
        if options.verb is None:
            return desk(options.home)
        verb = importlib.import_module(f"app.cli.{options.verb}")
        return int(verb.run(options))
    except NotYetError as error:
        sys.stderr.write(f"{error}: not_yet\n")
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except Cancelled as error:
        sys.stderr.write(explain(error) + "\n")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - one of the three places that catch
        return _explain(error, debug=debug)


def _explain(error: Exception, *, debug: bool) -> int:
    known = known_error(error)
    sys.stderr.write(explain(known) + "\n")
    if debug:
        traceback.print_exception(error)
    return DEFECT if isinstance(known, Defect) else TROUBLE


def known_error(error: Exception) -> DeskError:
    """The error in the desk's words; what carries no slug is a defect of ours."""
    if isinstance(error, DeskError):
        return error
    slug = getattr(error, "slug", None)
    if isinstance(slug, str):
        return Trouble.of(slug, getattr(error, "params", {}))
    if isinstance(error, OSError):
        return Trouble(
            "file.io", name=Path(str(error.filename or "")).name, why=str(error.strerror)
        )
    return Defect("defect.unexpected", kind=type(error).__name__)


def _parser() -> argparse.ArgumentParser:
    common = _Parser(add_help=False)
    common.add_argument(
        "--home", type=Path, default=argparse.SUPPRESS, help="folder of the vault (all state)"
    )
    common.add_argument("--debug", action="store_true", default=argparse.SUPPRESS)
    parser = _Parser(
        prog="main.py",
        description="Trạm số hóa hồ sơ một cửa. Không có tham số: mở cửa sổ làm việc.",
        epilog="Ví dụ: python main.py demo --json",
        parents=[common],
    )
    parser.set_defaults(home=paths.default_home(), debug=False)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", parser_class=_Parser)
    for name in VERBS:
        module = importlib.import_module(f"app.cli.{name}")
        verb = verbs.add_parser(
            name,
            help=module.HELP,
            description=module.HELP,
            epilog="Ví dụ: " + module.EXAMPLE,
            parents=[common],
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.arguments(verb)
    return parser
