"""Circular 01/2023/TT-VPCP art. 8(2)đ: integrity up to the hand-over; a flipped bit is refused."""

from __future__ import annotations

from pathlib import Path

from app.desk import review
from app.domain.ids import BlobId
from app.pipeline import flow
from app.store import dossiers
from app.store.database import transaction
from tests.desk.desk_kit import Bench


def flip(bench: Bench, blob: BlobId) -> None:
    name = bench.vault.blobs.name_of(blob)
    (path,) = [p for p in (bench.home / "blobs").rglob("*") if p.name == name.rsplit("/", 1)[-1]]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)


def test_a_file_damaged_after_signing_is_not_sealed(tmp_path: Path, files: tuple[Path, ...]):
    bench = Bench(tmp_path / "home")
    dossier = bench.read(files[:1])
    review.confirm(bench.office, dossier)
    bench.work()
    (paper,) = dossiers.documents(bench.db, dossier)
    assert paper.unsigned is not None
    act = bench.office.act()
    with transaction(bench.db) as db:
        dossiers.move_state(db, dossier, "signing", act)
        dossiers.set_document(db, paper.id, signed=paper.unsigned, cert_sha256="ab" * 32)
        flow.seal_when_signed(db, dossier, act)
    flip(bench, paper.unsigned)
    bench.work("sign")
    assert dossiers.get(bench.db, dossier).state == "signing"
    (job,) = [job for job in bench.vault.jobs.by_dossier(dossier) if job.stage == "seal"]
    assert job.error is not None
    assert job.error.slug == "store.blob_damaged"
    bench.close()
