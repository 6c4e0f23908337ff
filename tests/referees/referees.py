"""Asks validators that nobody here wrote: veraPDF, EU DSS, poppler's pdfsig and qpdf.

None of them fetches anything when it judges. One Java process serves a whole list of files.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tests.referees.setup import RefereeMissingError, build

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

T = TypeVar("T")

REFEREES = ("verapdf", "dss", "pdfsig", "qpdf")
JAVA = ("java", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")
CLASSES = {"verapdf": "referee.VeraPdf", "dss": "referee.Dss"}
LIMIT_S = 60
LIMIT_PER_FILE_S = 30


@dataclass(frozen=True, slots=True)
class Skipped:
    """A referee that cannot be had here."""

    skipped: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A referee that could not read the file."""

    error: str


@dataclass(frozen=True, slots=True)
class VeraPdf:
    compliant: bool
    flavour: str
    failed_rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dss:
    """One entry per signature, in the order of signing."""

    indications: tuple[str, ...]
    subindications: tuple[str | None, ...]
    formats: tuple[str, ...]
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pdfsig:
    """One entry per signature: pdfsig's own words, and whether it covers the file to its end."""

    validations: tuple[str, ...]
    whole_document: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Qpdf:
    ok: bool
    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What each referee says of one file; None where it was not asked."""

    file: str
    verapdf: VeraPdf | Skipped | Failed | None
    dss: Dss | Skipped | Failed | None
    pdfsig: Pdfsig | Skipped | Failed | None
    qpdf: Qpdf | Skipped | Failed | None

    def as_json(self) -> dict[str, object]:
        asked = {name: getattr(self, name) for name in REFEREES}
        judged = {
            name: {f.name: getattr(said, f.name) for f in fields(said)}
            for name, said in asked.items()
            if said is not None
        }
        return {"file": self.file, **judged}


def judge(
    files: Sequence[str | Path],
    trust: Sequence[str | Path] = (),
    crl: Sequence[str | Path] = (),
    ask: Collection[str] = REFEREES,
) -> list[Verdict]:
    """The verdicts on ``files``, in their order.

    Args:
        files: PDF files.
        trust: PEM files with trust anchors for the signatures.
        crl: revocation lists, PEM or DER.
        ask: which referees; the others are not started.
    """
    paths = [Path(file).resolve() for file in files]
    evidence = [arg for pem in trust for arg in ("--trust", str(Path(pem).resolve()))]
    evidence += [arg for each in crl for arg in ("--crl", str(Path(each).resolve()))]
    nothing: list[None] = [None] * len(paths)
    verapdf = _in_java("verapdf", paths, (), _verapdf) if "verapdf" in ask else nothing
    dss = _ask_dss(paths, evidence) if "dss" in ask else nothing
    pdfsig = [_pdfsig(path) for path in paths] if "pdfsig" in ask else nothing
    qpdf = [_qpdf(path) for path in paths] if "qpdf" in ask else nothing
    return [
        Verdict(str(file), a, b, c, d)
        for file, a, b, c, d in zip(files, verapdf, dss, pdfsig, qpdf, strict=True)
    ]


def _ask_dss(paths: Sequence[Path], evidence: Sequence[str]) -> list[Dss | Skipped | Failed]:
    """DSS on the files that hold a signature; starting Java for the others would be waste."""
    signed = [path for path in paths if path.is_file() and b"/ByteRange" in path.read_bytes()]
    judged = dict(zip(signed, _in_java("dss", signed, evidence, _dss), strict=True))
    return [judged.get(path, Dss((), (), (), ())) for path in paths]


def _in_java(
    module: str, paths: Sequence[Path], arguments: Sequence[str], read: Callable[[list[str]], T]
) -> list[T | Skipped | Failed]:
    """One Java process for all ``paths``: their names go in, one line each comes out."""
    if not paths:
        return []
    try:
        class_path = build().class_path(module)
    except RefereeMissingError as e:
        return [Skipped(str(e)) for _ in paths]
    done = subprocess.run(
        [*JAVA, "-cp", class_path, CLASSES[module], *arguments],
        input="".join(f"{path}\n" for path in paths),
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT_S + LIMIT_PER_FILE_S * len(paths),
        check=False,
    )
    lines = done.stdout.splitlines()
    if done.returncode or len(lines) != len(paths):
        raise RuntimeError(f"{module} ended with {done.returncode}: {done.stderr[-2000:]}")
    said = [line.split("\t") for line in lines]
    return [read(rest) if word == "judged" else Failed(" ".join(rest)) for word, *rest in said]


def _verapdf(row: list[str]) -> VeraPdf:
    compliant, flavour, rules = row
    return VeraPdf(compliant == "true", flavour, tuple(rules.split()))


def _dss(row: list[str]) -> Dss:
    columns = list(zip(*(entry.split("|") for entry in row), strict=True)) or [()] * 4
    formats, indications, subindications, errors = columns
    return Dss(indications, tuple(sub or None for sub in subindications), formats, errors)


def _pdfsig(path: Path) -> Pdfsig | Skipped | Failed:
    if shutil.which("pdfsig") is None:
        return Skipped("no pdfsig on this machine")
    done = _run("pdfsig", "-nocert", str(path))
    if "does not contain any signatures" in done.stdout:
        return Pdfsig((), ())
    validations = re.findall(r"- Signature Validation: (.*)", done.stdout)
    if not validations:
        return Failed((done.stderr or done.stdout).strip()[:500])
    covered = re.findall(r"^ *- (Total|Not total) document signed", done.stdout, re.MULTILINE)
    return Pdfsig(tuple(validations), tuple(word == "Total" for word in covered))


def _qpdf(path: Path) -> Qpdf | Skipped:
    if shutil.which("qpdf") is None:
        return Skipped("no qpdf on this machine")
    done = _run("qpdf", "--check", str(path))
    if done.returncode == 0:
        return Qpdf(ok=True, messages=())
    return Qpdf(ok=False, messages=tuple(done.stderr.splitlines()[:20]))


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, errors="replace", timeout=LIMIT_S, check=False
    )
