"""What forbids signing a PDF: a signature would cover something nobody has seen or could change.

Source: ISO 19005-2 (no encryption, no scripts, no XFA), ISO 32000-2 section 12.8.2.2 (DocMDP).
"""

from __future__ import annotations

from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.sign.fields import MDPPerm, enumerate_sig_fields

from app.signing.errors import SigningError
from app.signing.integrity import open_pdf, signed_parts

Fault = tuple[str, str]

_MAX_OBJECTS = 500_000


def document_faults(pdf: bytes, field: str) -> tuple[Fault, ...]:
    """Slug and reason of everything that forbids signing ``pdf`` in a new field ``field``."""
    try:
        reader = open_pdf(pdf)
    except SigningError as trouble:
        why = str(trouble.params.get("why", ""))
        return (("sign.doc_encrypted" if why == "encrypted" else trouble.slug, why),)
    try:
        return tuple(_look(reader, field))
    except SigningError as trouble:
        return ((trouble.slug, str(trouble.params.get("why", ""))),)
    except Exception as trouble:  # noqa: BLE001 - a hostile file may raise anything in a parser
        return (("sign.unreadable_pdf", type(trouble).__name__),)


def _look(reader: Any, field: str) -> list[Fault]:
    faults: list[Fault] = []
    if getattr(reader.xrefs, "hybrid_xrefs_present", False):
        faults.append(("sign.unreadable_pdf", "hybrid"))
    faults += _active_content(reader)
    page = reader.root["/Pages"]
    while "/Kids" in page:
        page = page["/Kids"][0]
    if int(_inherited(page, "/Rotate", 0)) % 360:
        faults.append(("sign.page_rotated", ""))
    names = {str(name) for name, _value, _ref in enumerate_sig_fields(reader)} | _field_names(
        reader
    )
    if field in names:
        faults.append(("sign.field_taken", ""))
    for part in signed_parts(reader):
        if part.fault:
            faults.append(("sign.doc_broken", part.fault))
        elif part.embedded is not None and part.embedded.docmdp_level == MDPPerm.NO_CHANGES:
            faults.append(("sign.doc_locked", ""))
    return faults


def _inherited(page: Any, key: str, otherwise: int) -> Any:
    for _ in range(64):
        if key in page:
            return page[key]
        if "/Parent" not in page:
            return otherwise
        page = page["/Parent"]
    return otherwise


def _field_names(reader: Any) -> set[str]:
    form = reader.root.get("/AcroForm", {})
    fields = form.get("/Fields", []) if hasattr(form, "get") else []
    return {str(each.get("/T", "")) for each in fields if hasattr(each, "get")}


def _active_content(reader: Any) -> list[Fault]:
    """Scripts and XFA anywhere that a live object can hold them."""
    faults: list[Fault] = []
    form = reader.root.get("/AcroForm", {})
    if hasattr(form, "get") and "/XFA" in form:
        faults.append(("sign.doc_xfa", ""))
    names = reader.root.get("/Names", {})
    if hasattr(names, "get") and "/JavaScript" in names:
        return [*faults, ("sign.doc_javascript", "")]
    if any(_holds_script(each) for each in _objects(reader)):
        faults.append(("sign.doc_javascript", ""))
    return faults


def _objects(reader: Any) -> list[Any]:
    refs = list(reader.xrefs.explicit_refs_in_revision(0))
    for revision in range(1, reader.xrefs.total_revisions):
        refs += reader.xrefs.explicit_refs_in_revision(revision)
    if len(refs) > _MAX_OBJECTS:
        raise SigningError("sign.unreadable_pdf", why="too_many_objects")
    return [reader.get_object(ref, never_decrypt=True) for ref in dict.fromkeys(refs)]


def _holds_script(thing: Any) -> bool:
    """Whether a direct part of ``thing`` is a script action; references have their own visit."""
    pending = [thing]
    while pending:
        each = pending.pop()
        if isinstance(each, generic.DictionaryObject):
            if "/JS" in each or dict.get(each, "/S") == "/JavaScript":
                return True
            pending += [value for _key, value in dict.items(each)]
        elif isinstance(each, generic.ArrayObject):
            pending += list(list.__iter__(each))
    return False
