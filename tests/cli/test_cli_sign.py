"""``sign`` and ``verify``: one PIN signs many, a bad file stops nobody, verdicts tell the truth."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from app.clock import now
from app.signing.demo_pki import DemoToken, find_softhsm, make_demo_token
from tests.cli.cli_kit import main, running
from tests.signing.signing_pki import Entity, crl, issue, rsa_key

PIN = "593017"
DAY = timedelta(days=1)
ROW = {"in", "out", "level", "bytes_added", "verified"}


class Keys:
    """A root, an issuer and clerks good and bad, as files."""

    def __init__(self, folder: Path) -> None:
        begin = now() - 400 * DAY
        soon = now() + 400 * DAY
        root = issue("TEST Root", rsa_key("cli root"), ca=True, begin=begin, end=soon)
        issuer = issue("TEST CA", rsa_key("cli ca"), root, ca=True, begin=begin, end=soon)
        good = issue("Cán bộ Thử", rsa_key("cli"), issuer, begin=begin, end=soon)
        expired = issue("Cán bộ Cũ", rsa_key("cli"), issuer, begin=begin, end=now() - DAY)
        revoked = issue("Cán bộ Mất", rsa_key("cli"), issuer, begin=begin, end=soon)
        stranger = issue("Kẻ Lạ", rsa_key("cli stranger"), begin=begin, end=soon)
        self.folder = folder
        self.root = self._file("root.pem", root.pem)
        at = now() - timedelta(hours=1)
        self.crls = [
            self._file("root.crl", crl(root, issued=at, since=at)),
            self._file("ca.crl", crl(issuer, revoked, issued=at, since=at)),
        ]
        self.good, self.expired, self.revoked, self.stranger = (
            self._p12(name, entity, issuer)
            for name, entity in (
                ("good", good),
                ("expired", expired),
                ("revoked", revoked),
                ("stranger", stranger),
            )
        )

    @property
    def trust(self) -> list[object]:
        return ["--trust", self.root, *(part for path in self.crls for part in ("--crl", path))]

    def _file(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path

    def _p12(self, name: str, entity: Entity, issuer: Entity) -> Path:
        secret = BestAvailableEncryption(PIN.encode())
        data = pkcs12.serialize_key_and_certificates(
            name.encode(), entity.key, entity.cert, [issuer.cert], secret
        )
        return self._file(f"{name}.p12", data)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> DemoToken:
    folder = tmp_path_factory.mktemp("token")
    made = make_demo_token(
        folder, now=now(), module=find_softhsm(), pin=PIN, clerk_name="Cán bộ Thử"
    )
    (folder / "root.pem").write_bytes(made.root_pem)
    for number, data in enumerate(made.crls):
        (folder / f"{number}.crl").write_bytes(data)
    return made


@pytest.fixture(scope="module")
def pdf(tmp_path_factory: pytest.TempPathFactory, odd_but_good: dict[str, Path]) -> Path:
    out = tmp_path_factory.mktemp("pdf") / "don.pdf"
    assert main("pack", odd_but_good["plain.jpg"], "-o", out).code == 0
    return out


def sign(*argv: object, pin: str = PIN, **environment: str):
    return main("sign", *argv, "--pin-stdin", stdin=f"{pin}\n".encode(), env=environment)


def verdict(path: Path, *argv: object) -> dict:
    done = main("verify", path, "--json", *argv)
    assert done.code == 0, done.err
    assert set(done.json) == {"file", "verdict", "signatures", "problems"}
    return done.json


def test_one_pin_signs_all_and_a_bad_file_stops_nobody(tmp_path, keys: Keys, pdf: Path):
    bad, other = tmp_path / "hong.pdf", tmp_path / "khac.pdf"
    bad.write_bytes(b"%PDF-1.7 no more")
    other.write_bytes(pdf.read_bytes())
    out = tmp_path / "out"
    argv = [pdf, bad, tmp_path / "thieu.pdf", other, "--out-dir", out, "--p12", keys.good]
    done = sign(*argv, *keys.trust, "--json")
    assert done.code == 3
    assert [Path(row["in"]).name for row in done.json] == [
        "don.pdf",
        "hong.pdf",
        "thieu.pdf",
        "khac.pdf",
    ]
    assert all(set(row) - {"slug"} == ROW for row in done.json)
    assert [row["verified"] for row in done.json] == [True, False, False, True]
    assert done.json[0]["level"] == "B"
    assert done.json[0]["bytes_added"] == (out / "don.pdf").stat().st_size - pdf.stat().st_size
    assert done.json[2]["slug"] == "file.missing"
    assert sorted(path.name for path in out.iterdir()) == ["don.pdf", "khac.pdf"]
    assert "hong.pdf" in done.err


def test_a_file_is_valid_unverified_invalid_or_unsigned(tmp_path, keys: Keys, pdf: Path):
    out = tmp_path / "ky.pdf"
    assert sign(pdf, "-o", out, "--p12", keys.good, *keys.trust).code == 0
    good = verdict(out, *keys.trust)
    assert good["verdict"] == "valid"
    (signature,) = good["signatures"]
    assert set(signature) == {
        "field", "signer", "level", "intact", "trusted", "revocation", "signing_time",
        "timestamp_time",
    }  # fmt: skip
    assert (signature["signer"], signature["intact"]) == ("Cán bộ Thử", True)
    assert verdict(out)["verdict"] == "unverified"
    assert verdict(out, "--trust", keys.root)["verdict"] == "unverified"
    assert verdict(pdf)["verdict"] == "unsigned"
    data = bytearray(out.read_bytes())
    place = data.index(b"/MediaBox") + 2
    data[place] ^= 32
    altered = tmp_path / "sua.pdf"
    altered.write_bytes(data)
    assert verdict(altered, *keys.trust)["verdict"] == "invalid"


def test_many_files_are_one_line_each_and_an_unreadable_one_is_a_trouble(tmp_path, pdf: Path):
    junk = tmp_path / "rac.pdf"
    junk.write_bytes(b"no pdf at all")
    done = main("verify", pdf, junk, tmp_path / "thieu.pdf", pdf, "--json")
    done.trouble("sign.unreadable_pdf", "file.missing")
    assert [row["verdict"] for row in done.lines] == ["unsigned", "unsigned"]
    assert main("verify", pdf).out.strip().endswith("chưa ký số")


@pytest.mark.parametrize(
    ("which", "slug"),
    [
        ("expired", "sign.cert_expired"),
        ("revoked", "sign.cert_revoked"),
        ("stranger", "sign.cert_untrusted"),
    ],
)
def test_a_bad_certificate_signs_nothing(tmp_path, keys: Keys, pdf: Path, which, slug):
    out = tmp_path / "ky.pdf"
    done = sign(pdf, "-o", out, "--p12", getattr(keys, which), *keys.trust, "--json")
    done.trouble(slug)
    assert not out.exists()


def test_a_wrong_pin_of_a_key_file_signs_nothing(tmp_path, keys: Keys, pdf: Path):
    out = tmp_path / "ky.pdf"
    for pin in ("000000", "", "x" * 400, "Đ" * 20):
        done = sign(pdf, "-o", out, "--p12", keys.good, *keys.trust, pin=pin)
        done.trouble("sign.pin_wrong")
        assert not pin or pin not in done.err
    sign(pdf, "-o", out, "--p12", keys.root, *keys.trust).trouble("sign.p12_unreadable")
    sign(pdf, "-o", out, "--p12", tmp_path / "gone.p12", *keys.trust).trouble("file.missing")
    assert not out.exists()


def test_without_anything_trusted_nothing_is_signed(tmp_path, keys: Keys, pdf: Path):
    done = sign(pdf, "-o", tmp_path / "ky.pdf", "--p12", keys.good, "--home", tmp_path / "h")
    done.trouble("sign.cert_untrusted")


def test_an_existing_target_stays_when_signing_fails(tmp_path, keys: Keys, pdf: Path):
    out = tmp_path / "ky.pdf"
    out.write_bytes(b"before")
    sign(pdf, "-o", out, "--p12", keys.expired, *keys.trust).trouble()
    assert out.read_bytes() == b"before"


def test_two_files_of_one_name_are_refused_before_the_pin(tmp_path, keys: Keys, pdf: Path):
    other = tmp_path / "don.pdf"
    other.write_bytes(pdf.read_bytes())
    done = sign(pdf, other, "--out-dir", tmp_path / "out", "--p12", keys.good, *keys.trust)
    assert (done.code, done.out) == (2, "")


def test_a_second_signature_keeps_the_first(tmp_path, keys: Keys, pdf: Path):
    first, second = tmp_path / "1.pdf", tmp_path / "2.pdf"
    sign(pdf, "-o", first, "--p12", keys.good, *keys.trust)
    argv = ["--organ", "Ủy ban nhân dân xã Suối Vặc", "--form", "Sao y"]
    done = sign(first, "-o", second, "--p12", keys.good, *keys.trust, *argv)
    assert done.code == 0, done.err
    found = verdict(second, *keys.trust)
    assert found["verdict"] == "valid"
    assert [row["field"] for row in found["signatures"]] == ["Clerk-1", "Organ-1"]


def token_argv(token: DemoToken) -> list[object]:
    folder = token.softhsm_conf.parent
    trust = ["--trust", folder / "root.pem"]
    trust += [part for path in sorted(folder.glob("*.crl")) for part in ("--crl", path)]
    return ["--module", find_softhsm(), "--token", token.label, *trust]


def test_a_token_signs_and_without_a_stamp_too(tmp_path: Path, token: DemoToken, pdf: Path):
    out = tmp_path / "ky.pdf"
    argv = [pdf, "-o", out, "--no-appearance", *token_argv(token), "--json"]
    done = sign(*argv, SOFTHSM2_CONF=str(token.softhsm_conf))
    assert done.code == 0, done.err
    assert done.json[0]["verified"] is True
    trust = token_argv(token)[4:]
    assert verdict(out, *trust)["verdict"] == "valid"


def test_a_wrong_pin_an_absent_token_and_a_missing_module_are_told(tmp_path, token, pdf: Path):
    out = tmp_path / "ky.pdf"
    conf = {"SOFTHSM2_CONF": str(token.softhsm_conf)}
    sign(pdf, "-o", out, *token_argv(token), pin="111111", **conf).trouble("sign.pin_wrong")
    absent = [*token_argv(token)]
    absent[3] = "KHONG-CO"
    sign(pdf, "-o", out, *absent, **conf).trouble("sign.token_missing")
    gone = [*token_argv(token)]
    gone[1] = "/no/such/module.so"
    sign(pdf, "-o", out, *gone, **conf).trouble("sign.module_missing")
    other = [*token_argv(token), "--cert-sha256", "ab" * 32]
    sign(pdf, "-o", out, *other, **conf).trouble("sign.cert_missing")
    assert not out.exists()


def test_the_pin_stands_in_no_command_line_and_no_environment(tmp_path, token, pdf: Path):
    out = tmp_path / "ky.pdf"
    many = [pdf]
    argv = ["sign", *many, "-o", out, *token_argv(token), "--pin-stdin", "--json"]
    env = {"SOFTHSM2_CONF": str(token.softhsm_conf)}
    with running(*argv, env=env) as signing:
        assert signing.process.stdin is not None
        signing.process.stdin.write(f"{PIN}\n".encode())
        signing.process.stdin.close()
        seen = 0
        while signing.process.poll() is None:
            for told in _told(signing.process.pid):
                seen += 1
                assert PIN.encode() not in told
        done = signing.finish()
    assert done.code == 0, done.err
    assert seen > 2
    assert PIN not in done.out + done.err


def _told(group: int) -> list[bytes]:
    """Command line and environment of every process of ``group``."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if os.getpgid(int(entry.name)) == group:
                found += [(entry / name).read_bytes() for name in ("cmdline", "environ")]
        except (OSError, ProcessLookupError):
            continue
    return found
