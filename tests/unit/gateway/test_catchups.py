"""What was missed: told apart by what the scheduler makes of it, and taken out of the records that stand for many."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lamplighter_contracts.events import Firing, Outcome, SkipReason, TriggerKind
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import AgentExecutor, Job, ScheduleTrigger
from lamplighter_contracts.queries import OccurrenceRecord
from lamplighter_contracts.timing import Exclusions, Missed, MissedPolicy, Pause
from lamplighter_gateway.timing.catchups import missed_instants, overdue, overdue_answer
from lamplighter_planning.clock_words import Clock
from lamplighter_planning.timetable import timetable

MADE = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 12, 0, 30, tzinfo=UTC)


def at(hour: int) -> datetime:
    return datetime(2026, 3, 2, hour, tzinfo=UTC)


def job(**changes: Any) -> Job:
    fields = {
        "job_id": "hourly",
        "name": "Hourly",
        "prompt": "Go",
        "executor": AgentExecutor(agent_id="idle"),
        "triggers": (ScheduleTrigger(schedule="0 * * * *"),),
        "created_at": MADE,
        "updated_at": MADE,
        "scheduled_from": MADE,
    }
    return Job.model_validate(fields | changes)


FIRST = "One fires, on Mon 2026-03-02 at 12:00:30"
ALL = Missed(policy=MissedPolicy.ALL, limit=2, every_seconds=60)


@pytest.mark.parametrize(
    ("changes", "cursor", "fire", "sentence"),
    [
        ({}, 12, [], "Nothing is due that has not been decided."),
        ({}, 11, [(12, 0)], "One fires, on Mon 2026-03-02 at 12:00:30."),
        ({}, 9, [(12, 0)], "One fires, on Mon 2026-03-02 at 12:00:30; 2 are recorded as missed."),
        (
            {"missed": ALL},
            7,
            [(10, 60), (11, 120), (12, 0)],
            "3 fire, the first on Mon 2026-03-02 at 12:00:30; 2 are recorded as missed.",
        ),
        (
            {"pause": Pause(paused_at=at(9), resumed_at=at(11))},
            8,
            [(12, 0)],
            f"{FIRST}; one is recorded as missed; 2 are skipped, since the job is or was paused.",
        ),
        ({"pause": Pause(paused_at=at(9))}, 8, [], "4 are skipped, since the job is or was paused."),
        (
            {"exclusions": Exclusions(blackouts=("daily 10:00-12:00",))},
            9,
            [(12, 0)],
            "One fires, on Mon 2026-03-02 at 12:00:30; 2 are left out by dates, blackouts or calendars.",
        ),
    ],
)
def test_what_the_scheduler_makes_of_what_is_overdue(
    changes: dict[str, Any], cursor: int, fire: list[tuple[int, int]], sentence: str
) -> None:
    of = job(**changes)
    found = overdue(of, Gate(job_id="hourly", cursor=at(cursor)), timetable(of, "hourly"), NOW)
    assert list(found.fire) == [(at(hour), NOW + timedelta(seconds=seconds)) for hour, seconds in fire]
    assert overdue_answer(found, Clock("UTC"))["sentence"] == sentence


def record(last: int, first: int | None = None, count: int = 1) -> OccurrenceRecord:
    return OccurrenceRecord(
        job_id="hourly",
        key="k",
        firing=Firing(kind=TriggerKind.SCHEDULE, key="k", nominal_at=at(last)),
        decided_at=NOW,
        outcome=Outcome.MISSED,
        reason=SkipReason.MISSED,
        execution_id="e",
        count=count,
        first_at=at(first) if first is not None else None,
    )


@pytest.mark.parametrize(
    ("records", "changes", "hours", "count"),
    [
        ([record(7), record(9)], {}, [7, 9], 2),
        ([record(2)], {}, [], 0),
        ([record(9, 6, 4)], {}, [6, 7, 8, 9], 4),
        ([record(6, 1, 6), record(9)], {}, [4, 5, 6, 9], 4),
        ([record(9, 6, 4)], {"exclusions": Exclusions(blackouts=("daily 07:00-08:00",))}, [6, 8, 9], 3),
        ([record(9, 6, 4)], {"scheduled_from": at(10)}, [9], 1),
    ],
    ids=["single", "too old", "many", "many, some too old", "left out since", "of another schedule"],
)
def test_records_are_taken_apart(
    records: list[OccurrenceRecord], changes: dict[str, Any], hours: list[int], count: int
) -> None:
    of = job(**changes)
    found, total = missed_instants(of, timetable(of, "hourly"), records, at(4))
    assert (found, total) == ([at(hour) for hour in hours], count)
