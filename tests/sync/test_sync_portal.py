"""What the portal answers, asked with plain HTTP over a socket."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sync.errors import SyncError
from sync.identity import StationIdentity, enrol
from sync.jws import VerifyKey, jws_sign, jws_sign_detached
from sync.portal import PortalServer, dump, export
from sync.protocol import ASSERTION_TYPE, canonical_json, parse_manifest, parse_receipt
from tests.sync.kit import manifest_value, now, sealed, sha256

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 400


class Caller:
    """A station speaking raw HTTP."""

    def __init__(self, server: PortalServer, identity: StationIdentity) -> None:
        self.identity = identity
        self.http = httpx.Client(base_url=server.url + "/v1", trust_env=False, timeout=20)
        self.token = ""

    def assertion(self, **changes: object) -> str:
        at = int(now().timestamp())
        station = self.identity.station_id
        claims = {"iss": station, "sub": station, "aud": self.identity.issuer, "iat": at}
        claims |= {"exp": at + 300, "jti": base64.b16encode(random.randbytes(12)).decode()}
        claims |= changes
        key = self.identity.key
        kid = VerifyKey.of(key).kid
        return jws_sign(canonical_json(claims), key, kid, "JWT")

    def ask_token(self, assertion: str) -> httpx.Response:
        form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE}
        return self.http.post("/token", data={**form, "client_assertion": assertion})

    def headers(self, **more: str) -> dict[str, str]:
        if not self.token:
            self.token = self.ask_token(self.assertion()).json()["access_token"]
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return {"Authorization": f"Bearer {self.token}", "Tus-Resumable": "1.0.0", **named}

    def put(self, data: bytes, path: str = "", **headers: str) -> httpx.Response:
        key = self.identity.key
        if not path:
            value = json.loads(data)
            path = f"/dossiers/{value['id']}/{value['rev']}"
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        own = {
            "Content-Digest": f"sha-256=:{digest}:",
            "X-Manifest-JWS": jws_sign_detached(data, key, VerifyKey.of(key).kid),
        }
        own |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.put(path, content=data, headers=self.headers() | own)

    def create(self, name: str, size: int | str) -> httpx.Response:
        meta = f"sha256 {base64.b64encode(name.encode()).decode()}"
        headers = self.headers(Upload_Length=str(size), Upload_Metadata=meta)
        return self.http.post("/uploads", headers=headers)

    def patch(self, name: str, offset: int | str, data: bytes, **more: str) -> httpx.Response:
        headers = self.headers(Upload_Offset=str(offset))
        headers["Content-Type"] = "application/offset+octet-stream"
        headers |= {key.replace("_", "-"): value for key, value in more.items()}
        return self.http.patch(f"/uploads/HK03-{name}", content=data, headers=headers)

    def head(self, name: str) -> httpx.Response:
        return self.http.head(f"/uploads/HK03-{name}", headers=self.headers())


@pytest.fixture
def caller(server: PortalServer, identity: StationIdentity) -> Iterator[Caller]:
    one = Caller(server, identity)
    yield one
    one.http.close()


def test_every_answer_names_the_portal_even_an_error(caller: Caller):
    for answer in (
        caller.http.get("/healthz"),
        caller.http.get("/nowhere"),
        caller.http.delete("/about"),
        caller.http.get("/dossiers/x/1"),
        caller.http.get("/about"),
        caller.http.options("/uploads"),
    ):
        assert answer.headers["X-Portal-Id"] == caller.identity.portal_id
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Contract"] == "1"
        assert "Date" in answer.headers
        if answer.status_code >= 400:
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.json()["vi"]


def test_the_same_manifest_gets_the_same_receipt_byte_for_byte(caller: Caller, rng: random.Random):
    data = sealed(rng, "HK03", 1, [PDF]).manifest
    first, second = caller.put(data), caller.put(data)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    again = caller.http.get(first.request.url.path.removeprefix("/v1"), headers=caller.headers())
    assert again.json() == first.json()
    receipt = parse_receipt(
        first.json()["reception_receipt"].encode(),
        caller.identity.portal_keys,
        caller.identity.issuer,
    )
    assert receipt.manifest_sha256 == sha256(data)
    assert receipt.official_code is not None
    assert receipt.official_code.startswith("H26.12-")


def test_other_bytes_under_the_same_key_are_a_conflict_and_change_nothing(
    caller: Caller, rng: random.Random
):
    value = manifest_value(rng, "HK03", 1, [PDF])
    first = caller.put(canonical_json(value))
    other = caller.put(canonical_json({**value, "seq": 99}))
    assert (other.status_code, other.json()["code"]) == (409, "rev-conflict")
    assert caller.put(canonical_json(value)).json() == first.json()


def test_official_codes_are_counted_per_organ_and_day_and_bound_once(
    caller: Caller, rng: random.Random
):
    values = [manifest_value(rng, "HK03", number, [PDF]) for number in range(1, 4)]
    codes = [caller.put(canonical_json(value)).json()["official_code"] for value in values]
    assert [code.rsplit("-")[-1] for code in codes] == ["0001", "0002", "0003"]
    first = canonical_json(values[0])
    later = {**values[0], "rev": 2, "prev": sha256(first), "official_code": codes[0]}
    assert caller.put(canonical_json(later)).json()["official_code"] == codes[0]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"rev": 2, "prev": "a" * 64}, "rev-gap"),
        ({"station": "HK04"}, "manifest-mismatch"),
        ({"official_code": "H26.12-261124-0009"}, "code-mismatch"),
        ({"rev": 0}, "manifest-malformed"),
    ],
)
def test_a_manifest_that_cannot_be_registered_is_refused_with_its_reason(
    caller: Caller, rng: random.Random, changes: dict[str, object], code: str
):
    answer = caller.put(canonical_json(manifest_value(rng, "HK03", 1, [PDF], **changes)))
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_demonstration_never_mixes_with_production(caller: Caller, rng: random.Random):
    assert caller.put(sealed(rng, "HK03", 1, [PDF]).manifest).status_code == 201
    answer = caller.put(sealed(rng, "HK03", 2, [PDF], env="production").manifest)
    assert answer.json()["code"] == "env-mixed"


def test_a_temporary_code_belongs_to_one_dossier(caller: Caller, rng: random.Random):
    assert caller.put(sealed(rng, "HK03", 1, [PDF]).manifest).status_code == 201
    answer = caller.put(sealed(rng, "HK03", 1, [PDF]).manifest)
    assert (answer.status_code, answer.json()["code"]) == (422, "temp-code-taken")


def test_a_file_that_is_no_pdf_is_refused_at_its_place(caller: Caller, rng: random.Random):
    value = manifest_value(rng, "HK03", 1, [PDF])
    value["documents"][0]["file"]["media"] = "image/jpeg"
    answer = caller.put(canonical_json(value))
    assert answer.json()["fields"][0] == {
        "path": "documents[0].file.media",
        "code": "media-not-pdf",
        "vi": "Tệp không phải PDF (Cổng quốc gia chỉ nhận PDF).",
    }


def test_a_broken_body_or_signature_is_refused(caller: Caller, rng: random.Random):
    data = sealed(rng, "HK03", 1, [PDF]).manifest
    assert caller.put(data, Content_Digest="sha-256=:AAAA:").json()["code"] == "digest-mismatch"
    for jws in ("", "a..b", "eyJhbGciOiJub25lIn0..", "x" * 3000):
        assert caller.put(data, X_Manifest_JWS=jws).json()["code"] == "manifest-signature"
    assert caller.put(data, Content_Encoding="gzip").status_code == 415
    spaced = json.dumps(json.loads(data)).encode()
    assert caller.put(spaced).json()["code"] == "manifest-malformed"
    assert caller.put(data, path="/dossiers/..%2f..%2fx/1").status_code in {404, 422}
    assert caller.put(b"x" * 300_000, path="/dossiers/a/1").status_code == 413
    assert dump_rows(caller) == 0


def dump_rows(caller: Caller) -> int:
    return caller.http.get("/../").text.count("<tr><td>")


def test_a_file_arrives_in_pieces_and_custody_follows(
    caller: Caller, rng: random.Random, tmp_path: Path
):
    data = sealed(rng, "HK03", 1, [PDF]).manifest
    put = caller.put(data).json()
    name = sha256(PDF)
    assert put["missing"] == [
        {"sha256": name, "size": len(PDF), "upload_url": f"/v1/uploads/HK03-{name}", "offset": 0}
    ]
    created = caller.create(name, len(PDF))
    assert (created.status_code, created.headers["Upload-Offset"]) == (201, "0")
    half = caller.patch(name, 0, PDF[:1000])
    assert (half.status_code, half.headers["Upload-Offset"]) == (204, "1000")
    assert caller.create(name, len(PDF)).headers["Upload-Offset"] == "1000"
    wrong = caller.patch(name, 0, PDF[:1000])
    assert (wrong.status_code, wrong.headers["Upload-Offset"]) == (409, "1000")
    assert caller.patch(name, 2000, PDF[2000:]).status_code == 409
    assert caller.patch(name, 1000, PDF[1000:] + b"x").status_code == 400
    assert caller.head(name).headers["Upload-Offset"] == "1000"
    assert caller.patch(name, 1000, PDF[1000:]).headers["Upload-Offset"] == str(len(PDF))
    assert caller.head(name).headers["Upload-Offset"] == str(len(PDF))
    url = f"/dossiers/{put['id']}/1"
    done = caller.http.get(url, headers=caller.headers()).json()
    assert (done["state"], done["missing"]) == ("delivered", [])
    manifest = parse_manifest(data)
    keys, issuer = caller.identity.portal_keys, caller.identity.issuer
    custody = parse_receipt(done["custody_receipt"].encode(), keys, issuer)
    assert custody.files_root == manifest.files_root
    assert custody.signatures == "pending"
    assert caller.http.get(url, headers=caller.headers()).json() == done
    rows = export(tmp_path / "portal", tmp_path / "out")
    assert [row.state for row in rows] == ["delivered"]
    assert rows[0].papers[0].file is not None
    assert rows[0].papers[0].file.read_bytes() == PDF
    assert dump(tmp_path / "portal")[0].code == done["official_code"]


def test_wrong_bytes_are_refused_with_460_and_the_upload_begins_anew(
    caller: Caller, rng: random.Random
):
    caller.put(sealed(rng, "HK03", 1, [PDF]).manifest)
    name = sha256(PDF)
    caller.create(name, len(PDF))
    answer = caller.patch(name, 0, b"x" * len(PDF))
    assert (answer.status_code, answer.json()["code"]) == (460, "blob-hash")
    assert caller.head(name).headers["Upload-Offset"] == "0"
    assert caller.patch(name, 0, PDF).status_code == 204


def test_a_garbled_upload_request_is_refused(caller: Caller, rng: random.Random):
    caller.put(sealed(rng, "HK03", 1, [PDF]).manifest)
    name = sha256(PDF)
    for size in ("-1", "9223372036854775808", "1e3", "", "x", "0x9", len(PDF) + 1, len(PDF) - 1):
        assert caller.create(name, size).status_code == 400
    for bad in ("../../etc/passwd", name.upper(), "a" * 63, "é"):
        assert caller.create(bad, len(PDF)).status_code == 400
    assert caller.create("a" * 64, len(PDF)).status_code == 404
    meta = {"Upload_Length": str(len(PDF))}
    for value in ("", "sha256", "sha256 !!!", "filename eA==", ",,,"):
        headers = caller.headers(**meta, Upload_Metadata=value)
        assert caller.http.post("/uploads", headers=headers).status_code == 400
    caller.create(name, len(PDF))
    for offset in ("-1", "", "0x0", "1.0", "99999999999999999999"):
        assert caller.patch(name, offset, PDF).status_code == 400
    assert caller.patch(name, 0, PDF, Content_Type="text/plain").status_code == 415
    assert caller.patch(name, 0, PDF, Content_Encoding="gzip").status_code == 415
    version = caller.patch(name, 0, PDF, Tus_Resumable="0.2.2")
    assert (version.status_code, version.headers["Tus-Version"]) == (412, "1.0.0")
    for path in (f"/uploads/HK04-{name}", "/uploads/HK03-../../x", f"/uploads/HK03-{name.upper()}"):
        assert caller.http.head(path, headers=caller.headers()).status_code == 404
    headers = caller.headers(Upload_Offset="0") | {
        "Content-Type": "application/offset+octet-stream"
    }
    chunked = caller.http.patch(f"/uploads/HK03-{name}", content=iter([PDF]), headers=headers)
    assert chunked.status_code == 411
    assert caller.head(name).headers["Upload-Offset"] == "0"


def test_post_with_override_reaches_the_same_upload(caller: Caller, rng: random.Random):
    caller.put(sealed(rng, "HK03", 1, [PDF]).manifest)
    name = sha256(PDF)
    headers = caller.headers(Upload_Offset="0", X_HTTP_Method_Override="PATCH")
    headers["Content-Type"] = "application/offset+octet-stream"
    answer = caller.http.post(f"/uploads/HK03-{name}", content=PDF, headers=headers)
    assert answer.status_code == 204


def test_a_second_size_for_a_known_file_is_refused(caller: Caller, rng: random.Random):
    caller.put(sealed(rng, "HK03", 1, [PDF]).manifest)
    value = manifest_value(rng, "HK03", 2, [PDF])
    value["documents"][0]["file"]["size"] = len(PDF) + 1
    answer = caller.put(canonical_json(value))
    assert answer.json()["fields"][0]["path"] == "documents[0].file.size"


def test_one_file_in_two_papers_is_asked_for_once(caller: Caller, rng: random.Random):
    put = caller.put(sealed(rng, "HK03", 1, [PDF, PDF]).manifest).json()
    assert len(put["missing"]) == 1
    caller.patch(sha256(PDF), 0, PDF)
    url = f"/dossiers/{put['id']}/1"
    assert caller.http.get(url, headers=caller.headers()).json()["state"] == "delivered"


def test_a_file_held_already_is_not_asked_for_again_but_only_from_its_own_station(
    server: PortalServer, caller: Caller, rng: random.Random
):
    caller.put(sealed(rng, "HK03", 1, [PDF]).manifest)
    caller.patch(sha256(PDF), 0, PDF)
    again = caller.put(sealed(rng, "HK03", 2, [PDF]).manifest).json()
    assert (again["missing"], again["state"]) == ([], "delivered")
    other = Caller(server, enrol(server.url, code=None, label="HK04", office="H26.13", now=now()))
    asked = other.put(sealed(rng, "HK04", 1, [PDF]).manifest).json()
    assert [one["offset"] for one in asked["missing"]] == [0]
    assert (
        other.http.head(f"/uploads/HK03-{sha256(PDF)}", headers=other.headers()).status_code == 404
    )
    first = caller.put(sealed(rng, "HK03", 3, [PDF]).manifest).json()
    hidden = other.http.get(f"/dossiers/{first['id']}/1", headers=other.headers())
    assert hidden.status_code == 404
    other.http.close()


def test_a_newer_request_stops_a_half_dead_one_and_keeps_its_bytes(
    server: PortalServer, caller: Caller, rng: random.Random
):
    caller.put(sealed(rng, "HK03", 1, [PDF]).manifest)
    name = sha256(PDF)
    lines = [f"PATCH /v1/uploads/HK03-{name} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{key}: {value}" for key, value in caller.headers(Upload_Offset="0").items()]
    lines += ["Content-Type: application/offset+octet-stream", f"Content-Length: {len(PDF)}"]
    port = int(server.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), 10) as dead:
        dead.sendall("\r\n".join([*lines, "", ""]).encode() + PDF[:5000])
        deadline = threading.Event()
        for _ in range(200):  # until the portal has begun to read
            if server.portal.uploads._slots:
                break
            deadline.wait(0.02)
        offset = int(caller.head(name).headers["Upload-Offset"])
        assert offset in {0, 5000}
        dead.settimeout(10)
        assert b"409" in dead.recv(4096).split(b"\r\n")[0]
    assert caller.patch(name, offset, PDF[offset:]).status_code == 204


def test_many_senders_of_one_file_make_one_file(caller: Caller, rng: random.Random):
    data = rng.randbytes(600_000)
    put = caller.put(sealed(rng, "HK03", 1, [data]).manifest).json()
    name = sha256(data)
    caller.headers()
    failures: list[str] = []

    def send(seed: int) -> None:
        mine = random.Random(seed)
        try:
            for _ in range(200):
                offset = int(caller.create(name, len(data)).headers["Upload-Offset"])
                if offset == len(data):
                    return
                piece = data[offset : offset + mine.randint(1, 90_000)]
                status = caller.patch(name, offset, piece).status_code
                if status not in {204, 409}:
                    failures.append(str(status))
            failures.append("never done")
        except httpx.HTTPError as error:
            failures.append(repr(error))

    senders = [threading.Thread(target=send, args=(seed,)) for seed in range(4)]
    for one in senders:
        one.start()
    for one in senders:
        one.join(60)
    assert failures == []
    url = f"/dossiers/{put['id']}/1"
    assert caller.http.get(url, headers=caller.headers()).json()["state"] == "delivered"


def test_tokens_are_given_for_fresh_assertions_of_known_stations_only(
    server: PortalServer, caller: Caller
):
    good = caller.assertion()
    assert caller.ask_token(good).status_code == 200
    at = int(now().timestamp())
    cases = {
        good: "assertion-replayed",
        caller.assertion(aud="https://elsewhere"): "assertion-bad",
        caller.assertion(iss="HK99"): "assertion-bad",
        caller.assertion(sub="HK99"): "station-unknown",
        caller.assertion(iat=at - 86400, exp=at - 86100): "assertion-time",
        caller.assertion(iat=at + 86400, exp=at + 86700): "assertion-time",
        caller.assertion(exp=at + 86400): "assertion-bad",
        good.rsplit(".", 1)[0] + ".": "assertion-bad",
        "": "assertion-bad",
        "a.b.c": "assertion-bad",
    }
    for assertion, code in cases.items():
        answer = caller.ask_token(assertion)
        assert (answer.status_code, answer.json()["code"]) == (401, code)
    for header in ("", "Bearer", "Bearer x", "Basic eA==", "Token x"):
        answer = caller.http.get("/dossiers/a/1", headers={"Authorization": header})
        assert (answer.status_code, answer.json()["code"]) == (401, "token-invalid")
    assert caller.http.get("/dossiers/a/1", headers=caller.headers()).status_code == 404
    server.portal.stations.suspend("HK03", suspended=True)
    answer = caller.http.get("/dossiers/a/1", headers=caller.headers())
    assert (answer.status_code, answer.json()["code"]) == (403, "station-suspended")


def test_garbage_on_the_socket_does_not_stop_the_portal(server: PortalServer, caller: Caller):
    port = int(server.url.rsplit(":", 1)[1])
    for junk in (b"\x00" * 100, b"GET\r\n\r\n", b"PUT / HTTP/1.1\r\nContent-Length: -5\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port), 5) as sock:
            sock.sendall(junk)
            sock.shutdown(socket.SHUT_WR)
            sock.settimeout(10)
            while sock.recv(4096):
                pass
    assert caller.http.get("/healthz").json() == {"ok": True}


def test_the_page_lists_dossiers_in_vietnamese_and_escapes_nothing_away(
    server: PortalServer, caller: Caller, rng: random.Random
):
    assert "Chưa có hồ sơ nào" in httpx.get(server.url + "/", trust_env=False).text
    code = caller.put(sealed(rng, "HK03", 1, [PDF]).manifest).json()["official_code"]
    page = httpx.get(server.url + "/", trust_env=False)
    assert code in page.text
    assert 'lang="vi"' in page.text
    forwarded = httpx.get(server.url + "/", headers={"X-Forwarded-For": "10.0.0.9"})
    assert forwarded.status_code == 404


def test_a_folder_is_served_by_one_process_at_a_time(tmp_path: Path, server: PortalServer):
    second = PortalServer(tmp_path / "portal", clock=now)
    with pytest.raises(SyncError) as caught:
        second.start()
    assert caught.value.slug == "sync.portal_in_use"


def test_a_folder_without_a_portal_cannot_be_dumped(tmp_path: Path):
    with pytest.raises(SyncError) as caught:
        dump(tmp_path)
    assert caught.value.slug == "sync.portal_no_data"
    (tmp_path / "portal.db").write_bytes(b"no database" * 100)
    with pytest.raises(SyncError) as caught:
        dump(tmp_path)
    assert caught.value.slug == "sync.portal_data_bad"
