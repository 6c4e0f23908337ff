"""The vault's settings decide what a counter works with; practice and real work never mix."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.desk import tokens, training
from app.desk.opening import Opening, open_counter
from app.domain.errors import Trouble
from app.paths import command
from app.pipeline.tokendesk import TokenDesk
from app.store import dossiers
from app.store.database import transaction
from app.viewmodels.equipment import decide


def _open(home: Path, **settings: str) -> Opening:
    opening = open_counter(home, "thu")
    with transaction(opening.office.vault.db) as db:
        for key, value in settings.items():
            dossiers.set_setting(db, key.replace("__", "."), value)
    return opening


def _env(opening: Opening) -> str:
    return dossiers.setting(opening.office.vault.db, "env")


def test_a_vault_without_settings_is_for_practice_for_ever(tmp_path: Path) -> None:
    opening = _open(tmp_path / "home")
    kit = decide(opening)
    assert kit.practice
    assert (kit.module, kit.portal) == (None, "")
    assert _env(opening) == "demo"
    with transaction(opening.office.vault.db) as db:
        dossiers.set_setting(db, "sign.module", "/usr/lib/libvendor.so")
        dossiers.set_setting(db, "sync.url", "https://cong.example.vn")
    again = decide(opening)
    assert again.practice, "what was begun as practice stays practice"
    assert (again.module, again.portal) == (None, "")
    opening.office.vault.close()


@pytest.mark.parametrize(
    "settings", [{"sign__module": "/usr/lib/libvendor.so"}, {"sync__url": "https://cong.vn"}]
)
def test_a_token_or_a_portal_makes_a_vault_a_real_one(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    opening = _open(tmp_path / "home", scan__device="escl:http://may-quet/eSCL", **settings)
    kit = decide(opening)
    assert not kit.practice
    assert kit.device == "escl:http://may-quet/eSCL"
    assert kit.practice_pin == ""
    assert _env(opening) == "production"
    with pytest.raises(Trouble, match=r"desk\.other_kind"):
        open_counter(tmp_path / "home", "thu", env="demo")
    opening.office.vault.close()


def test_a_portal_on_this_machine_alone_is_practice(tmp_path: Path) -> None:
    opening = _open(tmp_path / "home", sync__url="http://127.0.0.1:8080")
    assert decide(opening).practice
    opening.office.vault.close()


def test_the_signer_is_read_from_the_token_that_is_plugged_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening = _open(tmp_path / "home")
    made = training.practice_token(opening)
    monkeypatch.setenv("SOFTHSM2_CONF", str(made.softhsm_conf))
    desk = TokenDesk(tuple(command()), lambda _ready: None)
    try:
        serial, signer = tokens.present(desk, made.module)
        assert serial == made.serial
        assert signer.cert_sha256 == made.signer.cert_sha256
        assert signer.name == made.signer.name
        with pytest.raises(Trouble, match=r"sign\.cert_missing"):
            tokens.present(desk, made.module, cert_sha256="0" * 64)
        with pytest.raises(Trouble, match=r"sign\.module"):
            tokens.present(desk, tmp_path / "nothing.so")
    finally:
        desk.close()
        opening.office.vault.close()
