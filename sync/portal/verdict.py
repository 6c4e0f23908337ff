"""What a look at one received file found, and what follows from it for the dossier."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from sync.manifest import Manifest, ManifestDocument
from sync.portal.problems import catalogue, sentence

CHECK_FAILED = "check-failed"


@dataclass(frozen=True, slots=True)
class DocumentVerdict:
    """What a look at one file found.

    Attributes:
        pdf: it opens as a PDF.
        pdfa: the flavour it claims (``2u``), None when it claims none.
        signed: a signature covers the whole file and it is intact.
        pages: number of pages, None when unknown.
        reason: a reason code of the catalogue that speaks against it, None when nothing does.
    """

    pdf: bool
    pdfa: str | None
    signed: bool
    pages: int | None
    reason: str | None

    def to_json(self) -> str:
        """The verdict as it stands in its row."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> DocumentVerdict:
        """The verdict of a row."""
        return cls(**json.loads(text))


FAILED = DocumentVerdict(pdf=False, pdfa=None, signed=False, pages=None, reason=CHECK_FAILED)
"""The look itself failed or took too long: nothing is known of the file."""


def reasons_of(manifest: Manifest, verdicts: Mapping[str, DocumentVerdict]) -> list[dict[str, str]]:
    """Why the papers cannot be taken; empty when they can."""
    found: list[dict[str, str]] = []
    for paper in manifest.documents:
        verdict = verdicts.get(paper.file.sha256)
        if verdict is None or verdict.reason == CHECK_FAILED:
            continue
        objection = _objection(paper, verdict)
        if objection is not None:
            code, params = objection
            found.append({"code": code, "vi": sentence(code, params), "document": paper.id})
    return found


def signatures_of(manifest: Manifest, verdicts: Mapping[str, DocumentVerdict]) -> str:
    """``ok`` when every paper is signed and intact, ``bad`` when one is not, else ``pending``."""
    known = [verdicts.get(paper.file.sha256) for paper in manifest.documents]
    if any(one is not None and one.reason != CHECK_FAILED and not one.signed for one in known):
        return "bad"
    if any(one is None or one.reason == CHECK_FAILED for one in known):
        return "pending"
    return "ok"


def _objection(
    paper: ManifestDocument, verdict: DocumentVerdict
) -> tuple[str, dict[str, str | int]] | None:
    if verdict.reason is not None:
        known = verdict.reason if verdict.reason in catalogue() else "document-refused"
        params: dict[str, str | int] = {"found": verdict.pages or 0, "stated": paper.pages}
        params["reason"] = verdict.reason
        return known, params
    if not verdict.pdf:
        return "media-not-pdf", {}
    if not verdict.signed:
        return "signature-missing", {}
    if verdict.pages is not None and verdict.pages != paper.pages:
        return "pages-mismatch", {"found": verdict.pages, "stated": paper.pages}
    return None
