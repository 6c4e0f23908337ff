"""What the file says of itself, twice and alike: the XMP packet and the information dictionary.

Code and organ have no property of their own in the schemas that PDF/A knows, so the packet brings
the declaration of a schema for them along.

Source: ISO 19005-2, 6.6.2 to 6.6.4, and 6.6.2.3.3 (extension schemas); XMP Specification Part 1
(2012), 7.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from pikepdf import Dictionary, Name, Object, Pdf, Stream, String

from app.packaging.readable import entry

if TYPE_CHECKING:
    from datetime import datetime

    from app.packaging.model import Flavour, Metadata

# What a file of each flavour claims: part of the standard and level of conformance.
CLAIMS: dict[str, tuple[str, str]] = {"2u": ("2", "U"), "2b": ("2", "B"), "3b": ("3", "B")}
SCHEMA_PREFIX = "station"
SCHEMA_URI = "urn:counter-station:document:1.0:"
DOC_CODE, ORGAN = "DocCode", "OrganName"
DECLARED_NAMESPACES = (
    (SCHEMA_PREFIX, SCHEMA_URI),
    ("pdfaExtension", "http://www.aiim.org/pdfa/ns/extension/"),
    ("pdfaSchema", "http://www.aiim.org/pdfa/ns/schema#"),
    ("pdfaProperty", "http://www.aiim.org/pdfa/ns/property#"),
)

_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
 xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/">
{properties}
</rdf:Description>{own}
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""

_OWN = """
<rdf:Description rdf:about="" xmlns:{prefix}="{uri}">
{properties}
</rdf:Description>
{declaration}"""


def _declared(name: str, description: str) -> str:
    return f"""<rdf:li rdf:parseType="Resource">
<pdfaProperty:name>{name}</pdfaProperty:name>
<pdfaProperty:valueType>Text</pdfaProperty:valueType>
<pdfaProperty:category>external</pdfaProperty:category>
<pdfaProperty:description>{description}</pdfaProperty:description>
</rdf:li>"""


_MARKS = "\n ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in DECLARED_NAMESPACES[1:])
DECLARATION = f"""<rdf:Description rdf:about=""
 {_MARKS}>
<pdfaExtension:schemas>
<rdf:Bag>
<rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>Counter Station document schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>{SCHEMA_URI}</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>{SCHEMA_PREFIX}</pdfaSchema:prefix>
<pdfaSchema:property>
<rdf:Seq>
{_declared(DOC_CODE, "Number and notation of the paper, or its code in the dossier")}
{_declared(ORGAN, "Organ that issued or digitised the paper")}
</rdf:Seq>
</pdfaSchema:property>
</rdf:li>
</rdf:Bag>
</pdfaExtension:schemas>
</rdf:Description>"""


def packet(meta: Metadata, flavour: Flavour = "2u") -> bytes:
    """The XMP packet: properties without a value are left out."""
    part, conformance = CLAIMS[flavour]
    rows = [
        _plain("pdfaid:part", part),
        _plain("pdfaid:conformance", conformance),
        _plain("dc:format", "application/pdf"),
        _alternatives("dc:title", entry(meta.title)),
        _list("dc:creator", "Seq", entry(meta.author)),
        _list("dc:publisher", "Bag", entry(meta.organ)),
        _plain("dc:identifier", entry(meta.doc_code)),
        _alternatives("dc:description", entry(meta.subject)),
        _list("dc:language", "Bag", entry(meta.language)),
        _plain("pdf:Producer", entry(meta.producer)),
    ]
    if meta.created is not None:
        stamp = _whole_minutes_from_utc(meta.created).isoformat(timespec="seconds")
        rows += [_plain("xmp:CreateDate", stamp), _plain("xmp:ModifyDate", stamp)]
    properties = "\n".join(filter(None, rows))
    return _PACKET.format(properties=properties, own=_own_schema(meta)).encode()


def info_entries(meta: Metadata) -> dict[str, str]:
    """The entries of the information dictionary, equal to those of the packet."""
    entries = {
        "/Title": entry(meta.title),
        "/Author": entry(meta.author),
        "/Subject": entry(meta.subject),
        "/Producer": entry(meta.producer),
        f"/{DOC_CODE}": entry(meta.doc_code),
        f"/{ORGAN}": entry(meta.organ),
    }
    if meta.created is not None:
        entries["/CreationDate"] = entries["/ModDate"] = pdf_date(meta.created)
    return {key: value for key, value in entries.items() if value}


def pdf_date(moment: datetime) -> str:
    """``D:20261122091405+07'00'`` for an aware time."""
    moment = _whole_minutes_from_utc(moment)
    offset = moment.strftime("%z")
    return f"D:{moment.year:04d}{moment:%m%d%H%M%S}{offset[:3]}'{offset[3:5]}'"


def write_metadata(pdf: Pdf, meta: Metadata, flavour: Flavour) -> None:
    """Puts packet, information dictionary, language and title preference into ``pdf``."""
    stream = Stream(pdf, packet(meta, flavour))
    stream.Type = Name.Metadata
    stream.Subtype = Name.XML
    root: Object = pdf.Root
    root.Metadata = stream
    root.Lang = String(entry(meta.language))
    root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    for key, value in info_entries(meta).items():
        pdf.docinfo[key] = String(value)


def _own_schema(meta: Metadata) -> str:
    rows = [
        _plain(f"{SCHEMA_PREFIX}:{DOC_CODE}", entry(meta.doc_code)),
        _plain(f"{SCHEMA_PREFIX}:{ORGAN}", entry(meta.organ)),
    ]
    properties = "\n".join(filter(None, rows))
    if not properties:
        return ""
    return _OWN.format(
        prefix=SCHEMA_PREFIX, uri=SCHEMA_URI, properties=properties, declaration=DECLARATION
    )


def _whole_minutes_from_utc(moment: datetime) -> datetime:
    """The time in its own zone, or in UTC when the zone is none that both notations can write."""
    offset = moment.utcoffset()
    if offset is not None and offset.total_seconds() % 60:
        moment = moment.astimezone(UTC)
    return moment.replace(microsecond=0)


def _plain(name: str, value: str) -> str:
    return f"<{name}>{escape(value)}</{name}>" if value else ""


def _alternatives(name: str, value: str) -> str:
    item = f'<rdf:li xml:lang="x-default">{escape(value)}</rdf:li>'
    return f"<{name}><rdf:Alt>{item}</rdf:Alt></{name}>" if value else ""


def _list(name: str, kind: str, value: str) -> str:
    item = f"<rdf:li>{escape(value)}</rdf:li>"
    return f"<{name}><rdf:{kind}>{item}</rdf:{kind}></{name}>" if value else ""
