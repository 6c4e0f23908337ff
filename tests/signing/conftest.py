"""One software token, one shim, and workers that always end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.signing.demo_pki import DemoToken, make_demo_token
from app.signing.modules import find_softhsm
from app.signing.token import TokenClient
from tests.signing.shim import build_shim
from tests.signing.signing_pki import NOW

PIN = "730914"

StartWorker = Callable[..., TokenClient]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoToken:
    return make_demo_token(
        tmp_path_factory.mktemp("token"),
        now=NOW,
        module=find_softhsm(),
        pin=PIN,
        clerk_name="Lò Thị Mỹ Phượng",
    )


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_shim(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the shim counts."""
    return tmp_path / "calls.log"


@pytest.fixture
def start(demo: DemoToken, shim: Path, log: Path) -> Iterator[StartWorker]:
    """Starts a worker on the shim with the demo token; keywords go into its environment."""
    running: list[TokenClient] = []

    def go(module: Path = shim, conf: Path = demo.softhsm_conf, **extra: str) -> TokenClient:
        env = {
            **os.environ,
            "SOFTHSM2_CONF": str(conf),
            "SHIM_MODULE": str(find_softhsm()),
            "SHIM_LOG": str(log),
            **extra,
        }
        argv = [sys.executable, "-m", "app.signing.token_worker", "--module", str(module)]
        client = TokenClient(argv, env)
        running.append(client)
        return client

    yield go
    for client in running:
        client.close()
