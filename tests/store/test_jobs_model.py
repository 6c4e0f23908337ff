"""Random lives of the queue, with crashes and restarts, equal a model kept in memory."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.domain.errors import Defect
from app.store.database import fetch
from app.store.vault import open_vault
from tests.store.promises import AT, job

OWNERS = st.sampled_from(("a", "b", "c"))
CLASSES = st.sampled_from(("pure", "repeatable", "human"))
LEASE_S = 10.0


@dataclass
class Expected:
    job_class: str
    priority: int
    state: str = "ready"
    owner: str | None = None
    boot: str | None = None
    until: float = 0.0
    attempts: int = 0
    runs: int = 0
    allowed_runs: int = 1

    def free(self, state: str) -> None:
        self.state, self.owner, self.boot = state, None, None

    def die(self) -> None:
        self.attempts += 1
        if self.job_class != "pure":
            self.free("in_doubt")
        else:
            self.free("quarantined" if self.attempts >= 3 else "ready")


class QueueLife(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        shm = "/dev/shm" if Path("/dev/shm").is_dir() else None
        self.folder = Path(tempfile.mkdtemp(dir=shm))
        self.vault = open_vault(self.folder / "home", bytes(32))
        self.model: dict[int, Expected] = {}
        self.now, self.boot = 0.0, 0

    def teardown(self) -> None:
        if hasattr(self, "vault"):
            self.vault.close()
            shutil.rmtree(self.folder)

    def boot_name(self) -> str:
        return f"boot-{self.boot}"

    def pick(self, number: int) -> int:
        return 1 + number % len(self.model)

    @rule(job_class=CLASSES, priority=st.integers(0, 2), n=st.integers(0, 8))
    def add(self, job_class: str, priority: int, n: int) -> None:
        number = self.vault.jobs.add(job("s", job_class, n, priority=priority))
        self.model.setdefault(number, Expected(job_class, priority))

    @rule(owner=OWNERS)
    def claim(self, owner: str) -> None:
        held = self.vault.jobs.claim(owner, self.boot_name(), ["s"], self.now, LEASE_S)
        ready = [(e.priority, n) for n, e in self.model.items() if e.state == "ready"]
        assert (held.id if held else None) == (min(ready)[1] if ready else None)
        if held:
            entry = self.model[held.id]
            entry.state, entry.owner, entry.boot = "leased", owner, self.boot_name()
            entry.until = self.now + LEASE_S
            entry.runs += 1

    @precondition(lambda self: self.model)
    @rule(owner=OWNERS, number=st.integers(0, 99))
    def beat(self, owner: str, number: int) -> None:
        number = self.pick(number)
        mine = self.model[number].owner == owner
        assert self.vault.jobs.beat(number, owner, self.now + LEASE_S) == mine
        if mine:
            self.model[number].until = self.now + LEASE_S

    @precondition(lambda self: self.model)
    @rule(owner=OWNERS, number=st.integers(0, 99))
    def complete(self, owner: str, number: int) -> None:
        number = self.pick(number)
        mine = self.model[number].owner == owner
        assert self.vault.jobs.complete(number, owner, None, None) == mine
        if mine:
            self.model[number].free("done")

    @precondition(lambda self: self.model)
    @rule(owner=OWNERS, number=st.integers(0, 99), counts=st.booleans(), retry=st.booleans())
    def fail(self, owner: str, number: int, counts: bool, retry: bool) -> None:
        number = self.pick(number)
        entry = self.model[number]
        mine = entry.owner == owner
        try:
            counted = self.vault.jobs.fail(
                number, owner, "x.y", {}, retry_at=1.0 if retry else None, counts=counts
            )
        except Defect:
            assert entry.job_class == "human"
            assert retry
            return
        assert counted == mine
        if not mine:
            return
        if not counts:
            entry.free("ready" if retry else "failed")
        elif entry.job_class == "repeatable" and retry:
            entry.attempts += 1
            entry.free("quarantined" if entry.attempts >= 3 else "ready")
        else:
            entry.die()

    @precondition(lambda self: self.model)
    @rule(owner=OWNERS, number=st.integers(0, 99), untouched=st.booleans())
    def release(self, owner: str, number: int, untouched: bool) -> None:
        number = self.pick(number)
        entry = self.model[number]
        mine = entry.owner == owner
        assert self.vault.jobs.release(number, owner, untouched=untouched) == mine
        if mine:
            again = entry.job_class == "pure" or (entry.job_class == "repeatable" and untouched)
            entry.free("ready" if again else "in_doubt")

    @rule(owner=OWNERS)
    def process_dies(self, owner: str) -> None:
        freed = dict(self.vault.jobs.free_owner(owner))
        for number, entry in self.model.items():
            if entry.owner == owner:
                entry.die()
                assert freed.pop(number) == entry.state
        assert freed == {}

    @rule(seconds=st.sampled_from((1.0, 6.0, 11.0)))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.expire()

    @rule()
    def machine_restarts(self) -> None:
        self.vault.close()
        self.vault = open_vault(self.folder / "home", bytes(32))
        self.boot, self.now = self.boot + 1, 0.0
        self.expire()

    def expire(self) -> None:
        freed = dict(self.vault.jobs.expire(self.now, self.boot_name()))
        for number, entry in self.model.items():
            lost = entry.boot != self.boot_name() or entry.until < self.now
            if entry.state == "leased" and lost:
                entry.die()
                assert freed.pop(number) == entry.state
        assert freed == {}

    @precondition(lambda self: self.model)
    @rule(
        number=st.integers(0, 99),
        to=st.sampled_from(("ready", "failed", "cancelled", "done")),
        person=st.booleans(),
    )
    def resolve(self, number: int, to: str, person: bool) -> None:
        number = self.pick(number)
        entry = self.model[number]
        try:
            moved = self.vault.jobs.resolve(
                number, to, "x", at=AT, boot="b", mono=0.0, by_person=person
            )  # fmt: skip
        except Defect:
            assert to == "ready"
            assert not person
            return
        if moved:
            assert entry.state not in {"done", "leased"}
            entry.state = to
            if to == "ready":
                entry.allowed_runs += 1
                entry.attempts = 0 if person else entry.attempts

    @invariant()
    def table_equals_model(self) -> None:
        if not hasattr(self, "vault"):
            return
        rows = fetch(self.vault.db, "SELECT id, class, state, owner, attempts FROM job")
        found = {r["id"]: (r["class"], r["state"], r["owner"], r["attempts"]) for r in rows}
        expected = {
            n: (e.job_class, e.state, e.owner, e.attempts) for n, e in self.model.items()
        }  # fmt: skip
        assert found == expected

    @invariant()
    def a_persons_act_runs_only_as_often_as_asked(self) -> None:
        for entry in getattr(self, "model", {}).values():
            if entry.job_class == "human":
                assert entry.runs <= entry.allowed_runs


QueueLife.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
test_the_queue_equals_its_model = QueueLife.TestCase
