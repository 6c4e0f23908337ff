"""What the file says of itself, twice and alike: the XMP packet and the information dictionary.

Source: ISO 19005-2, 6.6.2 to 6.6.4; XMP Specification Part 1 (2012), 7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from pikepdf import Dictionary, Name, Object, Pdf, Stream, String

from app.packaging.readable import readable

if TYPE_CHECKING:
    from datetime import datetime

    from app.packaging.model import Metadata

PART = "2"
CONFORMANCE = "U"

_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
 xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/">
{properties}
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""


def packet(meta: Metadata) -> bytes:
    """The XMP packet: properties without a value are left out."""
    rows = [
        _plain("pdfaid:part", PART),
        _plain("pdfaid:conformance", CONFORMANCE),
        _plain("dc:format", "application/pdf"),
        _alternatives("dc:title", readable(meta.title)),
        _list("dc:creator", "Seq", readable(meta.author)),
        _list("dc:publisher", "Bag", readable(meta.organ)),
        _plain("dc:identifier", readable(meta.doc_code)),
        _alternatives("dc:description", readable(meta.subject)),
        _list("dc:language", "Bag", readable(meta.language)),
        _plain("pdf:Producer", readable(meta.producer)),
    ]
    if meta.created is not None:
        stamp = meta.created.replace(microsecond=0).isoformat()
        rows += [_plain("xmp:CreateDate", stamp), _plain("xmp:ModifyDate", stamp)]
    return _PACKET.format(properties="\n".join(filter(None, rows))).encode()


def info_entries(meta: Metadata) -> dict[str, str]:
    """The entries of the information dictionary, equal to those of the packet."""
    entries = {
        "/Title": readable(meta.title),
        "/Author": readable(meta.author),
        "/Subject": readable(meta.subject),
        "/Producer": readable(meta.producer),
    }
    if meta.created is not None:
        entries["/CreationDate"] = entries["/ModDate"] = pdf_date(meta.created)
    return {key: value for key, value in entries.items() if value}


def pdf_date(moment: datetime) -> str:
    """``D:20261122091405+07'00'`` for an aware time."""
    offset = moment.strftime("%z")
    return f"D:{moment:%Y%m%d%H%M%S}{offset[:3]}'{offset[3:5]}'"


def write_metadata(pdf: Pdf, meta: Metadata) -> None:
    """Puts packet, information dictionary, language and title preference into ``pdf``."""
    stream = Stream(pdf, packet(meta))
    stream.Type = Name.Metadata
    stream.Subtype = Name.XML
    root: Object = pdf.Root
    root.Metadata = stream
    root.Lang = String(readable(meta.language))
    root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    for key, value in info_entries(meta).items():
        pdf.docinfo[key] = String(value)


def _plain(name: str, value: str) -> str:
    return f"<{name}>{escape(value)}</{name}>" if value else ""


def _alternatives(name: str, value: str) -> str:
    item = f'<rdf:li xml:lang="x-default">{escape(value)}</rdf:li>'
    return f"<{name}><rdf:Alt>{item}</rdf:Alt></{name}>" if value else ""


def _list(name: str, kind: str, value: str) -> str:
    item = f"<rdf:li>{escape(value)}</rdf:li>"
    return f"<{name}><rdf:{kind}>{item}</rdf:{kind}></{name}>" if value else ""
