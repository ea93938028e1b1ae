"""Whatever comes, in whatever order and however often: one record an occurrence, and never two running."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter_contracts.jobs import Job, Overlap
from lamplighter_scheduler.decisions import Asked, Due, Situation, decide
from tests.unit.scheduler.examples import JOB_ID, at, job, situation, trigger

START = at("09:00")
KEYS = [f"k{n}" for n in range(8)]

ticks = st.just(Asked(JOB_ID, ticked=True))
triggers = st.lists(st.sampled_from(KEYS), min_size=1, max_size=4).map(
    lambda keys: Asked(JOB_ID, triggers=tuple(trigger(key) for key in keys))
)
ends = st.integers(0, 30)
"""The end of the so-and-so-manieth execution that ever became due."""

steps = st.lists(st.tuples(st.integers(0, 7_000), st.one_of(ticks, triggers, ends)), max_size=40)


@dataclass
class World:
    """What the bus would hold: the gate, the marks, every record, what runs."""

    standing: Situation
    records: list[tuple[str, int]] = field(default_factory=list)
    became_due: list[str] = field(default_factory=list)
    running: set[str] = field(default_factory=set)

    def meets(self, asked: Asked, now_seconds: int) -> None:
        self.running -= asked.ended
        now = START + timedelta(seconds=now_seconds)
        decision = decide(self.standing, asked, now)
        for ruling in decision.rulings:
            self.records.append((ruling.occurrence.firing.key, ruling.occurrence.count))
            if isinstance(ruling, Due):
                self.became_due.append(ruling.occurrence.execution_id)
                self.running.add(ruling.occurrence.execution_id)
        self.standing = replace(
            self.standing,
            gate=decision.gate or self.standing.gate,
            decided=self.standing.decided | {t.key for t in asked.triggers},
        )


def play(of: Job, told: list[tuple[int, Asked | int]]) -> tuple[World, int]:
    """The world afterwards, and the latest instant of a tick, in seconds."""
    world = World(situation(of, cursor="09:00"))
    latest_tick = 0
    for seconds, step in told:
        if isinstance(step, int):
            step = Asked(JOB_ID, ended=frozenset(world.became_due[step : step + 1]))
        if step.ticked:
            latest_tick = max(latest_tick, seconds)
        world.meets(step, seconds)
        if of.overlap is Overlap.SKIP:
            assert len(world.running) <= 1
            assert set(world.standing.gate.running) == world.running
    return world, latest_tick


@given(steps, st.sampled_from(Overlap))
@settings(max_examples=300, deadline=None)
def test_each_occurrence_has_one_record(told: list[tuple[int, Asked | int]], overlap: Overlap) -> None:
    world, latest_tick = play(job("*/7 * * * *", "*/10 * * * *", overlap=overlap), told)

    keys = [key for key, _ in world.records]
    assert len(keys) == len(set(keys))
    given_keys = {t.key for _, step in told if isinstance(step, Asked) for t in step.triggers}
    scheduled = {
        f"2026-03-02T{9 + minute // 60:02}:{minute % 60:02}:00Z"
        for minute in range(1, latest_tick // 60 + 1)
        if (minute % 60) % 7 == 0 or minute % 10 == 0
    }
    assert set(keys) == given_keys | scheduled
    assert len(world.became_due) == len(set(world.became_due))
