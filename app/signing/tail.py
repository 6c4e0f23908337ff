"""Whether bytes behind the last signature are honest additions or something nobody accounts for.

A time-stamp service may append revocation data after the last signature; that is a revision with
a cross-reference section of its own. Validators look at what such a section lists and say nothing
about what lies between. Here every byte must belong to a listed object, a cross-reference section,
its trailer, or white space.

Source: ISO 32000-2 sections 7.5.4 to 7.5.8 (cross-references, incremental updates).
"""

from __future__ import annotations

import itertools
import re
from typing import Any, Final

_WHITE: Final = b"\0\t\n\f\r "
_OBJECT = re.compile(rb"(\d{1,10})\s+(\d{1,5})\s+obj\b")
_END = re.compile(rb"startxref\s+\d+\s+%%EOF\s*")
_TABLE = re.compile(rb"xref\s[\d\sfn]*trailer\s*<<[^%]{0,4096}>>\s*startxref\s+\d+\s+%%EOF\s*")


def is_white(pdf: bytes, end: int) -> bool:
    """Whether nothing but white space follows offset ``end``."""
    return not pdf[end:].strip(_WHITE)


def is_accounted(reader: Any, pdf: bytes, end: int) -> bool:
    """Whether everything behind offset ``end`` belongs to listed objects and their sections.

    Args:
        reader: an open reader over ``pdf``.
        pdf: the whole file.
        end: offset behind the last byte that the last signature covers.
    """
    if is_white(pdf, end):
        return True
    starts = _listed(reader, end)
    first = len(pdf) - len(pdf[end:].lstrip(_WHITE))
    if not starts or min(starts) != first:
        return False
    marks = [*sorted(starts), len(pdf)]
    return all(
        _whole(pdf[start:following], starts[start])
        for start, following in itertools.pairwise(marks)
    )


def _listed(reader: Any, end: int) -> dict[int, tuple[int, int] | None]:
    """Offsets behind ``end`` that any revision lists: object numbers, or None for a table."""
    found: dict[int, tuple[int, int] | None] = {}
    for revision in range(reader.xrefs.total_revisions):
        for ref in reader.xrefs.explicit_refs_in_revision(revision):
            offset = reader.xrefs.get_historical_ref(ref, revision)
            if isinstance(offset, int) and offset >= end:
                found[offset] = (ref.idnum, ref.generation)
        section = reader.xrefs.get_xref_container_info(revision)
        if section.declared_startxref >= end:
            stream = section.stream_ref
            found[section.declared_startxref] = stream and (stream.idnum, stream.generation)
    return found


def _whole(part: bytes, listed: tuple[int, int] | None) -> bool:
    """Whether ``part`` is exactly one listed object, or one table with its trailer."""
    if listed is None:
        return _TABLE.fullmatch(part) is not None
    head = _OBJECT.match(part)
    if head is None or (int(head[1]), int(head[2])) != listed:
        return False
    # The first end of an object must be the last thing, or something hides behind it.
    _body, ended, rest = part.partition(b"endobj")
    rest = rest.strip(_WHITE)
    if not ended:
        return False
    return not rest or _END.fullmatch(rest) is not None
