"""What the application supplies: the queue of sealed dossiers and the bytes of their files.

Every method of the outbox is one committed transaction when it returns; after a crash the same
call may come again with the same arguments and must then change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sync.protocol import DossierRev, Missing
from sync.receipt import Reason


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed dossier the portal has not yet acknowledged; ``manifest`` are its exact bytes."""

    id: str
    rev: int
    manifest: bytes = field(repr=False)

    @property
    def key(self) -> DossierRev:
        """Which dossier and revision."""
        return DossierRev(self.id, self.rev)


@dataclass(frozen=True, slots=True)
class Registered:
    """A registered dossier whose custody receipt is still to come."""

    id: str
    rev: int
    manifest: bytes = field(repr=False)

    @property
    def key(self) -> DossierRev:
        """Which dossier and revision."""
        return DossierRev(self.id, self.rev)


class Outbox(Protocol):
    """The durable queue; the portal's answers move it on."""

    def to_register(self, n: int) -> Sequence[Sealed]:
        """At most ``n`` sealed dossiers, oldest first."""
        ...

    def to_deliver(self, n: int) -> Sequence[Registered]:
        """At most ``n`` registered, undelivered dossiers, oldest first."""
        ...

    def waiting(self) -> int:
        """How many dossiers are sealed or registered and not yet delivered."""
        ...

    def registered(self, key: DossierRev, receipt: bytes, missing: Sequence[Missing]) -> None:
        """The portal committed the manifest; ``receipt`` is the verified reception receipt."""
        ...

    def progress(self, key: DossierRev, bytes_left: int) -> None:
        """The portal acknowledged bytes; ``bytes_left`` are still to go."""
        ...

    def delivered(self, key: DossierRev, receipt: bytes) -> None:
        """The portal holds every file; ``receipt`` is the verified custody receipt."""
        ...

    def rejected(self, key: DossierRev, reasons: Sequence[Reason]) -> None:
        """The portal refused this revision; it must not be offered again."""
        ...

    def conflict(self, key: DossierRev) -> None:
        """The portal holds other bytes under this key; a person looks, it is not offered again."""
        ...

    def blob_bad(self, key: DossierRev, sha256: str) -> None:
        """The local file is missing or does not have its hash; it is not offered again."""
        ...

    def held(self, why: str) -> None:
        """The portal refuses this station for now; ``why`` is its reason code."""
        ...


class BlobSource(Protocol):
    """The files, by hash."""

    def size(self, sha256: str) -> int:
        """Bytes of the file; a negative number when there is none."""
        ...

    def read(self, sha256: str, offset: int) -> Iterator[bytes]:
        """The bytes of the file from ``offset`` on, in pieces."""
        ...
