"""What becomes of ticks, triggers and ends: the table of outcomes."""

from dataclasses import dataclass

import pytest

from lamplighter_contracts.events import SkipReason, TriggerKind
from lamplighter_contracts.ids import execution_id
from lamplighter_scheduler.decisions import Asked, Decision, Due, Situation, decide
from lamplighter_scheduler.records import messages
from tests.unit.scheduler.examples import JOB_ID, at, job, situation, trigger

HOURLY, DAILY = "0 * * * *", "0 9 * * *"
TICK = Asked(JOB_ID, ticked=True)


def webhook(key: str) -> Asked:
    return Asked(JOB_ID, triggers=(trigger(key, kind=TriggerKind.WEBHOOK),))


def manual(*keys: str) -> Asked:
    return Asked(JOB_ID, triggers=tuple(trigger(key) for key in keys))


def ended(*executions: str) -> Asked:
    return Asked(JOB_ID, ended=frozenset(executions))


def outcomes(decision: Decision) -> list[str]:
    """`due 2026-03-02T09:00:00Z`, or with the reason for `due`."""
    return [
        f"{'due' if isinstance(ruling, Due) else ruling.reason.value} {ruling.occurrence.firing.key}"
        for ruling in decision.rulings
    ]


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
        "overlap allowed", situation(job(DAILY, overlap="allow"), cursor="1T09:00"), TICK, "09:00",
        ["due 2026-03-02T09:00:00Z"], cursor="09:00", running="",
    ),
    Case("paused", situation(job(DAILY, enabled=False), cursor="1T09:00"), TICK, "09:00", []),
    Case("deleted", situation(job(DAILY, deleted_at=at("08:00"))), TICK, "09:00", []),
    Case("unknown", situation(None), TICK, "09:00", []),
    Case("trigger", situation(job()), manual("k"), "09:00", ["due k"], running="execution-of-k"),
    Case("trigger of an allowing job", situation(job(overlap="allow")), manual("k", "l"), "09:00", ["due k", "due l"]),
    Case("trigger decided before", situation(job(), decided="k"), manual("k"), "09:00", []),
    Case("trigger given twice", situation(job()), manual("k", "k"), "09:00", ["due k"], running="execution-of-k"),
    Case("trigger while running", situation(job(), running="a"), manual("k"), "09:00", ["overlap k"]),
    Case(
        "several triggers", situation(job()), manual("k", "l", "m"), "09:00",
        ["due k", "overlap l", "overlap m"], running="execution-of-k",
    ),
    Case("webhook while paused", situation(job(enabled=False)), webhook("k"), "09:00", ["paused k"]),
    Case(
        "by hand while paused", situation(job(enabled=False)), manual("k"), "09:00", ["due k"],
        running="execution-of-k",
    ),
    Case("by hand when deleted", situation(job(deleted_at=at("08:00"))), manual("k"), "09:00", ["deleted k"]),
    Case("trigger of no known job", situation(None), webhook("k"), "09:00", ["deleted k"]),
    Case("end", situation(job(), running="a"), ended("a"), "09:00", [], running=""),
    Case("end of one of two", situation(job(), running="a b"), ended("a"), "09:00", [], running="b"),
    Case("end known before", situation(job(), running="b"), ended("a"), "09:00", []),
    Case(
        "an end makes room", situation(job(), running="a"),
        Asked(JOB_ID, triggers=(trigger("k"),), ended=frozenset({"a"})), "09:00",
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
    skip, allow = (decide(situation(job(overlap=o)), manual("k"), at("09:00")) for o in ("skip", "allow"))
    assert [ruling.gated for d in (skip, allow) for ruling in d.rulings if isinstance(ruling, Due)] == [
        True,
        False,
    ]


def test_an_overlap_names_what_runs() -> None:
    [ruling] = decide(situation(job(), running="execution-a"), manual("k"), at("09:00")).rulings
    assert not isinstance(ruling, Due)
    assert ruling.detail == "execution execution-a was still running, due 2026-03-02T08:00:00Z"


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
    assert not isinstance(shared, Due)
    assert shared.reason is SkipReason.MISSED
    assert (shared.occurrence.count, len(listed)) == (19, 100)
    assert shared.occurrence.firing.nominal_at == at("09:19")
    assert "19 occurrences" in shared.detail
    assert sum(ruling.occurrence.count for ruling in decision.rulings) == 120


def test_what_does_not_fit_into_one_message_is_skipped_and_not_lost() -> None:
    """Job and payload are each within their limit. What is left of the payload in the record is nothing."""
    large = trigger("a").model_copy(update={"payload": "x" * 400_000})
    asked = Asked(JOB_ID, triggers=(large, trigger("b")))
    situated = situation(job(overlap="allow", variables={"TEXT": "y" * 200_000}))
    decision = decide(situated, asked, at("09:00"))
    assert outcomes(decision) == ["too_large a", "due b"]
    assert decision.rulings[0].occurrence.firing.payload is None
    for message in messages(situated, decision, at("09:00")):
        message.wire_headers()
