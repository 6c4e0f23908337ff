"""Signing a stack of papers with one PIN, beside plain pyHanko on the same token.

Ours checks certificate and document, prepares, signs in a process of its own, embeds, and reads the
file back and verifies it before it counts. The peer only signs. Both pay for their own start; the
raw rate of the token says how much of the time is its.
"""

from __future__ import annotations

import datetime as dt
import json
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from app.packaging.compose import compose
from app.packaging.model import IDENTITY, Metadata, PageInput
from app.signing.demo_pki import make_demo_token
from app.signing.modules import find_softhsm
from tests.bench import machine
from tests.bench.measure import spend
from tests.bench.pack import corpus

if TYPE_CHECKING:
    import argparse

    from tests.corpus.truth import SampleTruth

ROOT = Path(__file__).resolve().parents[2]
PIN = "482915"
_RAW_TIMES = 50


def run(options: argparse.Namespace) -> dict[str, object]:
    """Give seconds per paper of ours, with and without stamp, and of the peer."""
    pages, truth = corpus(options)
    papers = _papers(pages, truth, options.work)
    now = dt.datetime.fromtimestamp(options.work.stat().st_mtime, dt.UTC)
    module = find_softhsm()
    token = make_demo_token(
        options.work / "token", now=now, module=module, pin=PIN, clerk_name="Lò Thị Mẩy"
    )
    root = options.work / "root.pem"
    root.write_bytes(token.root_pem)
    crls = []
    for number, crl in enumerate(token.crls):
        path = options.work / f"{number}.crl"
        path.write_bytes(crl)
        crls += ["--crl", str(path)]
    ours = [
        *(sys.executable, str(ROOT / "main.py"), "--home", str(options.work / "home"), "sign"),
        *(*map(str, papers), "--module", str(module), "--token", token.label, "--pin-stdin"),
        *("--cert-sha256", token.cert_sha256),
        *("--trust", str(root), *crls, "--json"),
    ]
    out = options.work / "signed"
    out.mkdir()
    commands = {
        "ours": [*ours, "--out-dir", str(out)],
        "ours_no_stamp": [*ours, "--out-dir", str(out), "--no-appearance"],
        "peer": [
            *(sys.executable, str(Path(__file__).parent / "plain_pyhanko.py"), str(module)),
            *(token.label, str(out), str(_RAW_TIMES), *map(str, papers)),
        ],
    }
    env = {"SOFTHSM2_CONF": str(token.softhsm_conf)}
    line = f"{PIN}\n".encode()
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    raw_s, added = [], [0]
    for _ in range(options.repeats):
        for name, argv in commands.items():
            spent = spend(argv, options.work, env=env, stdin=line)
            runs[name].append(
                {
                    "wall_s": spent.wall_s / len(papers),
                    "cpu_s": spent.cpu_s / len(papers),
                    "peak_rss_mb": spent.peak_rss_mb,
                }
            )
            if name == "peer":
                raw_s.append(float(json.loads(spent.out)))
            elif name == "ours":
                rows = json.loads(spent.out)
                assert all(row["verified"] for row in rows), rows
                added = [row["bytes_added"] for row in rows]
    medians = {
        name: {key: statistics.median(one[key] for one in rows) for key in rows[0]}
        for name, rows in runs.items()
    }
    return {
        "papers": len(papers),
        "bytes": sum(paper.stat().st_size for paper in papers),
        "repeats": options.repeats,
        "raw_signature_s": statistics.median(raw_s),
        "bytes_added": statistics.median(added),
        **medians,
        "ratio": medians["ours"]["wall_s"] / medians["peer"]["wall_s"],
    }


def _papers(pages: Path, truth: SampleTruth, work: Path) -> list[Path]:
    """Pack each paper without text: signing does not care, and it is quick."""
    files = []
    for number in sorted({page.paper for page in truth.pages}):
        own = [page for page in truth.pages if page.paper == number]
        inputs = []
        for page in own:
            size = (page.width_px, page.height_px)
            if page.rotation_deg % 180:
                size = size[::-1]
            data = (pages / page.file).read_bytes()
            inputs.append(PageInput(data, page.dpi, page.dpi, IDENTITY, *size))
        path = work / f"{number:02d}-{own[0].kind}.pdf"
        path.write_bytes(compose(inputs, Metadata(title=own[0].title)))
        files.append(path)
    return files


def table(result: dict[str, object]) -> str:
    """Give the figures as Markdown."""
    rows = [
        f"{machine.line(result['machine'])}.",
        "",
        (
            f"{result['papers']} papers, {result['bytes'] / 1e6:.1f} MB, SoftHSM, medians of "
            f"{result['repeats']} runs. One raw signature takes "
            f"{result['raw_signature_s'] * 1000:.1f} ms; {result['bytes_added']:.0f} bytes are "
            "added to a paper."
        ),
        "",
        "| | s/paper | CPU s/paper | largest process, MB |",
        "|---|---:|---:|---:|",
    ]
    for name, key in (
        ("ours, stamped and verified", "ours"),
        ("ours, verified, no stamp", "ours_no_stamp"),
        ("pyHanko, signed only", "peer"),
    ):
        one = result[key]
        rows.append(
            f"| {name} | {one['wall_s']:.2f} | {one['cpu_s']:.2f} | {one['peak_rss_mb']:.0f} |"
        )
    rows += ["", f"Ours / pyHanko: {result['ratio']:.2f}."]
    return "\n".join(rows)
