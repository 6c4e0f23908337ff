"""What each lane does with one dossier: register its manifest, deliver its files."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from sync.errors import SyncError
from sync.jws import VerifyKey, jws_sign_detached
from sync.manifest import Manifest, parse_manifest
from sync.outbox import BlobSource, Outbox, Registered, Sealed
from sync.patience import Patience
from sync.protocol import MANIFEST_JWS_HEADER, DossierRev, Missing, parse_missing
from sync.receipt import Reason, Receipt, check_receipt, parse_receipt
from sync.retry import Pacer
from sync.session import Session
from sync.shape import Shape, ShapeError
from sync.upload import BlobBadError, BlobRefusedError, Transfer
from sync.wire import Answer

_OK, _CREATED, _NOT_FOUND, _CONFLICT = 200, 201, 404, 409
_REJECTED = frozenset({413, 422})
_CHECK_POLLS = 60
_CHECK_POLL_S = 2.0
_FIRST_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Courier:
    """Carries dossiers of one outbox over one session."""

    session: Session
    outbox: Outbox
    blobs: BlobSource
    pacer: Pacer
    wait: Callable[[float], bool]

    def register(self, sealed: Sealed, patience: Patience) -> None:
        """Return once the portal's word on this manifest is in the outbox, whatever it is.

        Raises:
            SyncError: a trouble of the link that outlasted the patience.
        """
        manifest = _own_manifest(self.outbox, sealed.key, sealed.manifest)
        if manifest is None:
            return
        in_doubt = False
        while True:
            try:
                answer = _ask(self.session, sealed.key) if in_doubt else None
                if answer is None or answer.status == _NOT_FOUND:
                    answer = _put(self.session, manifest)
                _settle(self.session, self.outbox, manifest, answer)
            except SyncError as error:
                patience.failed(error)
                in_doubt = True
            else:
                return

    def deliver(self, registered: Registered, patience: Patience) -> None:
        """Return once every file is acknowledged and the custody receipt is in the outbox.

        Raises:
            SyncError: a trouble of the link that outlasted the patience.
        """
        manifest = _own_manifest(self.outbox, registered.key, registered.manifest)
        polls = 0
        while manifest is not None:
            try:
                answer = self._known(manifest)
                missing = _missing(answer)
                if not missing and _close(self.session, self.outbox, manifest, answer):
                    return
            except SyncError as error:
                patience.failed(error)
                continue
            if not missing:
                polls += 1
                self._await_checks(polls)
            elif not self._send(registered.key, missing, patience):
                return

    def _known(self, manifest: Manifest) -> Answer:
        """What the portal knows of this dossier; if it lost it, it is told again."""
        key = DossierRev(manifest.id, manifest.rev)
        answer = _ask(self.session, key)
        if answer.status == _NOT_FOUND:
            _settle(self.session, self.outbox, manifest, _put(self.session, manifest))
            answer = _ask(self.session, key)
        if answer.status != _OK:
            raise SyncError("sync.answer_bad", status=answer.status, why="no dossier")
        return answer

    def _send(self, key: DossierRev, missing: tuple[Missing, ...], patience: Patience) -> bool:
        """Whether all files went; otherwise the outbox knows why not."""
        self.pacer.patch_max = self.session.patch_max or self.pacer.patch_max
        rest = sum(one.size - one.offset for one in missing)
        for one in sorted(missing, key=lambda item: (item.size - item.offset, item.sha256)):
            others = rest - (one.size - one.offset)

            def progressed(offset: int, size: int = one.size, others: int = others) -> None:
                self.outbox.progress(key, others + size - offset)

            transfer = Transfer(
                session=self.session,
                blobs=self.blobs,
                missing=one,
                pacer=self.pacer,
                patience=patience,
                on_progress=progressed,
            )
            try:
                transfer.run()
            except BlobBadError:
                self.outbox.blob_bad(key, one.sha256)
                return False
            except BlobRefusedError as refusal:
                self._refused(key, refusal.answer)
                return False
            rest = others
        return True

    def _refused(self, key: DossierRev, answer: Answer) -> None:
        if answer.status not in _REJECTED:
            raise SyncError("sync.answer_bad", status=answer.status, why=answer.code)
        self.outbox.rejected(key, _reasons(answer))

    def _await_checks(self, polls: int) -> None:
        """Give the portal time to look at the files; it holds them all by now."""
        pause_s = min(_CHECK_POLL_S, _FIRST_POLL_S * 2.0 ** min(polls, 10))
        if polls > _CHECK_POLLS or self.wait(pause_s):
            raise SyncError("sync.portal_checking")


def _own_manifest(outbox: Outbox, key: DossierRev, data: bytes) -> Manifest | None:
    """Our manifest, or None after the outbox was told that the portal could never take it."""
    try:
        manifest = parse_manifest(data)
    except SyncError as error:
        where = str(error.params.get("where", ""))
        outbox.rejected(key, [Reason("manifest-malformed", str(error), field=where)])
        return None
    if (manifest.id, manifest.rev) != (key.id, key.rev):
        outbox.rejected(key, [Reason("manifest-malformed", "other id or rev", field="id")])
        return None
    return manifest


def _put(session: Session, manifest: Manifest) -> Answer:
    session.prove()
    digest = base64.b64encode(hashlib.sha256(manifest.raw).digest()).decode("ascii")
    key = session.identity.key
    return session.call(
        "PUT",
        f"/dossiers/{manifest.id}/{manifest.rev}",
        headers={
            "Content-Type": "application/json",
            "Content-Digest": f"sha-256=:{digest}:",
            MANIFEST_JWS_HEADER: jws_sign_detached(manifest.raw, key, VerifyKey.of(key).kid),
        },
        body=manifest.raw,
    )


def _ask(session: Session, key: DossierRev) -> Answer:
    session.prove()
    return session.call("GET", f"/dossiers/{key.id}/{key.rev}")


def _settle(session: Session, outbox: Outbox, manifest: Manifest, answer: Answer) -> None:
    """Put the portal's word on the manifest into the outbox."""
    key = DossierRev(manifest.id, manifest.rev)
    if answer.status in {_OK, _CREATED}:
        receipt = _receipt(session, answer, "reception_receipt")
        if receipt.manifest_sha256 != manifest.sha256:
            outbox.conflict(key)
            return
        check_receipt(receipt, manifest, "reception")
        outbox.registered(key, receipt.raw, _missing(answer))
    elif answer.status == _CONFLICT:
        outbox.conflict(key)
    elif answer.status in _REJECTED:
        outbox.rejected(key, _reasons(answer))
    else:
        raise SyncError("sync.answer_bad", status=answer.status, why=answer.code)


