"""Streams that are already compressed when the document gets them.

A stream that the writer compresses names its filter in another place than one that comes
compressed: pages would differ by whether they had waited in a file.
"""

from __future__ import annotations

import zlib

from pikepdf import Name, Pdf, Stream


def deflated(pdf: Pdf, data: bytes) -> Stream:
    """A stream of ``pdf`` that holds ``data``.

    *Source:* ISO 32000-1, 7.4.4.
    """
    stream = Stream(pdf, zlib.compress(data))
    stream.Filter = Name.FlateDecode
    return stream
