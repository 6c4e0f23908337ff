"""What goes in comes out, from any place, and nothing else does."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import random
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.errors import Defect, Trouble
from app.domain.ids import BlobId
from app.store.blobs import BlobStore
from app.store.frames import plain_bytes, stored_bytes
from app.store.keys import Keys

FRAME = 65_536
SIZES = (0, 1, FRAME - 1, FRAME, FRAME + 1, 3 * FRAME, 200_001)


def data_of(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def file_of(blobs: BlobStore, blob: BlobId) -> Path:
    return blobs._files.path_of(blob)


@pytest.mark.parametrize("size", SIZES)
def test_every_size_comes_back_whole(blobs: BlobStore, size: int):
    data = data_of(size)
    blob = blobs.put(data)
    assert blob == hashlib.sha256(data).hexdigest()
    assert blobs.read(blob) == data
    assert blobs.size(blob) == size
    assert blobs.verify(blob).size == size
    assert file_of(blobs, blob).stat().st_size == stored_bytes(size)
    assert plain_bytes(stored_bytes(size)) == size


@settings(max_examples=60, deadline=None, database=None)
@given(
    pieces=st.lists(st.integers(0, 90_000), max_size=5),
    offset=st.integers(0, 300_000),
    length=st.integers(0, 300_000),
)
def test_any_range_of_a_blob_written_in_any_pieces_is_right(pieces, offset, length):
    shm = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=shm) as folder:
        blobs = BlobStore(Path(folder), Keys.derive(bytes(32)))
        data = data_of(sum(pieces))
        with blobs.writer() as writer:
            start = 0
            for piece in pieces:
                writer.write(memoryview(data)[start : start + piece])
                start += piece
            info = writer.commit()
        assert info.size == len(data)
        assert blobs.read_range(info.id, offset, length) == data[offset : offset + length]
        assert b"".join(blobs.chunks(info.id, offset)) == data[offset:]


def test_same_bytes_are_one_blob_and_two_vaults_share_no_name(tmp_path: Path):
    one, two = (BlobStore(tmp_path / n, Keys.derive(os.urandom(32))) for n in "ab")
    assert one.put(b"paper") == one.put(b"paper") == two.put(b"paper")
    blob = BlobId(hashlib.sha256(b"paper").hexdigest())
    assert len(list((tmp_path / "a" / "blobs").glob("*/*"))) == 1
    assert one.name_of(blob) != two.name_of(blob)
    assert blob not in "".join(str(path) for path in tmp_path.rglob("*"))


@pytest.mark.parametrize("place", ["magic", "key id", "salt", "first", "middle", "tag", "seal"])
def test_one_flipped_bit_anywhere_is_noticed(blobs: BlobStore, place: str):
    blob = blobs.put(data_of(200_001))
    path = file_of(blobs, blob)
    stored = bytearray(path.read_bytes())
    at = {
        "magic": 3, "key id": 9, "salt": 20, "first": 44, "middle": 44 + 65_552 + 5,
        "tag": 44 + 65_551, "seal": len(stored) - 30,
    }[place]  # fmt: skip
    stored[at] ^= 0x10
    path.write_bytes(stored)
    with pytest.raises(Trouble) as caught:
        blobs.verify(blob)
    assert caught.value.slug == ("store.key_wrong" if place == "key id" else "store.blob_damaged")


@pytest.mark.parametrize("left", [0, 10, 44, 99, 100, 44 + 65_552, 44 + 65_552 + 56, -56, -1])
def test_a_cut_blob_is_noticed_at_opening(blobs: BlobStore, left: int):
    blob = blobs.put(data_of(200_001))
    path = file_of(blobs, blob)
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(Trouble, match="blob_damaged"):
        blobs.size(blob)


def test_a_lengthened_blob_is_noticed_at_opening(blobs: BlobStore):
    blob = blobs.put(data_of(1000))
    path = file_of(blobs, blob)
    path.write_bytes(path.read_bytes() + bytes(20))
    with pytest.raises(Trouble, match="blob_damaged"):
        blobs.size(blob)


@pytest.mark.parametrize("edit", ["swap", "repeat", "leave out", "end early"])
def test_frames_cannot_be_moved_repeated_or_left_out(blobs: BlobStore, edit: str):
    blob = blobs.put(data_of(4 * FRAME))
    path = file_of(blobs, blob)
    stored = path.read_bytes()
    head, seal = stored[:44], stored[-56:]
    frames = [stored[44 + i * 65_552 : 44 + (i + 1) * 65_552] for i in range(4)]
    edited = {
        "swap": [frames[1], frames[0], *frames[2:]],
        "repeat": [frames[0], frames[0], *frames[2:]],
        "leave out": [frames[0], *frames[2:]],
        "end early": frames[:3],
    }[edit]
    path.write_bytes(head + b"".join(edited) + seal)
    with pytest.raises(Trouble, match="blob_damaged"):
        blobs.verify(blob)


def test_a_frame_of_another_blob_does_not_fit(blobs: BlobStore):
    one, two = blobs.put(data_of(2 * FRAME)), blobs.put(data_of(2 * FRAME + 1)[: 2 * FRAME])
    first, second = (bytearray(file_of(blobs, b).read_bytes()) for b in (one, two))
    first[44 : 44 + 65_552] = second[44 : 44 + 65_552]
    file_of(blobs, one).write_bytes(first)
    with pytest.raises(Trouble, match="blob_damaged"):
        blobs.read(one)


def test_a_damaged_blob_is_made_whole_by_storing_it_again(blobs: BlobStore):
    data = data_of(100_000)
    blob = blobs.put(data)
    file_of(blobs, blob).write_bytes(b"rubbish")
    assert blobs.put(data) == blob
    assert blobs.read(blob) == data


def test_what_is_not_committed_leaves_nothing(blobs: BlobStore, tmp_path: Path):
    with blobs.writer() as writer:
        writer.write(data_of(200_000))
    with contextlib.suppress(RuntimeError), blobs.writer() as broken:
        broken.write(b"half a page")
        raise RuntimeError
    with pytest.raises(Defect, match="writer_closed"):
        writer.write(b"more")
    with pytest.raises(Defect, match="writer_closed"):
        writer.commit()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_is_not_there_is_called_missing(blobs: BlobStore):
    absent = BlobId("0" * 64)
    assert not blobs.exists(absent)
    with pytest.raises(Trouble, match="blob_missing"):
        blobs.read(absent)
    for wrong in ("", "A" * 64, "../../etc/passwd", "0" * 63):
        with pytest.raises(Defect, match="blob_id"):
            blobs.exists(BlobId(wrong))
    blob = blobs.put(b"x")
    for offset, length in ((-1, 1), (0, -1)):
        with pytest.raises(Defect, match="range"):
            blobs.read_range(blob, offset, length)


def test_blobs_of_another_key_are_called_so(tmp_path: Path):
    mine, other = (BlobStore(tmp_path, Keys.derive(bytes([n]) * 32)) for n in (1, 2))
    blob = mine.put(b"paper")
    assert not other.exists(blob)
    path = other._files.path_of(blob)
    path.parent.mkdir(exist_ok=True)
    shutil.copyfile(mine._files.path_of(blob), path)
    with pytest.raises(Trouble, match="key_wrong"):
        other.read(blob)


def test_threads_store_and_read_the_same_papers_at_once(blobs: BlobStore, tmp_path: Path):
    papers = [data_of(n * 40_000) for n in range(1, 7)]
    wrong: set[str] = set()

    def work(seed: int) -> None:
        order = random.Random(seed).sample(papers, len(papers))
        for paper in order:
            if blobs.read(blobs.put(paper)) != paper:
                wrong.add(blobs.put(paper))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong
    assert len(list((tmp_path / "home" / "blobs").glob("*/*"))) == len(papers)
    assert list((tmp_path / "home" / "tmp").iterdir()) == []


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
@pytest.mark.parametrize("size", [0, 1, FRAME, 200_001])
def test_a_stranger_reads_a_blob_from_the_description_of_its_form(tmp_path: Path, size: int):
    keys = Keys.derive(os.urandom(32))
    blobs = BlobStore(tmp_path, keys)
    blob = blobs.put(data_of(size))
    script = Path(__file__).with_name("reread.mjs")
    run = subprocess.run(
        ["node", script, blobs._files.path_of(blob), keys.blob.hex()],
        capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    found = json.loads(run.stdout)
    assert (found["size"], found["sha256"]) == (size, blob)
    assert base64.b64decode(found["plain"]) == data_of(size)