def _close(session: Session, outbox: Outbox, manifest: Manifest, answer: Answer) -> bool:
    """Whether the portal has spoken its last word, which then stands in the outbox."""
    key = DossierRev(manifest.id, manifest.rev)
    top = answer.shape()
    if top.has("decision"):
        decision = _receipt(session, answer, "decision")
        check_receipt(decision, manifest, "decision")
        if decision.verdict == "rejected":
            outbox.rejected(key, decision.reasons)
            return True
    if not top.has("custody_receipt"):
        return False
    custody = _receipt(session, answer, "custody_receipt")
    check_receipt(custody, manifest, "custody")
    outbox.delivered(key, custody.raw)
    return True


def _receipt(session: Session, answer: Answer, name: str) -> Receipt:
    try:
        raw = answer.shape().text(name, most=100_000).encode("ascii")
    except (ShapeError, UnicodeEncodeError) as error:
        raise SyncError("sync.answer_bad", status=answer.status, why=f"no {name}") from error
    return parse_receipt(raw, session.keys, session.identity.issuer)


def _missing(answer: Answer) -> tuple[Missing, ...]:
    try:
        return parse_missing(answer.shape())
    except ShapeError as error:
        raise SyncError("sync.answer_bad", status=answer.status, why=str(error)) from error


def _reasons(answer: Answer) -> tuple[Reason, ...]:
    """The reasons of a problem document: each field's, else the document's own."""
    top = answer.shape()
    try:
        fields = tuple(_field_reason(one) for one in top.shapes("fields", 1000))
        return fields or (Reason(top.text("code", most=80), top.text("vi")),)
    except ShapeError as error:
        raise SyncError("sync.answer_bad", status=answer.status, why=str(error)) from error


def _field_reason(one: Shape) -> Reason:
    return Reason(one.text("code", most=80), one.text("vi"), field=one.text("path"))
