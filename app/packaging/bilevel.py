"""Black and white without loss: CCITT Group 4.

Source: ITU-T T.6; ISO 32000-1, 7.4.6 (CCITTFaxDecode, K -1).
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Final

from PIL import Image, TiffImagePlugin

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ROWS_PER_STRIP: Final = 278
_STRIP_OFFSETS: Final = 273
_STRIP_BYTES: Final = 279


def group4(ink: NDArray[np.bool_]) -> bytes:
    """Return the bare Group 4 code of ``bool HxW``, ink true: the black of the code.

    The same ink gives the same bytes; a decoder gives back the same ink, pixel for pixel.
    """
    height, _ = ink.shape
    out = BytesIO()
    # Pillow writes its true as the code's black, whatever the file says of its meaning.
    Image.fromarray(ink).save(out, "TIFF", compression="group4", tiffinfo={_ROWS_PER_STRIP: height})
    out.seek(0)
    with TiffImagePlugin.TiffImageFile(out) as stored:
        (offset,), (length,) = stored.tag_v2[_STRIP_OFFSETS], stored.tag_v2[_STRIP_BYTES]
    return out.getvalue()[offset : offset + length]
