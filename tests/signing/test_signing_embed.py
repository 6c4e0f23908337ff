"""From raw signature to proof: idempotent, bound to what was prepared, and hard to fool."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from app.signing.appearance import conversion_mark
from app.signing.embed import build_cms, embed, mechanism_for, prove
from app.signing.errors import SigningError
from app.signing.prepare import PreparedSignature, prepare
from app.signing.soft import SoftSigner
from tests.signing.signing_papers import paper, prepared, signed
from tests.signing.signing_pki import NOW, Entity, issue, pki, rsa_key


def cms_of(one: PreparedSignature, entity: Entity | None = None) -> bytes:
    return build_cms(one, (entity or pki().clerk).sign(one.signed_attrs))


def test_embedding_twice_gives_the_same_bytes_and_a_second_paper_its_own():
    first, second = prepared(paper()), prepared(paper(pages=2))
    once = embed(first, cms_of(first))
    assert embed(first, cms_of(first)) == once
    assert once != embed(second, cms_of(second))
    reloaded = PreparedSignature.load(first.record(), first.pdf)
    assert embed(reloaded, cms_of(reloaded)) == once


def test_a_shorter_cms_leaves_nothing_of_a_longer_one_behind():
    one = prepared(paper())
    longer, shorter = cms_of(one), cms_of(replace(one, chain=()))
    assert len(shorter) < len(longer)
    assert embed(one, longer) != embed(one, shorter)
    start, end = one.hole
    hole = embed(one, shorter)[start + 1 : end - 1]
    assert hole[len(shorter) * 2 :].strip(b"0") == b""


def test_a_cms_larger_than_the_hole_fails_closed():
    one = prepared(paper())
    with pytest.raises(SigningError) as trouble:
        embed(one, bytes(13_000))
    assert trouble.value.slug == "sign.cms_too_big"


def test_the_proof_holds_for_rsa_ec_one_and_many_pages_with_and_without_stamp():
    mark = conversion_mark("Lò Thị Mỹ Phượng", NOW)
    for entity in (pki().clerk, pki().clerk_ec):
        for pages, stamp in ((1, None), (3, mark)):
            pdf = paper(pages=pages)
            one = prepared(pdf, entity, stamp=stamp)
            done = embed(one, cms_of(one, entity))
            proof = prove(pdf, done, one)
            assert (proof.signatures, proof.field) == (1, "Clerk-1")
            assert proof.bytes_added == len(done) - len(pdf)
    assert mechanism_for(pki().clerk.der) == "rsa-sha256"
    assert mechanism_for(pki().clerk_ec.der) == "ecdsa-sha256"


def test_a_second_signature_is_proved_with_the_first_still_whole():
    pdf = signed(paper())
    one = prepared(pdf, field="Organ-1")
    assert prove(pdf, embed(one, cms_of(one)), one).signatures == 2


def why(unsigned: bytes, done: bytes, one: PreparedSignature) -> str:
    with pytest.raises(SigningError) as trouble:
        prove(unsigned, done, one)
    assert trouble.value.slug == "sign.proof_failed"
    return str(trouble.value.params["why"])


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_every_byte_that_is_not_as_planned_fails_the_proof():
    pdf = paper()
    one = prepared(pdf)
    done = embed(one, cms_of(one))
    start, end = one.hole
    assert why(pdf, flip(done, 100), one) == "prefix"
    assert why(pdf, flip(done, len(pdf) + 30), one) == "digest"
    assert why(pdf, flip(done, end + 20), one) == "hole"
    assert why(pdf, done + b"\n", one) == "hole"
    assert why(pdf, done[:-1], one) == "hole"
    assert why(pdf, one.pdf, one) == "cms"
    in_padding = done[: end - 3] + b"A" + done[end - 2 :]
    assert why(pdf, in_padding, one) == "hole"
    value = pki().clerk.sign(one.signed_attrs).hex().upper().encode()
    at = done.index(value, start) + 10
    other = b"0" if done[at : at + 1] != b"0" else b"1"
    assert why(pdf, done[:at] + other + done[at + 1 :], one) == "signature"
    assert why(paper(pages=2), done, one) == "prefix"


def test_the_cms_of_another_paper_or_person_fails_the_proof():
    pdf = paper()
    one = prepared(pdf)
    later = prepared(pdf, now=NOW + timedelta(minutes=1))
    assert why(pdf, embed(one, cms_of(later)), one) == "attributes"
    namesake = issue("Lò Thị Mỹ Phượng", rsa_key("clerk"), pki().issuer)
    swapped = replace(one, cert=namesake.der)
    assert why(pdf, embed(one, cms_of(swapped)), one) == "certificate"
    assert why(pdf, embed(one, cms_of(swapped)), swapped) == "ess"


def test_a_value_of_another_key_never_becomes_a_cms():
    one = prepared(paper())
    for value in (b"", bytes(256), pki().stranger.sign(one.signed_attrs), b"x" * 5000):
        with pytest.raises(SigningError) as trouble:
            build_cms(one, value)
        assert trouble.value.params["why"] == "signature"


def test_a_change_hidden_behind_the_preparation_is_found():
    pdf = paper()
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    writer.root["/Lang"] = generic.TextStringObject("vi")
    writer.update_root()
    out = BytesIO()
    writer.write(out)
    one = prepared(out.getvalue())
    # The change lies in the unsigned part that the caller did not have in hand.
    assert why(pdf[:-1] + b"X", embed(one, cms_of(one)), one) == "prefix"


def p12(entity: Entity, secret: bytes) -> bytes:
    return pkcs12.serialize_key_and_certificates(
        b"thu",
        entity.key,
        entity.cert,
        [pki().issuer.cert, pki().root.cert],
        BestAvailableEncryption(secret),
    )


@pytest.mark.parametrize("kind", ["clerk", "clerk_ec"])
def test_a_soft_signer_plays_the_tokens_part(kind: str):
    pin = bytearray("mật mã".encode())
    soft = SoftSigner(p12(getattr(pki(), kind), bytes(pin)), pin)
    assert pin == bytearray(len(pin))
    assert soft.chain == (pki().issuer.der,)
    pdf = paper()
    one = prepare(pdf, cert=soft.cert, chain=soft.chain, stamp=None, now=NOW)
    assert prove(pdf, embed(one, build_cms(one, soft.sign(one.signed_attrs))), one)
    with pytest.raises(SigningError, match=r"sign\.refused_attrs"):
        soft.sign(b"anything")


def test_a_soft_signer_tells_a_wrong_pin_from_a_wrong_file():
    container = p12(pki().clerk, b"1234")
    for content, secret, slug in (
        (container, b"9999", "sign.pin_wrong"),
        (container, b"", "sign.pin_wrong"),
        (b"", b"1234", "sign.p12_unreadable"),
        (b"%PDF-1.7", b"1234", "sign.p12_unreadable"),
        (container[:200], b"1234", "sign.p12_unreadable"),
    ):
        pin = bytearray(secret)
        with pytest.raises(SigningError) as trouble:
            SoftSigner(content, pin)
        assert trouble.value.slug == slug
        assert pin == bytearray(len(secret))
    assert hashes
