"""The form of an encrypted blob: a header, frames of 64 KiB, a last frame that seals the whole.

::

    header   magic 8 | key id 4 | salt 32                                      44 bytes
    frame i  AES-256-GCM of 65,536 bytes (the last data frame may hold fewer)  +16 each
    seal     AES-256-GCM of (size 8, big endian | SHA-256 32)                  56 bytes

The key of a blob is HKDF-SHA256(blob key, salt, "blob/1"). The nonce of frame ``i`` is seven zero
bytes, ``i`` in four bytes big endian, and one byte that is 1 for the seal and else 0; the header is
additional data of every frame. So a frame cannot be moved, left out, doubled or taken from another
blob, a blob cannot be cut, and any byte range is found by arithmetic.

Source: NIST SP 800-38D; the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, "Online
Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", CRYPTO 2015.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.domain.errors import Defect, Trouble
from app.store.keys import subkey

MAGIC = b"CCSBLOB\x01"
FRAME_BYTES = 65_536
TAG_BYTES = 16
KEY_ID_BYTES = 4
SALT_BYTES = 32
HEADER_BYTES = len(MAGIC) + KEY_ID_BYTES + SALT_BYTES
SEAL_BYTES = 8 + 32 + TAG_BYTES
MAX_FRAMES = 2**32 - 1
_SEAL = struct.Struct(">Q32s")


def key_id(blob_key: bytes) -> bytes:
    """Four bytes that tell one key from another and nothing about either."""
    return subkey(blob_key, "key-id", length=KEY_ID_BYTES)


def stored_bytes(size: int) -> int:
    """Length of the encrypted file for ``size`` plain bytes."""
    frames = -(-size // FRAME_BYTES)
    return HEADER_BYTES + size + frames * TAG_BYTES + SEAL_BYTES


def plain_bytes(stored: int) -> int:
    """Number of plain bytes in an encrypted file of ``stored`` bytes.

    Raises:
        Trouble: ``store.blob_damaged``: no blob has that length.
    """
    body = stored - HEADER_BYTES - SEAL_BYTES
    frames = -(-body // (FRAME_BYTES + TAG_BYTES))
    size = body - frames * TAG_BYTES
    if body < 0 or stored_bytes(size) != stored:
        raise Trouble("store.blob_damaged", why="length")
    return size


def frame_place(index: int) -> int:
    """Offset in the file at which data frame ``index`` begins."""
    return HEADER_BYTES + index * (FRAME_BYTES + TAG_BYTES)


@dataclass(frozen=True, slots=True)
class Seal:
    """What the last frame says of the plain bytes: their number and their SHA-256."""

    size: int
    sha256: bytes


class Frames:
    """Encrypts and decrypts the frames of one blob."""

    def __init__(self, blob_key: bytes, header: bytes) -> None:
        self.header = header
        salt = header[-SALT_BYTES:]
        self._cipher = AESGCM(subkey(blob_key, "blob/1", salt))

    @classmethod
    def fresh(cls, blob_key: bytes, salt: bytes) -> Frames:
        """Frames of a new blob under a random salt of 32 bytes."""
        return cls(blob_key, MAGIC + key_id(blob_key) + salt)

    @classmethod
    def of_header(cls, blob_key: bytes, header: bytes) -> Frames:
        """Frames of a blob that begins with ``header`` (44 bytes).

        Raises:
            Trouble: ``store.blob_damaged`` or, under a key that is not ours, ``store.key_wrong``.
        """
        if len(header) != HEADER_BYTES or not header.startswith(MAGIC):
            raise Trouble("store.blob_damaged", why="header")
        if header[len(MAGIC) : -SALT_BYTES] != key_id(blob_key):
            raise Trouble("store.key_wrong")
        return cls(blob_key, header)

    def encrypt(self, index: int, plain: bytes | bytearray | memoryview) -> bytes:
        """Data frame ``index``: at most 65,536 plain bytes and a tag."""
        if index >= MAX_FRAMES:
            raise Defect("store.blob_too_long")
        return self._cipher.encrypt(_nonce(index, last=False), plain, self.header)

    def decrypt(self, index: int, frame: bytes) -> bytes:
        """The plain bytes of data frame ``index``.

        Raises:
            Trouble: ``store.blob_damaged``: not the frame that was written there.
        """
        return self._open(_nonce(index, last=False), frame)

    def seal(self, index: int, seal: Seal) -> bytes:
        """The last frame, after ``index`` data frames."""
        plain = _SEAL.pack(seal.size, seal.sha256)
        return self._cipher.encrypt(_nonce(index, last=True), plain, self.header)

    def unseal(self, index: int, frame: bytes) -> Seal:
        """What the last frame says.

        Raises:
            Trouble: ``store.blob_damaged``: the blob was cut, altered or put together.
        """
        size, sha256 = _SEAL.unpack(self._open(_nonce(index, last=True), frame))
        return Seal(size, sha256)

    def _open(self, nonce: bytes, frame: bytes) -> bytes:
        try:
            return self._cipher.decrypt(nonce, frame, self.header)
        except InvalidTag:
            raise Trouble("store.blob_damaged", why="altered") from None


def _nonce(index: int, *, last: bool) -> bytes:
    return struct.pack(">7xIB", index, last)
