"""The manifest: what a sealed dossier consists of, in the bytes that were signed and sent.

Both sides parse the same bytes with this code. Parsing demands canonical form, the required
fields with their types and the limits; keys it does not know are kept in the bytes (and in their
hash) and otherwise ignored, so that a newer station can say more.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sync.canonical import JsonValue, parse_canonical
from sync.errors import SyncError
from sync.shape import Shape, ShapeError

SCHEMA = "vn.counter.dossier/1"
MAX_MANIFEST_BYTES = 256 * 1024
MAX_FILES = 200
MAX_BLOB_BYTES = 2 * 1024**3
MAX_REV = 9999
ACQUISITIONS = frozenset({"scan", "reuse", "present", "secret", "data", "form", "online"})
NO_COPY = frozenset({"present", "secret"})
"""Ways of acquisition that may leave no file behind."""

ID_FORM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
STATION_FORM = re.compile(r"[A-Z0-9]{2,12}", re.ASCII)
TEMP_CODE_FORM = re.compile(r"TAM-[A-Z0-9]{2,12}-\d{6}-\d{4,6}-\d{2}", re.ASCII)
ORGAN_FORM = re.compile(r"[A-Y]\d{2}(\.\d{1,3}){0,3}", re.ASCII)
OFFICIAL_CODE_FORM = re.compile(r"[A-Y]\d{2}(\.\d{1,3}){0,3}-\d{6}-\d{4,}", re.ASCII)
_PDFA_FORM = re.compile(r"[1-4][abuef]?", re.ASCII)


@dataclass(frozen=True, slots=True)
class FileRef:
    """One file as the manifest pins it."""

    sha256: str
    size: int
    media: str
    pdfa: str | None


@dataclass(frozen=True, slots=True)
class SignatureRef:
    """A signature the station says the file bears."""

    field: str
    level: str
    cert_sha256: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class ManifestDocument:
    """One paper of the dossier."""

    id: str
    kind: str
    title: str
    sheets: int
    pages: int
    file: FileRef
    signatures: tuple[SignatureRef, ...]


@dataclass(frozen=True, slots=True)
class ManifestComponent:
    """One component the procedure asks for and the papers that fill it."""

    no: int
    code: str
    name: str
    acq: str
    documents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A sealed dossier; ``raw`` are the bytes as built, signed and sent."""

    id: str
    rev: int
    prev: str | None
    station: str
    seq: int
    temp_code: str
    official_code: str | None
    opened_at: dt.datetime
    captured_at: dt.datetime
    procedure_code: str
    procedure_version: str
    clerk_cert_sha256: str
    components: tuple[ManifestComponent, ...]
    documents: tuple[ManifestDocument, ...]
    audit_n: int
    audit_head: str
    env: str
    raw: bytes = field(repr=False)
    applicant: Mapping[str, JsonValue] = field(repr=False)

    @property
    def sha256(self) -> str:
        """Lower-case hex SHA-256 of the bytes: the idempotency key."""
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def files(self) -> tuple[FileRef, ...]:
        """Each distinct file once, in the order of the documents."""
        return tuple({paper.file.sha256: paper.file for paper in self.documents}.values())

    @property
    def files_root(self) -> str:
        """SHA-256 over the sorted lines ``sha256 SP size LF`` of the distinct files."""
        lines = sorted(f"{one.sha256} {one.size}\n" for one in self.files)
        return hashlib.sha256("".join(lines).encode("ascii")).hexdigest()


def parse_manifest(data: bytes) -> Manifest:
    """The manifest that ``data`` holds.

    Args:
        data: canonical JSON, at most 256 KiB.

    Raises:
        SyncError: ``sync.manifest_malformed`` with ``where`` (path) and ``why``;
            ``sync.manifest_too_large`` with ``bytes`` and ``most``.
    """
    if len(data) > MAX_MANIFEST_BYTES:
        raise SyncError("sync.manifest_too_large", bytes=len(data), most=MAX_MANIFEST_BYTES)
    try:
        return _manifest(Shape.of(parse_canonical(data)), data)
    except ShapeError as error:
        raise SyncError("sync.manifest_malformed", where=error.where, why=error.why) from error
    except SyncError as error:
        raise SyncError("sync.manifest_malformed", **error.params) from error


