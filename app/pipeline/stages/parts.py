"""What is known about one page of a package, kept beside the package until that is whole.

A part is named by everything it was made from, so a later run takes over what an interrupted one
finished. It is written beside and renamed, and it carries a digest of itself: neither a killed
program nor a lost supply can leave one that is believed and wrong.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, Self, cast

from app.domain.errors import Trouble
from app.packaging.model import Layers, Mask, Matrix, PageInput, WordBox
from app.pipeline.locks import try_lock

REVISION: Final = 2
"""Counted up when a part means something else than before."""
_DIGEST_LENGTH: Final = 64
_LOCK: Final = "lock"


@dataclass(frozen=True, slots=True)
class Part:
    """One page ready to be bound.

    Attributes:
        source_sha256: of the file it came from.
        report: the facts that ``pack`` reports.
        page: for packaging; without a picture where that is the input file itself.
        codes: format and text of the codes on the page.
    """

    source_sha256: str
    report: Mapping[str, object]
    page: PageInput
    codes: tuple[tuple[str, str], ...] = ()

    def to_bytes(self) -> bytes:
        """A digest, a line of JSON and the pieces behind each other; equal parts, equal bytes."""
        layers = self.page.layers
        mask = layers.mask if layers else None
        pieces = [self.page.image, layers.picture if layers else b"", mask.data if mask else b""]
        head = {
            "source_sha256": self.source_sha256,
            "report": self.report,
            "codes": self.codes,
            "page": {**asdict(replace(self.page, image=b"", layers=None)), "image": None},
            "mask": {**asdict(mask), "data": None} if mask else None,
            "sizes": [len(piece) for piece in pieces],
        }
        body = b"\n".join([json.dumps(head, sort_keys=True).encode(), b"".join(pieces)])
        return sha256(body).hexdigest().encode() + body

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The part that ``to_bytes`` wrote.

        Raises:
            ValueError: a single bit is not as it was written.
        """
        body = data[_DIGEST_LENGTH:]
        if sha256(body).hexdigest().encode() != data[:_DIGEST_LENGTH]:
            raise ValueError("not a whole part")
        line, _, rest = body.partition(b"\n")
        head: dict[str, Any] = json.loads(line)
        image, picture, mask = _cut(rest, head["sizes"])
        page = head["page"]
        known = PageInput(
            image,
            page["dpi_x"],
            page["dpi_y"],
            cast("Matrix", tuple(page["matrix"])),
            page["width_px"],
            page["height_px"],
            tuple(WordBox(**word) for word in page["words"]),
            _layers(picture, mask, head["mask"]),
        )
        codes = tuple((str(kind), str(text)) for kind, text in head["codes"])
        return cls(head["source_sha256"], head["report"], known, codes)


def _cut(data: bytes, sizes: list[int]) -> list[bytes]:
    ends = list(accumulate(sizes))
    return [data[end - size : end] for size, end in zip(sizes, ends, strict=True)]


def _layers(picture: bytes, data: bytes, mask: dict[str, Any] | None) -> Layers | None:
    if not picture:
        return None
    if mask is None:
        return Layers(picture)
    red, green, blue = mask["colour"]
    size = mask["width_px"], mask["height_px"]
    return Layers(picture, Mask(data, mask["codec"], *size, (red, green, blue)))


def part_name(made_from: Mapping[str, object]) -> str:
    """The name of the part that is made from these values."""
    text = json.dumps({"revision": REVISION, **made_from}, sort_keys=True)
    return sha256(text.encode()).hexdigest()[:32] + ".part"


def load(path: Path) -> Part | None:
    """The part, or None when there is none or it is not whole."""
    try:
        return Part.from_bytes(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


@contextlib.contextmanager
def workshop(folder: Path) -> Iterator[Path]:
    """The folder for what is under way, made and held by this process alone.

    What an ended process left half written there is swept away.

    Raises:
        Trouble: file.busy when another process works there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = try_lock(folder / _LOCK)
    if lock is None:
        raise Trouble("file.busy", name=folder.name)
    try:
        with lock:
            sweep(folder)
            yield folder
    finally:
        with contextlib.suppress(OSError):
            if [left.name for left in folder.iterdir()] == [_LOCK]:
                (folder / _LOCK).unlink()
                folder.rmdir()


def sweep(folder: Path) -> None:
    """Remove what was being written when its process ended: its name begins with a dot."""
    for left in folder.glob(".*"):
        _remove(left)


def clear(folder: Path) -> None:
    """Remove all that was made there; the empty folder goes when the workshop closes."""
    for left in folder.iterdir():
        if left.name != _LOCK:
            _remove(left)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
