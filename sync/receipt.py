"""Receipts: what the portal signs, so that nobody has to believe a status code.

``reception`` says the manifest is committed and which official code is bound; ``custody`` says
every file lies hashed on the portal's disk; ``decision`` says what became of the papers. A receipt
is stored before it is sent and repeated byte for byte.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from sync.canonical import parse_canonical
from sync.errors import SyncError
from sync.jws import RECEIPT_TYP, VerifyKey, jws_verify
from sync.manifest import ID_FORM, MAX_FILES, MAX_REV, OFFICIAL_CODE_FORM, Manifest
from sync.shape import Shape, ShapeError

Jws: TypeAlias = bytes
"""A compact JWS as received (its own name because a field below is called ``bytes``)."""

KINDS = frozenset({"reception", "custody", "decision"})


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a dossier or a paper was refused: a code of the catalogue and its sentence."""

    code: str
    vi: str
    document: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A verified receipt; ``raw`` is the compact JWS as received.

    Attributes:
        t: ``reception``, ``custody`` or ``decision``.
        received_at: commit time at the portal.
        captured_at: sealing at the counter, as the manifest says.
        files: number of distinct files; ``bytes``: their sum.
        files_root: root over the files (custody only, else empty).
        signatures: ``ok``, ``bad`` or ``pending`` (custody only, else empty).
        complete_at: when the last file was durable (custody only).
        verdict: ``rejected`` or ``accepted`` (decision only, else empty).
    """

    t: str
    iss: str
    station: str
    id: str
    rev: int
    manifest_sha256: str
    received_at: dt.datetime
    captured_at: dt.datetime
    temp_code: str
    official_code: str | None
    files: int
    bytes: int
    raw: Jws = field(repr=False)
    files_root: str = ""
    signatures: str = ""
    complete_at: dt.datetime | None = None
    verdict: str = ""
    reasons: tuple[Reason, ...] = ()


def parse_receipt(raw: bytes, keys: Iterable[VerifyKey], issuer: str) -> Receipt:
    """The receipt in ``raw``, signed by one of ``keys`` for ``issuer``.

    Raises:
        SyncError: ``sync.receipt_bad`` with ``why``.
    """
    try:
        payload = jws_verify(raw, keys, RECEIPT_TYP)
        receipt = _receipt(Shape.of(parse_canonical(payload)), raw)
    except ShapeError as error:
        raise SyncError("sync.receipt_bad", why=str(error)) from error
    except SyncError as error:
        raise SyncError("sync.receipt_bad", why=str(error)) from error
    if receipt.iss != issuer:
        raise SyncError("sync.receipt_bad", why="another issuer")
    return receipt


def check_receipt(receipt: Receipt, manifest: Manifest, kind: str) -> None:
    """Return only when ``receipt`` is a ``kind`` receipt for exactly ``manifest``.

    Raises:
        SyncError: ``sync.receipt_bad`` with ``why``.
    """
    facts = {
        "kind": receipt.t == kind,
        "dossier": (receipt.id, receipt.rev) == (manifest.id, manifest.rev),
        "station": receipt.station == manifest.station,
        "manifest": receipt.manifest_sha256 == manifest.sha256,
        "temporary code": receipt.temp_code == manifest.temp_code,
        "files": receipt.files == len(manifest.files),
        "files root": kind != "custody" or receipt.files_root == manifest.files_root,
    }
    wrong = [name for name, fits in facts.items() if not fits]
    if wrong:
        raise SyncError("sync.receipt_bad", why="does not fit: " + ", ".join(wrong))


def _receipt(top: Shape, raw: bytes) -> Receipt:
    t = top.text("t")
    if t not in KINDS:
        raise ShapeError("t", "unknown kind of receipt")
    custody, decision = t == "custody", t == "decision"
    return Receipt(
        t=t,
        iss=top.text("iss"),
        station=top.text("station"),
        id=top.text("id", ID_FORM),
        rev=top.integer("rev", 1, MAX_REV),
        manifest_sha256=top.sha256("manifest_sha256"),
        received_at=top.time("received_at"),
        captured_at=top.time("captured_at"),
        temp_code=top.text("temp_code"),
        official_code=top.text("official_code", OFFICIAL_CODE_FORM)
        if top.has("official_code")
        else None,
        files=top.integer("files"),
        bytes=top.integer("bytes"),
        raw=raw,
        files_root=top.sha256("files_root") if custody else "",
        signatures=top.shape("verified").text("signatures") if custody else "",
        complete_at=top.time("complete_at") if custody else None,
        verdict=top.text("verdict") if decision else "",
        reasons=parse_reasons(top) if decision else (),
    )


def parse_reasons(top: Shape) -> tuple[Reason, ...]:
    """The reasons listed under ``reasons``.

    Raises:
        ShapeError: the list has another form.
    """
    return tuple(
        Reason(
            code=one.text("code", most=80),
            vi=one.text("vi"),
            document=one.text("document") if one.has("document") else "",
            field=one.text("field") if one.has("field") else "",
        )
        for one in top.shapes("reasons", MAX_FILES * 4)
    )
