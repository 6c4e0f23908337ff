"""A page drawn anew as PDF objects: its picture, and the ink as a stencil over it.

Source: ISO 32000-1, 8.9.6.2 (stencil masks), 7.4.6 (CCITTFaxDecode), 7.4.7 (JBIG2Decode).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pikepdf import Dictionary, Name, Object, Pdf, Stream

from app.packaging.geometry import pdf_number
from app.packaging.picture import embed

if TYPE_CHECKING:
    from app.packaging.geometry import Placement
    from app.packaging.model import Layers, Mask

PICTURE_RESOURCE = "Im0"
MASK_RESOURCE = "Mk0"
_FULL = 255


def embed_layers(
    pdf: Pdf, layers: Layers, placement: Placement, number: int
) -> tuple[Dictionary, bytes]:
    """The picture and the mask as image objects by name, and the operators that draw them.

    Args:
        pdf: the document that is being made.
        layers: what covers the whole page.
        placement: the page's size; its ``cm`` belongs to the scan and is not used.
        number: of the page, from 1, for the error.

    Raises:
        PackagingError: ``pack.bad_image`` and its kin for a picture that is none.
    """
    box = f"{pdf_number(placement.width_pt)} 0 0 {pdf_number(placement.height_pt)} 0 0 cm"
    objects = Dictionary({f"/{PICTURE_RESOURCE}": embed(pdf, layers.picture, number).image})
    drawn = f"q {box} /{PICTURE_RESOURCE} Do"
    if layers.mask is not None:
        objects[f"/{MASK_RESOURCE}"] = _stencil(pdf, layers.mask)
        colour = " ".join(pdf_number(part / _FULL) for part in layers.mask.colour)
        drawn += f" {colour} rg /{MASK_RESOURCE} Do"
    return objects, f"{drawn} Q\n".encode("ascii")


def _stencil(pdf: Pdf, mask: Mask) -> Object:
    """The mask as a stencil: a 0 of the decoded data paints, and both codes give 0 for ink.

    No /Decode: some readers ignore it for stencils, and then the page comes out inverted.
    """
    image = Stream(pdf, mask.data)
    image.Type, image.Subtype, image.ImageMask = Name.XObject, Name.Image, True
    image.Width, image.Height, image.BitsPerComponent = mask.width_px, mask.height_px, 1
    image.Filter = Name.CCITTFaxDecode
    image.DecodeParms = Dictionary(K=-1, Columns=mask.width_px, Rows=mask.height_px)
    return pdf.make_indirect(image)
