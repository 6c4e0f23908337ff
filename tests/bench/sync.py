"""Delivery over loopback: sealed dossiers until their custody receipts, beside curl.

curl puts the same bytes, one file after the other, into a bare sink that writes and fsyncs them,
built on the same HTTP server as the portal: no manifests, no hashes, no receipts.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sync.client import SyncClient
from sync.identity import enrol
from tests.bench import machine
from tests.sync.kit import FileOutbox, Shelf, now, quick, sealed

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
LOADS = {
    "20 small dossiers": (20, 3, 120_000),
    "5 ordinary dossiers": (5, 5, 4_000_000),
    "1 large file": (1, 1, 100_000_000),
}
"""Dossiers, files in each, bytes of a file."""
_SINK = """
import os, sys, uvicorn
folder = sys.argv[1]
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    with open(folder + "/" + scope["path"].strip("/"), "wb") as out:
        more = True
        while more:
            message = await receive()
            out.write(message.get("body", b""))
            more = message.get("more_body", False)
        out.flush()
        os.fsync(out.fileno())
    await send({"type": "http.response.start", "status": 201, "headers": []})
    await send({"type": "http.response.body", "body": b""})
class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        print(f"url http://127.0.0.1:{port}", flush=True)
Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off")).run()
"""


def run(options: argparse.Namespace) -> dict[str, object]:
    """Give seconds, goodput beside curl, and bytes sent over bytes needed of each load."""
    if shutil.which("curl") is None:
        raise machine.LackingError("curl not found: apt-get install curl")
    loads = {}
    for name, (dossiers, files, size) in LOADS.items():
        runs = [
            _load(options.work / f"{dossiers}-{turn}", turn, dossiers, files, size)
            for turn in range(options.repeats)
        ]
        loads[name] = {key: statistics.median(one[key] for one in runs) for key in runs[0]}
    return {"repeats": options.repeats, "loads": loads}


def _load(work: Path, seed: int, dossiers: int, files: int, size: int) -> dict[str, float]:
    (work / "sink").mkdir(parents=True)
    rng = random.Random(seed)
    outbox, shelf = FileOutbox(work / "outbox"), Shelf()
    for number in range(1, dossiers + 1):
        content = [shelf.put(rng.randbytes(size)) for _ in range(files)]
        outbox.add(sealed(rng, "HK03", number, content))
    needed = dossiers * files * size
    portal = [sys.executable, "-m", "sync.portal", "--data", str(work / "portal"), "--port", "0"]
    with _server(portal) as url:
        identity = enrol(url, code=None, label="HK03", office="H26.12", now=now())
        client = SyncClient(identity, outbox, shelf, clock=now, wait=quick, rng=rng)
        start = time.monotonic()
        while not client.run_once().done:
            if time.monotonic() - start > 300:
                raise machine.LackingError(f"not delivered in 300 s: {outbox.states()}")
        ours_s = time.monotonic() - start
    assert set(outbox.states()) == {"delivered"}
    paths = []
    for name, data in shelf.files.items():
        paths.append(work / name)
        paths[-1].write_bytes(data)
    with _server([sys.executable, "-c", _SINK, str(work / "sink")]) as url:
        argv = [
            "curl",
            "-sS",
            "--fail",
            *(part for p in paths for part in ("-T", str(p), f"{url}/{p.name}")),
        ]
        start = time.monotonic()
        subprocess.run(argv, check=True, timeout=300, stdout=subprocess.DEVNULL)
        curl_s = time.monotonic() - start
    shutil.rmtree(work)
    return {
        "bytes": needed,
        "ours_s": ours_s,
        "dossiers_per_s": dossiers / ours_s,
        "ours_mb_s": needed / ours_s / 1e6,
        "curl_mb_s": needed / curl_s / 1e6,
        "goodput_ratio": curl_s / ours_s,
        "read_over_needed": shelf.read_bytes / needed,
    }


@contextlib.contextmanager
def _server(argv: list[str]) -> Iterator[str]:
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=ROOT, text=True)
    try:
        assert child.stdout is not None
        yield child.stdout.readline().split()[1]
    finally:
        child.terminate()
        child.communicate(timeout=20)


def table(result: dict[str, object]) -> str:
    """Give the figures as Markdown."""
    rows = [
        f"{machine.line(result['machine'])}.",
        "",
        f"Loopback, medians of {result['repeats']} runs.",
        "",
        "| | MB | until custody receipts, s | dossiers/s | MB/s | curl, MB/s | ours / curl | sent / needed |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, one in result["loads"].items():
        rows.append(
            f"| {name} | {one['bytes'] / 1e6:.1f} | {one['ours_s']:.2f} | "
            f"{one['dossiers_per_s']:.1f} | {one['ours_mb_s']:.0f} | {one['curl_mb_s']:.0f} | "
            f"{one['goodput_ratio']:.2f} | {one['read_over_needed']:.3f} |"
        )
    return "\n".join(rows)
