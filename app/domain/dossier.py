"""The dossier (hồ sơ), its papers and the moves it may make.

``SealedDossier`` can be had only from :func:`seal`: holding one proves that the dossier is
complete and that every paper is signed.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from app.domain.errors import Defect
from app.domain.ids import BlobId, DocumentId, DossierId

State = Literal[
    "draft", "checked", "signing", "sealed", "registered", "uploading", "delivered",
    "accepted", "rejected", "supplement", "refused", "closed", "abandoned",
]  # fmt: skip

MOVES: dict[State, frozenset[State]] = {
    "draft": frozenset({"checked", "abandoned"}),
    "checked": frozenset({"draft", "signing", "abandoned"}),
    "signing": frozenset({"draft", "sealed", "abandoned"}),
    "sealed": frozenset({"registered", "rejected"}),
    "registered": frozenset({"uploading", "delivered", "rejected"}),
    "uploading": frozenset({"delivered", "rejected"}),
    "delivered": frozenset({"accepted", "rejected", "supplement", "refused"}),
    "accepted": frozenset({"closed"}),
    "rejected": frozenset({"draft", "closed"}),
    "supplement": frozenset({"draft", "closed"}),
    "refused": frozenset({"closed"}),
    "closed": frozenset(),
    "abandoned": frozenset(),
}


def move(now: State, to: State) -> State:
    """``to``, if a dossier in ``now`` may go there.

    Raises:
        Defect: dossier.move for a move that does not exist.
    """
    if to not in MOVES[now]:
        raise Defect("dossier.move", now=now, to=to)
    return to


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who hands the dossier in (người nộp); no more than form 01 asks.

    Source: Circular 03/2025/TT-VPCP, appendix I, form 01.
    """

    name: str
    id_number: str = ""
    phone: str = ""

    def params(self) -> dict[str, str]:
        """JSON values, empty ones left out."""
        pairs = (("name", self.name), ("id_number", self.id_number), ("phone", self.phone))
        return {key: value for key, value in pairs if value}


@dataclass(frozen=True, slots=True)
class Document:
    """One paper (giấy tờ) of a dossier and how far it has come."""

    id: DocumentId
    dossier: DossierId
    position: int
    component: str | None
    kind: str
    title: str
    unsigned: BlobId | None = None
    prepared: BlobId | None = None
    cms: BlobId | None = None
    signed: BlobId | None = None
    pages: int | None = None
    signing_at: dt.datetime | None = None
    cert_sha256: str | None = None
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Dossier:
    """One revision of a dossier at the counter."""

    id: DossierId
    rev: int
    prev: str | None
    state: State
    temp_code: str
    official_code: str | None
    procedure_code: str
    procedure_version: str
    applicant: Applicant
    declared_sheets: int | None
    counted_by: str | None
    label: str | None
    opened_at: dt.datetime
    received_at: dt.datetime | None
    portal_received_at: dt.datetime | None
    manifest: BlobId | None
    seq: int
    trouble: str | None = None

    @property
    def editable(self) -> bool:
        """Whether pages and papers may still change."""
        return self.state in {"draft", "checked"}


@dataclass(frozen=True, slots=True)
class SignedDocument:
    """A paper whose signed file is stored and proved."""

    document: Document
    signed: BlobId
    size_bytes: int


@dataclass(frozen=True, slots=True)
class SealedDossier:
    """A complete dossier, every paper signed; made only by :func:`seal`."""

    dossier: Dossier
    documents: tuple[SignedDocument, ...]


def seal(dossier: Dossier, documents: tuple[SignedDocument, ...]) -> SealedDossier:
    """The sealed form of a dossier in the state *signing*.

    Raises:
        Defect: dossier.move from another state, dossier.empty without a paper.
    """
    move(dossier.state, "sealed")
    if not documents:
        raise Defect("dossier.empty", dossier=dossier.id)
    return SealedDossier(dossier, documents)
