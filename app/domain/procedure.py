"""A procedure (thủ tục hành chính) and the papers it asks for, as dated data."""

from __future__ import annotations

import re
from dataclasses import dataclass

CODE = re.compile(r"^[1-4]\.\d{6}(\.H\d{2})?$")
ACQUISITIONS = frozenset({"scan", "reuse", "present", "secret", "data", "form", "online"})


@dataclass(frozen=True, slots=True)
class Component:
    """One paper of a dossier (thành phần hồ sơ)."""

    id: str
    name: str
    acq: str
    required: bool
    kinds: tuple[str, ...] = ()

    @property
    def imaged(self) -> bool:
        """Whether an image may be kept.

        Source: Circular 03/2025/TT-VPCP art. 5(2): presented and secret papers are not copied.
        """
        return self.acq in {"scan", "form"}


@dataclass(frozen=True, slots=True)
class Procedure:
    """The version of a procedure under which a dossier is received."""

    code: str
    version: str
    name: str
    field: str
    components: tuple[Component, ...]
    open_ended: bool = False

    def component(self, component_id: str | None) -> Component | None:
        """The component of that id, or None."""
        return next((c for c in self.components if c.id == component_id), None)

    def component_for(self, kind: str) -> Component | None:
        """The component that a paper of ``kind`` answers, or None."""
        return next((c for c in self.components if c.imaged and kind in c.kinds), None)
