"""Pictures put aside on disk until the document is written, so that memory stays flat.

The library can take the data of a stream from a file when it writes it, and in no other way: what
it copies from a second document it holds in memory at once.

Source: qpdf manual, "qpdf JSON" (version 2: ``datafile`` of a stream).
"""

from __future__ import annotations

import json
import tempfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

    from pikepdf import Object, Pdf

LEAST_BYTES = 8192  # smaller data stays where it is: a file would cost more


class Spool:
    """A folder of stream data inside ``folder``, gone when the block ends.

    Args:
        folder: None keeps everything in memory and writes nothing anywhere.
    """

    def __init__(self, folder: Path | None) -> None:
        self._room = (
            tempfile.TemporaryDirectory(dir=folder, prefix=".pages-")
            if folder is not None
            else None
        )
        self._files = 0

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Removes the folder."""
        if self._room is not None:
            self._room.cleanup()

    def put_aside(self, pdf: Pdf, stream: Object) -> None:
        """Moves the data of an indirect stream of ``pdf`` to disk; it is written as it is."""
        if self._room is None:
            return
        data = stream.read_raw_bytes()
        if len(data) < LEAST_BYTES:
            return
        self._files += 1
        file = Path(self._room.name) / str(self._files)
        file.write_bytes(data)
        number, generation = stream.objgen
        head = {"jsonversion": 2, "pushedinheritedpageresources": False}
        head |= {"calledgetallpages": False, "maxobjectid": number}
        entries = json.loads(stream.to_json(dereference=True, schema_version=2))
        entries.pop("/Length", None)
        body = {"stream": {"dict": entries, "datafile": str(file)}}
        change = {f"obj:{number} {generation} R": body}
        pdf.update_from_qpdf_json(BytesIO(json.dumps({"qpdf": [head, change]}).encode()))
