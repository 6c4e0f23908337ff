"""The seal: every signed file and every captured page read back whole, then the manifest."""

from __future__ import annotations

import base64

from app.domain.ids import BlobId
from app.pipeline.context import Context


def seal_dossier(context: Context) -> BlobId:
    """The manifest's blob, once everything the dossier stands on has been re-hashed.

    Raises:
        Trouble: store.blob_damaged and its family, when a file is not what its name says.
    """
    for blob in context.job.inputs:
        context.vault.blobs.verify(blob)
    return context.vault.blobs.put(base64.b64decode(context.text("manifest")))
