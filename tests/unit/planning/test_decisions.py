"""What becomes of ticks, triggers and ends: the table of outcomes."""

from dataclasses import dataclass

import pytest

from lamplighter_contracts.events import SkipReason
from lamplighter_contracts.ids import execution_id
from lamplighter_planning.decisions import decide
from lamplighter_planning.rulings import Asked, Due, Ended, Situation, Skipped
from tests.support.situations import (
    JOB_ID,
    TICK,
    at,
    ended,
    job,
    manual,
    outcomes,
    paused,
    situation,
    trigger,
    webhook,
)

HOURLY, DAILY = "0 * * * *", "0 9 * * *"
ALLOW = {"concurrency": {"overlap": "allow"}}


@dataclass(frozen=True)
class Case:
    name: str
    standing: Situation
    asked: Asked
    now: str
    wanted: list[str]
    cursor: str | None = None
    """Where the gate's cursor is afterwards, if the gate changes."""
    running: str | None = None
    """What runs afterwards, if the gate changes."""


CASES = [
    Case(
        "on time", situation(job(DAILY), cursor="1T09:00"), TICK, "09:00:00.020",
        ["due 2026-03-02T09:00:00Z"], cursor="09:00", running="scheduled",
    ),
    Case("early", situation(job(DAILY), cursor="1T09:00"), TICK, "08:59:59.990", []),
    Case("repeated", situation(job(DAILY), cursor="09:00", running="a"), TICK, "09:00:01", []),
    Case(
        "late within the hour", situation(job(DAILY), cursor="1T09:00"), TICK, "10:00",
        ["due 2026-03-02T09:00:00Z"], cursor="09:00", running="scheduled",
    ),
    Case(
        "too late", situation(job(DAILY), cursor="1T09:00"), TICK, "10:00:01",
        ["missed 2026-03-02T09:00:00Z"], cursor="09:00", running="",
    ),
    Case(
        "of several, the last", situation(job(HOURLY), cursor="07:00"), TICK, "09:59",
        ["missed 2026-03-02T08:00:00Z", "due 2026-03-02T09:00:00Z"], cursor="09:00", running="scheduled",
    ),
    Case(
        "of several, the last is skipped", situation(job(HOURLY), cursor="07:00", running="a"), TICK, "09:59",
        ["missed 2026-03-02T08:00:00Z", "overlap 2026-03-02T09:00:00Z"], cursor="09:00", running="a",
    ),
    Case(
        "overlap allowed", situation(job(DAILY, **ALLOW), cursor="1T09:00"), TICK, "09:00",
        ["due 2026-03-02T09:00:00Z"], cursor="09:00", running="",
    ),
    Case(
        "paused", situation(job(DAILY, **paused()), cursor="1T09:00"), TICK, "09:00",
        ["paused 2026-03-02T09:00:00Z"], cursor="09:00", running="",
    ),
    Case("deleted", situation(job(DAILY, deleted_at=at("08:00"))), TICK, "09:00", []),
    Case("unknown", situation(None), TICK, "09:00", []),
    Case("trigger", situation(job()), manual("k"), "09:00", ["due k"], running="execution-of-k"),
    Case("trigger of an allowing job", situation(job(**ALLOW)), manual("k", "l"), "09:00", ["due k", "due l"]),
    Case("trigger decided before", situation(job(), decided="k"), manual("k"), "09:00", []),
    Case("trigger given twice", situation(job()), manual("k", "k"), "09:00", ["due k"], running="execution-of-k"),
    Case("trigger while running", situation(job(), running="a"), manual("k"), "09:00", ["overlap k"]),
    Case(
        "several triggers", situation(job()), manual("k", "l", "m"), "09:00",
        ["due k", "overlap l", "overlap m"], running="execution-of-k",
    ),
    Case("webhook while paused", situation(job(**paused())), webhook("k"), "09:00", ["paused k"]),
    Case(
        "by hand while paused", situation(job(**paused())), manual("k"), "09:00", ["due k"],
        running="execution-of-k",
    ),
    Case("by hand when deleted", situation(job(deleted_at=at("08:00"))), manual("k"), "09:00", ["deleted k"]),
    Case("trigger of no known job", situation(None), webhook("k"), "09:00", ["deleted k"]),
    Case("end", situation(job(), running="a"), ended("a"), "09:00", [], running=""),
    Case("end of one of two", situation(job(), running="a b"), ended("a"), "09:00", [], running="b"),
    Case("end known before", situation(job(), running="b"), ended("a"), "09:00", []),
    Case(
        "an end makes room", situation(job(), running="a"),
        Asked(JOB_ID, triggers=(trigger("k"),), ended=(Ended("a"),)), "09:00",
        ["due k"], running="execution-of-k",
    ),
    Case(
        "in the order of instants", situation(job(DAILY), cursor="1T09:00"),
        Asked(JOB_ID, ticked=True, triggers=(trigger("late", "09:01"), trigger("early", "08:59"))), "09:02",
        ["due early", "overlap 2026-03-02T09:00:00Z", "overlap late"], cursor="09:00", running="execution-of-early",
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_was_asked_becomes_due_or_skipped(case: Case) -> None:
    decision = decide(case.standing, case.asked, at(case.now))

    assert outcomes(decision) == case.wanted
    if case.cursor is None and case.running is None:
        assert decision.gate is None
        return
    assert decision.gate is not None
    assert decision.gate.cursor == (at(case.cursor) if case.cursor else None)
    scheduled = execution_id(at("09:00"), JOB_ID, "2026-03-02T09:00:00Z")
    assert list(decision.gate.running) == (case.running or "").replace("scheduled", scheduled).split()


def test_a_due_occurrence_is_gated_unless_overlap_is_allowed() -> None:
    for changes, gated in (({}, True), (ALLOW, False)):
        [ruling] = decide(situation(job(**changes)), manual("k"), at("09:00")).rulings
        assert isinstance(ruling, Due)
        assert ruling.gated is gated


def test_an_overlap_names_what_runs() -> None:
    [ruling] = decide(situation(job(), running="execution-a"), manual("k"), at("09:00")).rulings
    assert isinstance(ruling, Skipped)
    assert ruling.detail == "execution execution-a was still running (since 2026-03-02T08:00:00Z)"


def test_a_trigger_keeps_what_it_said() -> None:
    spoken = trigger("k").model_copy(update={"payload": {"a": 1}, "triggered_by": "ada"})
    [ruling] = decide(situation(job()), Asked(JOB_ID, triggers=(spoken,)), at("10:00")).rulings
    firing = ruling.occurrence.firing
    assert (firing.payload, firing.triggered_by, firing.nominal_at) == ({"a": 1}, "ada", at("09:00"))
    assert ruling.occurrence.execution_id == "execution-of-k"


def test_what_is_not_listed_shares_a_record_with_a_count() -> None:
    decision = decide(situation(job("* * * * *"), cursor="09:00"), TICK, at("11:00"))
    shared, *listed, last = decision.rulings
    assert isinstance(last, Due)
    assert isinstance(shared, Skipped)
    assert (shared.reason, shared.count, len(listed)) == (SkipReason.MISSED, 19, 100)
    assert (shared.first_at, shared.occurrence.firing.nominal_at) == (at("09:01"), at("09:19"))
    assert "19 occurrences" in shared.detail


@pytest.mark.parametrize("asked", [manual("k"), ended("a")])
def test_what_needs_no_schedule_is_decided_though_it_cannot_be_read(asked: Asked) -> None:
    assert decide(situation(job("whenever"), running="a@red"), asked, at("09:00")).gate is not None