def check_temp_code(code: str) -> bool:
    """Whether ``code`` has the form of a temporary code and its check digits are right.

    Letters count as 10 to 35, hyphens not at all, and the number must leave 1 modulo 97.

    Source: ISO/IEC 7064, system MOD 97-10.
    """
    if not TEMP_CODE_FORM.fullmatch(code):
        return False
    digits = "".join(str(int(letter, 36)) for letter in code.replace("-", ""))
    return int(digits) % 97 == 1


def _manifest(top: Shape, raw: bytes) -> Manifest:
    if top.text("schema") != SCHEMA:
        raise ShapeError("schema", f"{SCHEMA} expected")
    rev = top.integer("rev", 1, MAX_REV)
    prev = None if rev == 1 else top.sha256("prev")
    if rev == 1 and top.text_or_none("prev") is not None:
        raise ShapeError("prev", "null expected at the first revision")
    temp_code = top.text("temp_code", TEMP_CODE_FORM)
    if not check_temp_code(temp_code):
        raise ShapeError("temp_code", "check digits do not fit")
    env = top.text("env")
    if env not in {"demo", "production"}:
        raise ShapeError("env", "demo or production expected")
    procedure, audit = top.shape("procedure"), top.shape("audit")
    documents = _documents(top)
    return Manifest(
        id=top.text("id", ID_FORM),
        rev=rev,
        prev=prev,
        station=top.text("station", STATION_FORM),
        seq=top.integer("seq"),
        temp_code=temp_code,
        official_code=top.text_or_none("official_code", OFFICIAL_CODE_FORM),
        opened_at=top.time("opened_at"),
        captured_at=top.time("captured_at"),
        procedure_code=procedure.text("code", most=40),
        procedure_version=procedure.text("version", most=40),
        clerk_cert_sha256=top.shape("clerk").sha256("cert_sha256"),
        components=_components(top, {paper.id for paper in documents}),
        documents=documents,
        audit_n=audit.integer("n"),
        audit_head=audit.sha256("head"),
        env=env,
        raw=raw,
        applicant=top.shape("applicant").fields,
    )


def _components(top: Shape, known: set[str]) -> tuple[ManifestComponent, ...]:
    found: list[ManifestComponent] = []
    for part in top.shapes("components", MAX_FILES):
        acq = part.text("acq")
        if acq not in ACQUISITIONS:
            raise ShapeError(part.path("acq"), "unknown way of acquisition")
        documents = part.texts("documents", MAX_FILES)
        if not known.issuperset(documents):
            raise ShapeError(part.path("documents"), "names a document that is not listed")
        found.append(
            ManifestComponent(
                no=part.integer("no"),
                code=part.text("code", most=80),
                name=part.text("name", most=500),
                acq=acq,
                documents=documents,
            )
        )
    return tuple(found)


def _documents(top: Shape) -> tuple[ManifestDocument, ...]:
    found: dict[str, ManifestDocument] = {}
    sizes: dict[str, int] = {}
    for part in top.shapes("documents", MAX_FILES):
        paper = ManifestDocument(
            id=part.text("id", most=80),
            kind=part.text("kind", most=80),
            title=part.text("title", most=500),
            sheets=part.integer("sheets", 0, 100_000),
            pages=part.integer("pages", 1, 100_000),
            file=_file(part.shape("file")),
            signatures=tuple(_signature(one) for one in part.shapes("signatures", 20)),
        )
        if paper.id in found:
            raise ShapeError(part.path("id"), "stands twice")
        if sizes.setdefault(paper.file.sha256, paper.file.size) != paper.file.size:
            raise ShapeError(part.path("file.size"), "one file cannot have two sizes")
        found[paper.id] = paper
    return tuple(found.values())


def _file(part: Shape) -> FileRef:
    return FileRef(
        sha256=part.sha256("sha256"),
        size=part.integer("size", 1, MAX_BLOB_BYTES),
        media=part.text("media", most=100),
        pdfa=part.text_or_none("pdfa", _PDFA_FORM),
    )


def _signature(part: Shape) -> SignatureRef:
    return SignatureRef(
        field=part.text("field", most=200),
        level=part.text("level", most=10),
        cert_sha256=part.sha256("cert_sha256"),
        at=part.time("at"),
    )
