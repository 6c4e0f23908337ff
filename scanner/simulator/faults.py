"""The fault plan: which sheet meets which trouble, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable

FaultName: TypeAlias = Literal[
    "jam",
    "cover_open",
    "double_feed",
    "early_404",
    "permanent_404",
    "half_jpeg",
    "zero_byte",
    "link_cut",
    "hang",
    "slow",
    "busy_503",
    "wrong_size",
]
FAULT_NAMES: Final[tuple[str, ...]] = get_args(FaultName)


@dataclass(frozen=True, slots=True)
class Fault:
    """A trouble at a sheet (counted from 1 in the whole stack).

    `times` counts refused answers for `early_404` and `busy_503`, scan jobs for `permanent_404`,
    and sides for the rest. `side` matters in duplex only.
    """

    sheet: int
    fault: FaultName
    times: int = 1
    side: Literal["front", "back"] = "front"


class PlanError(ValueError):
    """The plan is not a list of faults."""


def parse_plan(value: object) -> tuple[Fault, ...]:
    """The plan out of decoded JSON: `[{"sheet": 3, "fault": "jam", "times": 1}]`.

    Raises:
        PlanError: Anything else.
    """
    if not isinstance(value, list):
        raise PlanError("a plan is a list")
    return tuple(_fault(entry) for entry in cast("list[object]", value))


def _fault(entry: object) -> Fault:
    if not isinstance(entry, dict) or not set(entry) <= {"sheet", "fault", "times", "side"}:
        raise PlanError(f"not a fault: {entry}")
    sheet, name = entry.get("sheet"), entry.get("fault")
    times, side = entry.get("times", 1), entry.get("side", "front")
    if name not in FAULT_NAMES:
        raise PlanError(f"unknown fault: {name}")
    if not isinstance(sheet, int) or not isinstance(times, int) or sheet < 1 or times < 1:
        raise PlanError(f"sheet and times are numbers from 1: {entry}")
    if side not in {"front", "back"}:
        raise PlanError(f"side is front or back: {side}")
    return Fault(sheet, name, times, side)


class FaultPlan:
    """What is left of a plan; not safe to share between threads without a lock."""

    def __init__(self, faults: Iterable[Fault], *, spent_through: int = 0) -> None:
        self._left = [[fault, fault.times] for fault in faults if fault.sheet > spent_through]

    def take(self, sheet: int, side: str) -> FaultName | None:
        """The fault that strikes this side now; it is used up by one."""
        for entry in self._left:
            fault, left = cast("tuple[Fault, int]", tuple(entry))
            if fault.sheet == sheet and fault.side == side and left > 0:
                entry[1] = left - 1
                return fault.fault
        return None
