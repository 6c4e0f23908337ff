"""A plain pyHanko signer as a command: MODULE LABEL OUT_DIR RAW_TIMES FILE…, PIN on stdin.

Prints the mean seconds of one raw signature by the token.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from pkcs11 import Attribute, ObjectClass
from pyhanko.config.pkcs11 import TokenCriteria
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, fields, signers
from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session


def main(module: str, label: str, out: str, raw_times: int, files: list[str]) -> None:
    """Sign every file without a stamp and without reading it back."""
    pin = sys.stdin.readline().strip()
    session = open_pkcs11_session(module, token_criteria=TokenCriteria(label=label), user_pin=pin)
    (key,) = session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})
    signer = PKCS11Signer(session, cert_id=key.id, key_id=key.id)
    for name in files:
        meta = PdfSignatureMetadata(
            field_name="Clerk-1", md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES
        )
        target = Path(out) / f"plain-{Path(name).name}"
        with Path(name).open("rb") as source, target.open("wb") as sink:
            signers.sign_pdf(IncrementalPdfFileWriter(source), meta, signer, output=sink)
    started = time.perf_counter()
    asyncio.run(_raw(signer, raw_times))
    print(json.dumps((time.perf_counter() - started) / raw_times))


async def _raw(signer: PKCS11Signer, times: int) -> None:
    for _ in range(times):
        await signer.async_sign_raw(b"x" * 300, "sha256")


if __name__ == "__main__":
    main(*sys.argv[1:4], int(sys.argv[4]), sys.argv[5:])
