"""The portal's pen: builds the claims of each receipt and signs them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync.canonical import JsonValue, canonical_json
from sync.jws import ABOUT_TYP, RECEIPT_TYP, VerifyKey, jws_sign
from sync.manifest import Manifest

HANOI = dt.timezone(dt.timedelta(hours=7), "+07:00")


def iso(at: dt.datetime) -> str:
    """``at`` to the second in Vietnam's time, as it stands in rows and receipts."""
    return at.astimezone(HANOI).replace(microsecond=0).isoformat()


@dataclass(frozen=True, slots=True)
class Facts:
    """What every receipt of one dossier repeats."""

    manifest: Manifest
    received_at: str
    official_code: str


class Pen:
    """Signs in the name of one portal.

    Args:
        key: the portal's key.
        issuer: whom the receipts name as ``iss``.
    """

    def __init__(self, key: Ed25519PrivateKey, issuer: str) -> None:
        self.issuer = issuer
        self.verify_key = VerifyKey.of(key)
        self._key = key

    def about(self, claims: dict[str, JsonValue]) -> str:
        """The signed self-description."""
        return jws_sign(canonical_json(claims), self._key, self.verify_key.kid, ABOUT_TYP)

    def reception(self, facts: Facts, at: dt.datetime) -> str:
        """The manifest is committed."""
        audit: dict[str, JsonValue] = {
            "audit_n": facts.manifest.audit_n,
            "audit_head": facts.manifest.audit_head,
        }
        return self._receipt("reception", facts, at, audit)

    def custody(self, facts: Facts, at: dt.datetime, signatures: str) -> str:
        """Every file lies here, hashed; ``signatures`` is ``ok``, ``bad`` or ``pending``."""
        claims: dict[str, JsonValue] = {
            "files_root": facts.manifest.files_root,
            "complete_at": iso(at),
            "verified": {"hash": "ok", "signatures": signatures},
        }
        return self._receipt("custody", facts, at, claims)

    def rejection(self, facts: Facts, at: dt.datetime, reasons: Sequence[dict[str, str]]) -> str:
        """The files cannot be taken, and why."""
        claims: dict[str, JsonValue] = {
            "verdict": "rejected",
            "reasons": [dict(one) for one in reasons],
            "by": "portal",
            "at": iso(at),
        }
        return self._receipt("decision", facts, at, claims)

    def _receipt(self, kind: str, facts: Facts, at: dt.datetime, more: dict[str, JsonValue]) -> str:
        manifest = facts.manifest
        claims: dict[str, JsonValue] = {
            "t": kind,
            "iss": self.issuer,
            "jti": uuid.uuid4().hex,
            "iat": int(at.timestamp()),
            "station": manifest.station,
            "id": manifest.id,
            "rev": manifest.rev,
            "manifest_sha256": manifest.sha256,
            "received_at": facts.received_at,
            "captured_at": manifest.captured_at.isoformat(),
            "clock_start": manifest.captured_at.isoformat(),
            "temp_code": manifest.temp_code,
            "official_code": facts.official_code,
            "files": len(manifest.files),
            "bytes": sum(one.size for one in manifest.files),
            **more,
        }
        return jws_sign(canonical_json(claims), self._key, self.verify_key.kid, RECEIPT_TYP)
