"""What a stage is: a name, a version, a class, a kind of worker and where its code stands.

The table names code without importing it: a worker loads only its own kind, and the desk can
insert rows for work whose libraries it never loads.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from app.domain.ids import BlobId, DossierId
from app.store.jobs import NewJob

if TYPE_CHECKING:
    from app.pipeline.context import Context

Kind = Literal["scan", "image", "sign", "sync"]
JobClass = Literal["pure", "repeatable", "human"]
Param = str | int | float | bool | None | list["Param"] | dict[str, "Param"]

PAGE_IN_VIEW, CURRENT, BATCH = 0, 10, 20
"""Priorities: the page in front of the clerk, the dossier at work, everything else."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One kind of work.

    Attributes:
        target: ``module:function`` below ``app.pipeline.stages``.
        libraries: distributions whose version is part of the stage's version.
        limit_s: a run that lasts longer is ended with its worker and counted as an attempt.
    """

    name: str
    revision: int
    job_class: JobClass
    kind: Kind
    target: str
    limit_s: float = 120.0
    libraries: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """The version that goes into job keys: a new one means the work is done anew."""
        parts = [f"{name}-{importlib.metadata.version(name)}" for name in self.libraries]
        return "+".join([str(self.revision), *parts])

    def job(
        self,
        dossier: DossierId,
        inputs: tuple[BlobId, ...],
        params: Mapping[str, Param],
        priority: int = CURRENT,
    ) -> NewJob:
        """A row for this stage."""
        return NewJob(
            stage=self.name,
            version=self.version,
            job_class=self.job_class,
            dossier=dossier,
            inputs=inputs,
            params=params,
            priority=priority,
        )

    def load(self) -> Callable[[Context], BlobId | None]:
        """The function that does it; imports the capability."""
        module, function = self.target.split(":")
        found = getattr(importlib.import_module(f"app.pipeline.stages.{module}"), function)
        return cast("Callable[[Context], BlobId | None]", found)


_CV = ("opencv-python-headless",)
_PDF = ("pikepdf", "img2pdf", "opencv-python-headless")
_READ = (*_CV, "tesserocr", "zxing-cpp")
_SIGN = ("pyHanko",)

STAGES: Mapping[str, Stage] = {
    stage.name: stage
    for stage in (
        Stage("scan", 1, "human", "scan", "scanning:scan", limit_s=3600.0),
        Stage("thumb", 3, "pure", "image", "imaging:thumb", libraries=_CV),
        Stage("clean", 2, "pure", "image", "imaging:clean_page", libraries=_CV),
        Stage("screen", 2, "pure", "image", "imaging:screen", libraries=_CV),
        Stage(
            "read", 2, "pure", "image", "imaging:read", libraries=(*_CV, "tesserocr", "zxing-cpp")
        ),
        Stage("compose", 2, "pure", "image", "packing:compose_document", 600.0, _PDF),
        Stage("prepare", 1, "pure", "sign", "signing:prepare_document", libraries=_SIGN),
        Stage("sign", 1, "human", "sign", "signing:sign_document", limit_s=180.0),
        Stage("embed", 1, "pure", "sign", "signing:embed_signature", libraries=_SIGN),
        Stage("seal", 1, "pure", "sign", "sealing:seal_dossier"),
        Stage("register", 1, "repeatable", "sync", "sending:register", limit_s=900.0),
        Stage("deliver", 1, "repeatable", "sync", "sending:deliver", limit_s=86400.0),
    )
}


def of_kind(kind: Kind) -> tuple[str, ...]:
    """Names of the stages a worker of ``kind`` runs."""
    return tuple(stage.name for stage in STAGES.values() if stage.kind == kind)


_READY: Mapping[Kind, str] = {"scan": "scanning:stand_by", "image": "imaging:stand_by"}


Preparation = Callable[[Path, Sequence[str], dict[str, object]], object]


def prepare(kind: Kind) -> Preparation:
    """What a worker of ``kind`` does before its first job: given home, command, warm things."""
    target = _READY.get(kind)
    if target is None:
        return lambda _home, _command, _keep: None
    module, function = target.split(":")
    found = getattr(importlib.import_module(f"app.pipeline.stages.{module}"), function)
    return cast("Preparation", found)
