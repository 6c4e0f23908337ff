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
    "separators",
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
    debug = False
    try:
        options = _parse(argv)
        debug = bool(options.debug)
        if debug:
            logging.basicConfig(level=logging.INFO, stream=sys.stderr)
        code = desk(options.home) if options.verb is None else _verb(options)
    except SystemExit as stop:
        code = int(stop.code or 0)
    except BaseException as error:  # noqa: BLE001 - one of the three places that catch
        code = _explain(error, debug=debug)
    return code


def _verb(options: Options) -> int:
    return int(importlib.import_module(f"app.cli.{options.verb}").run(options))


def _parse(argv: Sequence[str]) -> Options:
    later = [word for word in argv if word in NOT_YET]
    if later and not any(word in VERBS for word in argv):
        raise NotYetError(later[0])
    # Not by set_defaults: that would reach the verbs' own copy of the option and undo what stood
    # before the verb.
    given = Options(home=paths.default_home(), debug=False)
    return _parser(argv).parse_args(argv, given)


def _explain(error: BaseException, *, debug: bool) -> int:
    """Say what happened on stderr; returns the exit code for it."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, NotYetError):
        sys.stderr.write(f"{error}: not_yet\n")
        return USAGE
    known = known_error(error)
    sys.stderr.write(explain(known) + "\n")
    if debug:
        traceback.print_exception(error)
    if isinstance(known, Cancelled):
        return INTERRUPTED
    return DEFECT if isinstance(known, Defect) else TROUBLE


def known_error(error: BaseException) -> DeskError:
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


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """The command line; a verb's code is loaded only when it is asked for (or all are listed)."""
    listing = set(argv).isdisjoint(VERBS) and not set(argv).isdisjoint({"-h", "--help"})
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
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", parser_class=_Parser)
    for name in VERBS:
        if not listing and name not in argv:
            verbs.add_parser(name)
            continue
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
