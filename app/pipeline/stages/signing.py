"""Signatures: prepare, sign, embed. The only room that imports ``app.signing`` for jobs.

Only ``sign`` touches the world, and it is never repeated without a person.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from app.clock import now
from app.domain.errors import Defect, Trouble
from app.domain.ids import BlobId
from app.pipeline import leases
from app.pipeline.context import Context
from app.signing import appearance, embed, policy, prepare
from app.signing.prepare import PreparedSignature
from app.store import blob_rows, dossiers
from app.store.database import fetch, transaction
from app.store.hops import hop

CLOCK_SLACK = dt.timedelta(minutes=2)
UNTOUCHED = frozenset({"sign.token_missing", "sign.no_key", "sign.mechanism"})
"""Failures after which the key has certainly not been used."""


def trust(home: Path, extra: Sequence[Path] = ()) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Configured anchors and CRLs, DER or PEM as the files hold them.

    Args:
        home: the vault; its ``trust`` folder holds ``*.pem`` and ``*.crl``.
        extra: further files, told apart by their ending.
    """
    files = [*sorted((home / "trust").glob("*")), *extra]
    anchors = tuple(f.read_bytes() for f in files if f.suffix.lower() in {".pem", ".crt", ".cer"})
    crls = tuple(file.read_bytes() for file in files if file.suffix.lower() == ".crl")
    return anchors, crls


def prepare_document(context: Context) -> BlobId:
    """The bytes to be signed, after the certificate and the document passed the checks.

    Raises:
        Trouble: the first blocking finding, for example sign.cert_expired.
    """
    signer = cast("Mapping[str, object]", context.job.params["signer"])
    cert = base64.b64decode(str(signer["cert"]))
    chain = [base64.b64decode(c) for c in cast("list[str]", signer["chain"])]
    at = dt.datetime.fromisoformat(context.text("at"))
    anchors, crls = trust(context.home)
    pdf = context.vault.blobs.read(context.job.inputs[0])
    _clock_holds(context)
    refuse(policy.check_certificate(cert, chain, anchors, crls, now()))
    refuse(policy.check_document(pdf))
    stamp = appearance.conversion_mark(str(signer["name"]), at)
    prepared = prepare.prepare(
        pdf,
        cert=cert,
        chain=chain,
        stamp=stamp,
        now=at,
        field=context.text("field"),
        box=prepare.place(pdf, stamp, anywhere=bool(context.job.params["anywhere"])),
    )
    body = context.vault.blobs.put(prepared.pdf)
    record = {"pdf": body, "record": base64.b64encode(prepared.record()).decode()}
    with transaction(context.vault.db) as db:
        blob_rows.record(db, context.vault.blobs, body)
    return context.vault.blobs.put(json.dumps(record, sort_keys=True).encode())


def _clock_holds(context: Context) -> None:
    """Refuse to put a time on paper that lies before what the journal already saw.

    Raises:
        Trouble: sign.clock_back.
    """
    rows = fetch(context.vault.db, "SELECT at FROM journal ORDER BY n DESC LIMIT 1")
    if rows and now() < dt.datetime.fromisoformat(str(rows[0]["at"])) - CLOCK_SLACK:
        raise Trouble("sign.clock_back", last=str(rows[0]["at"]))


def refuse(findings: Sequence[policy.Finding]) -> None:
    """Stop at the first finding that blocks.

    Raises:
        Trouble: the finding's slug.
    """
    for finding in findings:
        if finding.level == "block":
            raise Trouble.of(finding.slug, finding.params)


def sign_document(context: Context) -> BlobId:
    """The CMS of one document; the token is asked exactly once.

    Raises:
        Trouble: sign.in_doubt when the reply did not come after the token was asked.
    """
    prepared = _prepared(context, context.job.inputs[0])
    if context.ask_token is None:
        raise Defect("sign.no_relay")
    with transaction(context.vault.db):
        if not leases.owned(context.vault.db, context.job.id, context.owner):
            raise Trouble("sign.in_doubt", title="")
        dossiers.note(context.vault.db, context.act(), "sign.called", context.text("document"))
    hop("sign.before_token")
    reply = context.ask_token(
        {
            "cert_sha256": hashlib.sha256(prepared.cert).hexdigest(),
            "mechanism": embed.mechanism_for(prepared.cert),
            "attrs": base64.b64encode(prepared.signed_attrs).decode(),
        }
    )
    hop("sign.after_token")
    signature = reply.get("signature")
    if signature is None:
        slug = reply.get("error", "sign.in_doubt")
        raise Trouble(slug if slug in UNTOUCHED else "sign.in_doubt", title="")
    cms = embed.build_cms(prepared, base64.b64decode(signature))
    return context.vault.blobs.put(cms)


def embed_signature(context: Context) -> BlobId:
    """The signed file, read back and proved against what was prepared.

    Raises:
        SigningError: sign.proof_failed.
    """
    unsigned, record, cms = context.job.inputs
    blobs = context.vault.blobs
    prepared = _prepared(context, record)
    signed = embed.embed(prepared, blobs.read(cms))
    blob = blobs.put(signed)
    embed.prove(blobs.read(unsigned), blobs.read(blob), prepared)
    return blob


def _prepared(context: Context, record: BlobId) -> PreparedSignature:
    value = json.loads(context.vault.blobs.read(record))
    pdf = context.vault.blobs.read(BlobId(value["pdf"]))
    return PreparedSignature.load(base64.b64decode(value["record"]), pdf)
