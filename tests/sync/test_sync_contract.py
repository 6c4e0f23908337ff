"""The bytes of the contract: canonical JSON, manifests, signatures, receipts."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import SyncError
from sync.jws import b64url
from sync.protocol import (
    VerifyKey,
    canonical_json,
    check_temp_code,
    jws_sign,
    jws_sign_detached,
    jws_verify,
    jws_verify_detached,
    parse_canonical,
    parse_manifest,
)
from tests.sync.kit import manifest_value, temp_code

NFC_TEXT = st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0x2FF), max_size=20).map(
    lambda text: __import__("unicodedata").normalize("NFC", text)
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | NFC_TEXT,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(max_codepoint=126), max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_canonical_json_reads_back_equal_and_has_one_form(value: object):
    data = canonical_json(value)
    assert json.loads(data) == value
    assert parse_canonical(data) == value
    assert canonical_json(json.loads(data)) == data


def test_canonical_json_is_what_rfc_8785_shows():
    value = {"literals": [None, True, False], "string": '€$\u000f\nA\'B"\\\\"/', "a": 1}
    # The string of RFC 8785 section 3.2.2 and its serialisation in 3.2.4.
    assert canonical_json(value) == (
        b'{"a":1,"literals":[null,true,false],"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


@pytest.mark.parametrize(
    "bad",
    [
        {"a": 1.0},
        {"a": float("nan")},
        {"a": 2**53},
        {"ă": 1},
        {1: 2},
        {"a": "e\u0301"},
        {"a": "\ud800"},
        {"a": b"x"},
        {"a": object()},
    ],
)
def test_what_has_no_canonical_form_is_refused(bad: object):
    with pytest.raises(SyncError) as caught:
        canonical_json(bad)
    assert caught.value.slug == "sync.not_canonical"


def good(**changes: object) -> bytes:
    return canonical_json(manifest_value(random.Random(1), "HK03", 1, [b"%PDF-1.7"], **changes))


def document(**changes: object) -> list[object]:
    value = json.loads(good())["documents"]
    value[0].update(changes)
    return value


def test_a_good_manifest_is_understood():
    manifest = parse_manifest(good())
    assert manifest.temp_code == "TAM-HK03-261124-0001-44" == temp_code("HK03", 1)
    assert manifest.files[0].size == 8
    line = f"{manifest.files[0].sha256} 8\n".encode()
    assert manifest.files_root == hashlib.sha256(line).hexdigest()
    assert manifest.sha256 == hashlib.sha256(good()).hexdigest()


def test_twelve_levels_are_allowed():
    parse_manifest(good(applicant={"a": 0}).replace(b'"a":0', b'"a":' + b"[" * 10 + b"]" * 10))


def test_a_newer_station_may_say_more():
    parse_manifest(good(boot="x", documents=document(summary="Trích yếu", number="12/GX")))


FILE = {"sha256": "a" * 64, "size": 8, "media": "application/pdf", "pdfa": "2u"}
MALFORMED: dict[str, bytes] = {
    "empty": b"",
    "no JSON": b"\xff\xfe",
    "byte order mark": b"\xef\xbb\xbf" + good(),
    "odd spacing": good().replace(b":", b": ", 1),
    "newline at the end": good() + b"\n",
    "duplicate key": good().replace(b'{"applicant"', b'{"applicant":{},"applicant"', 1),
    "float": good().replace(b'"seq":1', b'"seq":1.0'),
    "exponent": good().replace(b'"seq":1', b'"seq":1e0'),
    "NaN": good().replace(b'"seq":1', b'"seq":NaN'),
    "huge number": good().replace(b'"seq":1', b'"seq":' + b"9" * 5000),
    "NFD": good().replace("Ánh".encode(), "A\u0301nh".encode()),
    "lone surrogate": good().replace("Ánh".encode(), b"\\ud800nh"),
    "needless escape": good().replace("Ánh".encode(), b"\\u00c1nh"),
    "deep": b"[" * 5000 + b"]" * 5000,
    "13 levels": good(applicant={"a": 0}).replace(b'"a":0', b'"a":' + b"[" * 11 + b"]" * 11),
    "array at the top": b"[]",
    "rev 0": good(rev=0),
    "rev as text": good(rev="1"),
    "rev true": good(rev=True),
    "prev at the first": good(prev="a" * 64),
    "no prev later": good(rev=2),
    "id upper-case": good(id="019A0000-0000-7140-8766-1867F814AC08"),
    "id of another version": good(id="019a0000-0000-4140-8766-1867f814ac08"),
    "path as id": good(id="../../../../etc/passwd"),
    "station with a path": good(station="../HK"),
    "temporary code mistyped": good(temp_code="TAM-HK03-261124-0001-45"),
    "foreign schema": good(schema="vn.counter.dossier/2"),
    "time without offset": good(captured_at="2026-11-24T08:05:00"),
    "time that is none": good(captured_at="2026-13-24T08:05:00+07:00"),
    "unknown acquisition": good(
        components=[{"no": 1, "code": "c", "name": "n", "acq": "magic", "documents": []}]
    ),
    "document not listed": good(
        components=[{"no": 1, "code": "c", "name": "n", "acq": "scan", "documents": ["d9"]}]
    ),
    "document twice": good(documents=document() + document()),
    "two sizes of one file": good(
        documents=document() + document(id="d1", file={**document()[0]["file"], "size": 9})
    ),
    "upper-case hash": good(documents=document(file={**FILE, "sha256": "A" * 64})),
    "path as hash": good(documents=document(file={**FILE, "sha256": "../" * 21 + "a"})),
    "size 0": good(documents=document(file={**FILE, "size": 0})),
    "size -1": good(documents=document(file={**FILE, "size": -1})),
    "size 2^52": good(documents=document(file={**FILE, "size": 2**52})),
    "no pages": good(documents=document(pages=0)),
    "no file": good(documents=[{k: v for k, v in document()[0].items() if k != "file"}]),
    "201 files": good(documents=[{**document()[0], "id": f"d{n}"} for n in range(201)]),
    "env": good(env="test"),
    "no audit": good(audit=None),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_broken_manifest_is_refused_by_name_and_place(name: str):
    with pytest.raises(SyncError) as caught:
        parse_manifest(MALFORMED[name])
    assert caught.value.slug == "sync.manifest_malformed"
    assert caught.value.params["where"]


def test_a_manifest_over_256_kib_is_refused_unread():
    with pytest.raises(SyncError) as caught:
        parse_manifest(b"[" * (256 * 1024 + 1))
    assert caught.value.slug == "sync.manifest_too_large"


def test_every_single_mistyped_digit_of_a_temporary_code_is_noticed():
    code = temp_code("HK03", 7)
    for place, letter in enumerate(code):
        for other in "0123456789" if letter.isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
            if letter not in {"-", other} and place > 3:
                assert not check_temp_code(code[:place] + other + code[place + 1 :])


KEY = Ed25519PrivateKey.generate()
PUBLIC = VerifyKey.of(KEY)


def forged(header: dict[str, object], payload: bytes = b"{}", key: Ed25519PrivateKey = KEY) -> str:
    signed = f"{b64url(json.dumps(header).encode())}.{b64url(payload)}"
    return f"{signed}.{b64url(key.sign(signed.encode()))}"


def test_a_signature_is_verified_under_both_names_of_the_algorithm():
    assert jws_verify(jws_sign(b"x", KEY, PUBLIC.kid, "t"), [PUBLIC], "t") == b"x"
    head = {"alg": "Ed25519", "kid": PUBLIC.kid, "typ": "t"}
    assert jws_verify(forged(head, b"y"), [PUBLIC], "t") == b"y"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b",
        "a.b.c.d",
        "ă.b.c",
        b64url(b'{"alg":"none"}') + "." + b64url(b"{}") + ".",
        forged({"alg": "none", "kid": PUBLIC.kid, "typ": "t"}),
        forged({"alg": "HS256", "kid": PUBLIC.kid, "typ": "t"}),
        forged({"alg": "EdDSA", "kid": PUBLIC.kid, "typ": "other"}),
        forged({"alg": "EdDSA", "typ": "t"}),
        forged({"alg": "EdDSA", "kid": PUBLIC.kid, "typ": "t", "crit": ["x"], "x": 1}),
        forged({"alg": "EdDSA", "kid": PUBLIC.kid, "typ": "t", "b64": False, "crit": ["b64"]}),
        forged({"alg": "EdDSA", "kid": PUBLIC.kid, "typ": "t"}, key=Ed25519PrivateKey.generate()),
        forged({"alg": "EdDSA", "kid": "unknown", "typ": "t"}),
        forged({"alg": "EdDSA", "kid": PUBLIC.kid, "typ": "t"}) + "=",
        b"\xff.\xff.\xff",
    ],
)
def test_no_forged_signature_is_believed(token: str | bytes):
    with pytest.raises(SyncError) as caught:
        jws_verify(token, [PUBLIC], "t")
    assert caught.value.slug in {"sync.jws_bad", "sync.jws_unknown_key"}


def test_a_detached_signature_fits_only_its_own_bytes():
    token = jws_sign_detached(good(), KEY, PUBLIC.kid)
    jws_verify_detached(token, good(), [PUBLIC])
    for payload in (good() + b" ", b""):
        with pytest.raises(SyncError):
            jws_verify_detached(token, payload, [PUBLIC])
    with pytest.raises(SyncError):
        jws_verify_detached(jws_sign(good(), KEY, PUBLIC.kid, "t"), good(), [PUBLIC])


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("detached", [False, True])
def test_openssl_agrees_with_our_signatures(tmp_path: Path, detached: bool):
    payload = good()
    if detached:
        head, _, signature = jws_sign_detached(payload, KEY, PUBLIC.kid).split(".")
        signed = head.encode() + b"." + payload
    else:
        head, body, signature = jws_sign(payload, KEY, PUBLIC.kid, "t").split(".")
        signed = f"{head}.{body}".encode()
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "key.pem").write_bytes(pem)
    (tmp_path / "data").write_bytes(signed)
    (tmp_path / "sig").write_bytes(base64.urlsafe_b64decode(signature + "=="))
    order = "openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in data -sigfile sig"
    done = subprocess.run(order.split(), cwd=tmp_path, capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    (tmp_path / "data").write_bytes(signed + b"x")
    done = subprocess.run(order.split(), cwd=tmp_path, capture_output=True, timeout=30, check=False)
    assert done.returncode != 0
