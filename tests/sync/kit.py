"""What the tests of this room share: sealed dossiers, a durable outbox, files by hash."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import random
import secrets
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from sync.client import Registered, Sealed
from sync.protocol import DossierRev, Missing, Reason, canonical_json

HANOI = dt.timezone(dt.timedelta(hours=7))


def now() -> dt.datetime:
    return dt.datetime.now(HANOI)


def temp_code(station: str, number: int) -> str:
    body = f"TAM-{station}-261124-{number:04d}"
    digits = "".join(str(int(letter, 36)) for letter in body.replace("-", ""))
    return f"{body}-{98 - int(digits + '00') % 97:02d}"


def uuid7(rng: random.Random) -> str:
    text = f"{0x019A_0000_0000 << 80 | rng.getrandbits(80):032x}"
    text = f"{text[:12]}7{text[13:16]}8{text[17:]}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def manifest_value(
    rng: random.Random, station: str, number: int, files: Sequence[bytes], /, **changes: object
) -> dict[str, object]:
    value: dict[str, object] = {
        "schema": "vn.counter.dossier/1",
        "id": uuid7(rng),
        "rev": 1,
        "prev": None,
        "station": station,
        "seq": number,
        "temp_code": temp_code(station, number),
        "official_code": None,
        "opened_at": "2026-11-24T08:00:00+07:00",
        "captured_at": "2026-11-24T08:05:00+07:00",
        "procedure": {"code": "1.001193.H26", "version": "2026-07-01"},
        "applicant": {"name": "Nguyễn Thị Ánh Tuyết"},
        "clerk": {"cert_sha256": "ab" * 32},
        "components": [
            {
                "no": 1,
                "code": "to-khai",
                "name": "Tờ khai đăng ký khai sinh",
                "acq": "scan",
                "documents": [f"d{index}" for index in range(len(files))],
            }
        ],
        "documents": [
            {
                "id": f"d{index}",
                "kind": "to-khai",
                "title": f"Giấy tờ số {index}",
                "sheets": 1,
                "pages": 2,
                "file": {
                    "sha256": sha256(data),
                    "size": len(data),
                    "media": "application/pdf",
                    "pdfa": "2u",
                },
                "signatures": [
                    {
                        "field": "Clerk-1",
                        "level": "B",
                        "cert_sha256": "ab" * 32,
                        "at": "2026-11-24T08:04:00+07:00",
                    }
                ],
            }
            for index, data in enumerate(files)
        ],
        "audit": {"n": number, "head": "cd" * 32},
        "env": "demo",
    }
    value.update(changes)
    return value


def sealed(
    rng: random.Random, station: str, number: int, files: Sequence[bytes], /, **changes: object
) -> Sealed:
    value = manifest_value(rng, station, number, files, **changes)
    return Sealed(str(value["id"]), int(str(value["rev"])), canonical_json(value))


class Shelf:
    """Files in memory, by hash."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.read_bytes = 0

    def put(self, data: bytes) -> bytes:
        self.files[sha256(data)] = data
        return data

    def size(self, name: str) -> int:
        return len(self.files[name]) if name in self.files else -1

    def read(self, name: str, offset: int) -> Iterator[bytes]:
        data = self.files[name]
        for start in range(offset, len(data), 16 * 1024):
            piece = data[start : start + 16 * 1024]
            self.read_bytes += len(piece)
            yield piece


class FileOutbox:
    """A queue that survives: one JSON file per dossier, replaced as a whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.held_for: list[str] = []
        self.lock = threading.Lock()

    def add(self, item: Sealed) -> None:
        self._write(item.key, {"state": "sealed", "manifest": item.manifest.decode()})

    def state(self, key: DossierRev) -> dict[str, object]:
        return json.loads(self._path(key).read_text("utf-8"))

    def states(self) -> list[str]:
        return [json.loads(path.read_text("utf-8"))["state"] for path in self._paths()]

    def to_register(self, n: int) -> Sequence[Sealed]:
        return [Sealed(*self._item(path)) for path in self._in("sealed")][:n]

    def to_deliver(self, n: int) -> Sequence[Registered]:
        return [Registered(*self._item(path)) for path in self._in("registered")][:n]

    def waiting(self) -> int:
        return len(self._in("sealed")) + len(self._in("registered"))

    def registered(self, key: DossierRev, receipt: bytes, missing: Sequence[Missing]) -> None:
        self._change(key, state="registered", reception=receipt.decode(), missing=len(missing))

    def progress(self, key: DossierRev, bytes_left: int) -> None:
        self._change(key, bytes_left=bytes_left)

    def delivered(self, key: DossierRev, receipt: bytes) -> None:
        self._change(key, state="delivered", custody=receipt.decode())

    def rejected(self, key: DossierRev, reasons: Sequence[Reason]) -> None:
        rows = [[one.code, one.vi, one.document, one.field] for one in reasons]
        self._change(key, state="rejected", reasons=rows)

    def conflict(self, key: DossierRev) -> None:
        self._change(key, state="conflict")

    def blob_bad(self, key: DossierRev, name: str) -> None:
        self._change(key, state="blob_bad", blob=name)

    def held(self, why: str) -> None:
        self.held_for.append(why)

    def _change(self, key: DossierRev, **facts: object) -> None:
        with self.lock:
            self._write(key, {**self.state(key), **facts})

    def _write(self, key: DossierRev, value: dict[str, object]) -> None:
        fresh = self.folder / f"{key.id}.{secrets.token_hex(4)}.tmp"
        fresh.write_text(json.dumps(value, ensure_ascii=False), "utf-8")
        fresh.replace(self._path(key))

    def _path(self, key: DossierRev) -> Path:
        return self.folder / f"{key.id}_{key.rev}.json"

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob("*.json"))

    def _in(self, state: str) -> list[Path]:
        return [p for p in self._paths() if json.loads(p.read_text("utf-8"))["state"] == state]

    def _item(self, path: Path) -> tuple[str, int, bytes]:
        name, rev = path.stem.split("_")
        return name, int(rev), json.loads(path.read_text("utf-8"))["manifest"].encode()


def quick(_seconds: float) -> bool:
    """A wait that is over at once."""
    return False
