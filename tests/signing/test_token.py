"""The token worker as a real process on a real SoftHSM, with a shim that counts in between."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from io import BytesIO
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

import app.signing.token as token_module
from app.signing.demo_pki import DemoToken, make_demo_token
from app.signing.embed import build_cms, embed, mechanism_for, prove
from app.signing.errors import SigningError
from app.signing.frames import FrameError, read_json, read_raw, write_json, write_raw
from app.signing.guard import sha256_hex
from app.signing.modules import find_module, find_softhsm
from app.signing.policy import check_certificate
from app.signing.prepare import PreparedSignature, prepare
from app.signing.token import TokenClient
from tests.signing.conftest import PIN, StartWorker
from tests.signing.shim import calls
from tests.signing.signing_papers import paper
from tests.signing.signing_pki import NOW, Entity, ec_key, issue, pki, rsa_key
from tests.signing.signing_token import add_to_token

Trust = tuple[list[bytes], list[bytes], list[bytes]]


def pin() -> bytearray:
    return bytearray(PIN.encode())


def ready(demo: DemoToken, pdf: bytes) -> PreparedSignature:
    return prepare(pdf, cert=demo.cert, chain=demo.chain, stamp=None, now=NOW)


def sign(client: TokenClient, demo: DemoToken, one: PreparedSignature) -> bytes:
    return client.sign(demo.cert_sha256, mechanism_for(demo.cert), one.signed_attrs)


def test_one_login_signs_many_papers_and_each_is_proved(
    start: StartWorker, demo: DemoToken, log: Path
):
    client = start()
    client.login(demo.serial, demo.cert_sha256, pin())
    papers = [paper(((60, 700 - 20 * n, 540, 708 - 20 * n),)) for n in range(12)]
    proofs = []
    for pdf in papers:
        one = ready(demo, pdf)
        proofs.append(prove(pdf, embed(one, build_cms(one, sign(client, demo, one))), one))
    assert len({proof.sha256 for proof in proofs}) == 12
    assert calls(log, "C_Login") == 1
    assert calls(log, "C_Sign") == 12


def test_a_wrong_pin_is_told_once_and_never_tried_again(
    start: StartWorker, demo: DemoToken, log: Path
):
    client = start()
    typed = bytearray(b"000000")
    with pytest.raises(SigningError) as trouble:
        client.login(demo.serial, demo.cert_sha256, typed)
    assert trouble.value.slug == "sign.pin_wrong"
    assert calls(log, "C_Login") == 1
    assert typed == bytearray(6), "the typed PIN must be wiped even when it was wrong"
    with pytest.raises(SigningError, match=r"sign\.login_needed"):
        sign(client, demo, ready(demo, paper()))
    assert calls(log, "C_Login") == 1
    client.login(demo.serial, demo.cert_sha256, pin())
    assert calls(log, "C_Login") == 2


@pytest.mark.parametrize("typed", [b"", b"\xff\xfe", b"1" * 300])
def test_an_impossible_pin_is_refused_without_using_up_a_try(
    start: StartWorker, demo: DemoToken, log: Path, typed: bytes
):
    client = start()
    secret = bytearray(typed)
    with pytest.raises(SigningError, match=r"sign\.pin_wrong"):
        client.login(demo.serial, demo.cert_sha256, secret)
    assert secret == bytearray(len(typed))
    assert calls(log, "C_Login") == 0
    client.login(demo.serial, demo.cert_sha256, pin())


@pytest.mark.parametrize(
    ("returned", "slug"),
    [
        ("0xA4", "sign.pin_locked"),
        ("0xA3", "sign.pin_setup"),
        ("0x102", "sign.pin_setup"),
        ("0x104", "sign.session_busy"),
        ("0x50", "sign.cancelled"),
        ("0x32", "sign.token_lost"),
        ("0x2", "sign.module_fault"),
    ],
)
def test_each_refusal_at_login_has_its_own_slug(
    start: StartWorker, demo: DemoToken, log: Path, returned: str, slug: str
):
    client = start(SHIM_FAIL_LOGIN=returned)
    with pytest.raises(SigningError) as trouble:
        client.login(demo.serial, demo.cert_sha256, pin())
    assert trouble.value.slug == slug
    assert calls(log, "C_Login") == 1


def test_a_locked_token_is_named_before_the_pin_is_used(
    start: StartWorker, demo: DemoToken, log: Path
):
    client = start(SHIM_TOKEN_FLAGS="0x60000")
    (slot,) = client.slots()
    assert slot.pin_locked
    assert slot.pin_final_try
    with pytest.raises(SigningError, match=r"sign\.pin_locked"):
        client.login(demo.serial, demo.cert_sha256, pin())
    assert calls(log, "C_Login") == 0


@pytest.mark.parametrize(
    ("returned", "slug"),
    [
        ("0x5", "sign.token_lost"),
        ("0x30", "sign.token_lost"),
        ("0xB3", "sign.token_lost"),
        ("0x101", "sign.token_lost"),
        ("0x50", "sign.cancelled"),
    ],
)
def test_each_refusal_while_signing_has_its_own_slug(
    start: StartWorker, demo: DemoToken, log: Path, returned: str, slug: str
):
    client = start(SHIM_FAIL_SIGN=returned)
    client.login(demo.serial, demo.cert_sha256, pin())
    with pytest.raises(SigningError) as trouble:
        sign(client, demo, ready(demo, paper()))
    assert trouble.value.slug == slug
    assert calls(log, "C_Sign") == 0
    assert calls(log, "C_Login") == 1


def test_an_absent_token_is_missing_not_lost(
    start: StartWorker, demo: DemoToken, log: Path, tmp_path: Path
):
    empty = tmp_path / "empty"
    empty.mkdir()
    conf = tmp_path / "softhsm2.conf"
    conf.write_text(f"directories.tokendir = {empty}\n")
    client = start(conf=conf)
    assert client.slots() == ()
    with pytest.raises(SigningError, match=r"sign\.token_missing"):
        client.certificates(demo.serial)
    with pytest.raises(SigningError, match=r"sign\.token_missing"):
        client.login(demo.serial, demo.cert_sha256, pin())
    assert calls(log, "C_Login") == 0


def test_a_token_pulled_in_mid_batch_is_lost_and_the_batch_goes_on_after_its_return(
    start: StartWorker, log: Path, tmp_path: Path
):
    token = make_demo_token(
        tmp_path / "pulled", now=NOW, module=find_softhsm(), pin=PIN, clerk_name="Bùi Văn Rút"
    )
    client = start(conf=token.softhsm_conf)
    client.login(token.serial, token.cert_sha256, pin())
    one, two = ready(token, paper()), ready(token, paper(pages=2))
    assert embed(one, build_cms(one, sign(client, token, one)))
    (there,) = (tmp_path / "pulled" / "tokens").iterdir()
    pocket = tmp_path / "pocket"
    there.rename(pocket)
    with pytest.raises(SigningError) as trouble:
        sign(client, token, two)
    assert trouble.value.slug == "sign.token_lost"
    assert calls(log, "C_Sign") == calls(log, "C_Login") == 1
    pocket.rename(there)
    again = start(conf=token.softhsm_conf)
    again.login(token.serial, token.cert_sha256, pin())
    assert embed(two, build_cms(two, sign(again, token, two)))


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> DemoToken:
    """A token with several keys: elliptic, without identifiers, and one that wants the PIN."""
    token = make_demo_token(
        tmp_path_factory.mktemp("crowded"),
        now=NOW,
        module=find_softhsm(),
        pin=PIN,
        clerk_name="Lò Minh Pẩu",
    )
    add_to_token(token, pki().clerk_ec, "ec01", "ec01")
    add_to_token(token, P384, "ec02", "ec02")
    add_to_token(token, pki().clerk, "aa01", "")
    add_to_token(token, ALWAYS, "bb01", "bb01", always=True)
    add_to_token(token, MISMATCH, "cc01", "cc02")
    return token


P384 = issue("Khóa 384", ec_key("p384", ec.SECP384R1), pki().issuer)
ALWAYS = issue("Luôn hỏi", rsa_key("always"), pki().issuer)
MISMATCH = issue("Lệch mã", ec_key("mismatch"), pki().issuer)


@pytest.mark.parametrize("entity", [pki().clerk_ec, P384, pki().clerk], ids=["p256", "p384", "rsa"])
def test_the_right_key_is_found_among_many_and_its_signature_holds(
    start: StartWorker, crowded: DemoToken, entity: Entity
):
    client = start(conf=crowded.softhsm_conf)
    name = sha256_hex(entity.der)
    client.login(crowded.serial, name, pin())
    one = prepare(paper(), cert=entity.der, chain=[], stamp=None, now=NOW)
    value = client.sign(name, mechanism_for(entity.der), one.signed_attrs)
    assert prove(paper(), embed(one, build_cms(one, value)), one)


def test_a_key_that_wants_the_pin_each_time_is_refused_clearly(
    start: StartWorker, crowded: DemoToken, log: Path
):
    client = start(conf=crowded.softhsm_conf)
    with pytest.raises(SigningError, match=r"sign\.pin_each_time"):
        client.login(crowded.serial, sha256_hex(ALWAYS.der), pin())
    with pytest.raises(SigningError, match=r"sign\.no_key"):
        client.login(crowded.serial, sha256_hex(MISMATCH.der), pin())
    assert calls(log, "C_Sign") == 0


def test_another_card_of_the_same_label_is_not_taken_for_ours(
    start: StartWorker, demo: DemoToken, log: Path, tmp_path: Path
):
    other = make_demo_token(
        tmp_path / "other", now=NOW, module=find_softhsm(), pin=PIN, clerk_name="Bùi Văn Khác"
    )
    client = start(conf=other.softhsm_conf)
    (slot,) = client.slots()
    assert slot.label == demo.label
    assert slot.serial == other.serial != demo.serial
    with pytest.raises(SigningError, match=r"sign\.token_missing"):
        client.login(demo.serial, demo.cert_sha256, pin())
    with pytest.raises(SigningError, match=r"sign\.cert_missing"):
        client.login(other.serial, demo.cert_sha256, pin())
    assert calls(log, "C_Login") == 0


def test_a_certificate_without_its_key_is_refused_after_login(
    start: StartWorker, demo: DemoToken, log: Path
):
    client = start()
    chain = next(c for c in client.certificates(demo.serial) if c.sha256 != demo.cert_sha256)
    with pytest.raises(SigningError, match=r"sign\.no_key"):
        client.login(demo.serial, chain.sha256, pin())
    with pytest.raises(SigningError, match=r"sign\.login_needed"):
        client.sign(chain.sha256, "rsa-sha256", ready(demo, paper()).signed_attrs)
    assert calls(log, "C_Sign") == 0


def test_the_guard_lets_only_own_signed_attributes_reach_the_token(
    start: StartWorker, demo: DemoToken, log: Path
):
    client = start()
    client.login(demo.serial, demo.cert_sha256, pin())
    foreign = prepare(paper(), cert=pki().clerk.der, chain=[], stamp=None, now=NOW).signed_attrs
    own = ready(demo, paper()).signed_attrs
    for attrs in (b"", b"any bytes at all", foreign, own + b"\0", own[:-1], b"1" * 20_000):
        with pytest.raises(SigningError, match=r"sign\.refused_attrs"):
            client.sign(demo.cert_sha256, "rsa-sha256", attrs)
    with pytest.raises(SigningError, match=r"sign\.mechanism"):
        client.sign(demo.cert_sha256, "ecdsa-sha256", own)
    with pytest.raises(SigningError, match=r"sign\.login_needed"):
        client.sign("00" * 32, "rsa-sha256", own)
    assert calls(log, "C_Sign") == 0
    assert client.sign(demo.cert_sha256, "rsa-sha256", own)


def test_a_padding_only_token_gives_the_same_signature(start: StartWorker, demo: DemoToken):
    one = ready(demo, paper())
    values = []
    for extra in ({}, {"SHIM_ONLY_RAW_RSA": "1"}):
        client = start(**extra)
        client.login(demo.serial, demo.cert_sha256, pin())
        values.append(sign(client, demo, one))
    assert values[0] == values[1]


def test_a_worker_killed_in_mid_batch_leaves_one_paper_in_doubt_and_the_rest_signable(
    start: StartWorker, demo: DemoToken, log: Path
):
    client = start(SHIM_DIE_AFTER_SIGN="3")
    client.login(demo.serial, demo.cert_sha256, pin())
    papers = [ready(demo, paper(((60, 600 - n, 300, 700 - n),))) for n in range(5)]
    done = [sign(client, demo, one) for one in papers[:2]]
    with pytest.raises(SigningError) as trouble:
        sign(client, demo, papers[2])
    assert trouble.value.slug == "sign.in_doubt"
    assert not client.alive
    assert calls(log, "C_Sign") == 3
    with pytest.raises(SigningError, match=r"sign\.module_fault"):
        client.slots()
    again = start()
    again.login(demo.serial, demo.cert_sha256, pin())
    done += [sign(again, demo, one) for one in papers[2:]]
    for one, value in zip(papers, done, strict=True):
        assert embed(one, build_cms(one, value))


def test_a_hanging_token_ends_at_the_deadline_in_doubt(
    start: StartWorker, demo: DemoToken, monkeypatch: pytest.MonkeyPatch
):
    client = start(SHIM_HANG_ON_SIGN="1")
    client.login(demo.serial, demo.cert_sha256, pin())
    monkeypatch.setattr(token_module, "SIGN_S", 0.5)
    with pytest.raises(SigningError) as trouble:
        sign(client, demo, ready(demo, paper()))
    assert (trouble.value.slug, trouble.value.params["why"]) == ("sign.in_doubt", "deadline")
    assert not client.alive


def test_kill_frees_a_thread_that_waits_for_a_hanging_token(
    start: StartWorker, demo: DemoToken, log: Path
):
    client = start(SHIM_HANG_ON_SIGN="1")
    client.login(demo.serial, demo.cert_sha256, pin())
    caught: list[str] = []

    def wait() -> None:
        try:
            sign(client, demo, one)
        except SigningError as trouble:
            caught.append(trouble.slug)

    one = ready(demo, paper())
    thread = threading.Thread(target=wait)
    thread.start()
    deadline = time.monotonic() + 20
    tick = threading.Event()
    while calls(log, "C_Sign") == 0 and time.monotonic() < deadline:
        tick.wait(0.02)
    client.kill()
    thread.join(10)
    assert not thread.is_alive()
    assert caught == ["sign.in_doubt"]


def test_a_chatty_module_cannot_spoil_the_answers(start: StartWorker, demo: DemoToken):
    client = start(SHIM_CHATTY="1")
    client.login(demo.serial, demo.cert_sha256, pin())
    assert sign(client, demo, ready(demo, paper()))
    client.close()
    assert "vendor: signed" in client.last_words


@pytest.mark.parametrize("content", [b"", b"not a library", b"\x7fELF\x02 cut short"])
def test_a_broken_module_is_a_clear_trouble(start: StartWorker, tmp_path: Path, content: bytes):
    module = tmp_path / "vendor.so"
    module.write_bytes(content)
    with pytest.raises(SigningError, match=r"sign\.module_missing"):
        start(module=module)


def test_a_module_file_is_judged_without_loading_it(tmp_path: Path):
    missing, text, narrow = (tmp_path / name for name in ("a.so", "b.so", "c.so"))
    text.write_bytes(b"#!/bin/sh\n")
    narrow.write_bytes(b"\x7fELF\x01\x01")
    for path, slug in (
        (missing, "sign.module_missing"),
        (text, "sign.module_foreign"),
        (narrow, "sign.module_bits"),
    ):
        with pytest.raises(SigningError) as trouble:
            find_module(path)
        assert trouble.value.slug == slug
    assert find_module(find_softhsm()) == find_softhsm()


def test_a_worker_that_cannot_start_is_a_clear_trouble(tmp_path: Path):
    with pytest.raises(SigningError, match=r"sign\.module_fault"):
        TokenClient([str(tmp_path / "absent")])
    with pytest.raises(SigningError, match=r"sign\.module_fault"):
        TokenClient([sys.executable, "-c", "print('hello')"])


def test_the_worker_ends_when_its_pipe_ends(start: StartWorker):
    client = start()
    client.close()
    assert not client.alive
    assert client._process.returncode == 0


def test_the_worker_dumps_no_core_and_holds_no_pin_anywhere_readable(
    start: StartWorker, demo: DemoToken
):
    client = start()
    client.login(demo.serial, demo.cert_sha256, pin())
    sign(client, demo, ready(demo, paper()))
    proc = Path(f"/proc/{client.pid}")
    limits = next(x for x in (proc / "limits").read_text().splitlines() if "core file" in x)
    assert limits.split()[4:6] == ["0", "0"]
    assert PIN.encode() not in (proc / "cmdline").read_bytes()
    if os.geteuid() == 0:  # nobody else may look into a process that may not be dumped
        assert PIN.encode() not in (proc / "environ").read_bytes()
    client.close()
    assert PIN not in client.last_words
    code = "import ctypes as c; from app.signing.token_worker import harden; harden();"
    done = subprocess.run(
        [sys.executable, "-c", code + "raise SystemExit(c.CDLL(None).prctl(3, 0, 0, 0, 0))"],
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, "PR_GET_DUMPABLE must say 0"


def test_the_worker_and_the_client_import_nothing_heavy():
    code = (
        "import sys; import {}; heavy = {{'pyhanko', 'cryptography', 'numpy', 'PIL', 'pikepdf',"
        " 'pypdfium2', 'fontTools', 'PySide6'}} & set(sys.modules); sys.exit(str(heavy) if heavy"
        " else 0)"
    )
    for name in ("app.signing.token_card, app.signing.token_worker", "app.signing.token"):
        done = subprocess.run(
            [sys.executable, "-c", code.format(name)],
            capture_output=True,
            check=False,
            timeout=60,
            text=True,
        )
        assert done.returncode == 0, done.stderr


def test_broken_frames_end_the_worker_with_code_2(demo: DemoToken):
    env = {**os.environ, "SOFTHSM2_CONF": str(demo.softhsm_conf)}
    argv = [
        sys.executable,
        "-m",
        "app.signing.token_worker",
        "--module",
        str(find_softhsm()),
    ]
    for sent in (b"\xff\xff\xff\xff", b"\0\0\0\2[]", b"\0\0\0\x09not json!", b"\0\0"):
        done = subprocess.run(
            argv, input=sent, env=env, capture_output=True, timeout=60, check=False
        )
        assert (done.returncode, done.stderr) == (2, b"")
    done = subprocess.run(argv, input=b"", env=env, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_frames_carry_what_was_put_in():
    pipe = BytesIO()
    write_json(pipe, {"id": 1, "name": "Phượng"})
    write_raw(pipe, bytearray(b"1234"))
    write_raw(pipe, b"")
    pipe.seek(0)
    assert read_json(pipe) == {"id": 1, "name": "Phượng"}
    assert read_raw(pipe) == b"1234"
    assert read_raw(pipe) == b""
    assert read_raw(pipe) is None
    with pytest.raises(FrameError):
        read_raw(BytesIO(b"\0\0\0\x05abc"))
    with pytest.raises(FrameError):
        read_raw(BytesIO(b"\0\0\1\0" + bytes(256)), 255)


BAD = {
    "expired": "sign.cert_expired",
    "not_yet": "sign.cert_not_yet_valid",
    "revoked": "sign.cert_revoked",
    "no_repudiation": "sign.cert_usage",
    "rogue": "sign.cert_untrusted",
}


def check_then_sign(client: TokenClient, demo: DemoToken, cert: bytes, trust: Trust) -> bytes:
    """The order every caller keeps: what the check blocks never gets to the token."""
    anchors, chain, crls = trust
    findings = check_certificate(cert, chain, anchors, crls, NOW)
    for finding in findings:
        if finding.level == "block":
            raise SigningError(finding.slug, **finding.params)
    client.login(demo.serial, demo.cert_sha256, pin())
    return sign(client, demo, ready(demo, paper()))


@pytest.mark.parametrize("kind", sorted(BAD))
def test_a_bad_certificate_never_reaches_the_token(
    start: StartWorker, demo: DemoToken, log: Path, kind: str
):
    client = start()
    chain = [*pki().chain, pki().rogue_issuer.der]
    bad: Entity = getattr(pki(), kind)
    with pytest.raises(SigningError) as trouble:
        check_then_sign(client, demo, bad.der, (pki().anchors, chain, pki().crls))
    assert trouble.value.slug == BAD[kind]
    assert calls(log, "C_Login") == calls(log, "C_Sign") == 0
    good = ([demo.root_pem], list(demo.chain), list(demo.crls))
    assert check_then_sign(client, demo, demo.cert, good)
    assert calls(log, "C_Sign") == 1
