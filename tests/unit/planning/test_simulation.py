"""A simulation is what the scheduler would decide, occurrence by occurrence; and what many jobs do together."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from heapq import heapify, heappop, heappush
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter_contracts.events import SkipReason
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import AgentExecutor, Job, ScheduleTrigger
from lamplighter_planning import simulation
from lamplighter_planning.agenda import next_alarm
from lamplighter_planning.decisions import decide
from lamplighter_planning.load import load
from lamplighter_planning.rulings import Asked, Due, Ended, Situation, Skipped
from lamplighter_planning.simulation import Simulated, TooMuch, play, simulate
from lamplighter_planning.timetable import NOWHERE

START = datetime(2026, 3, 1, tzinfo=UTC)
UNTIL = START + timedelta(days=2)


def job(*schedules: str, **changes: Any) -> Job:
    fields = {
        "job_id": "report",
        "name": "Report",
        "prompt": "Write it for {{ job.name }}.",
        "executor": AgentExecutor(agent_id="writer"),
        "triggers": tuple(ScheduleTrigger(schedule=schedule, seconds=True) for schedule in schedules),
        "created_at": START,
        "updated_at": START,
        "scheduled_from": START,
    }
    return Job.model_validate(fields | changes)


def decided(of: Job, seconds: float) -> tuple[list[int], Counter[SkipReason]]:
    """The same with nothing but the scheduler's own steps: an alarm, a decision, the next alarm; an end, a decision."""
    gate, fired, skipped = Gate(job_id=of.job_id), list[int](), Counter[SkipReason]()
    ends: list[tuple[datetime, str]] = []
    while True:
        alarm = next_alarm(of, gate) or UNTIL + timedelta(days=1)
        over = bool(ends) and ends[0][0] <= alarm
        at = ends[0][0] if over else alarm
        if at > UNTIL:
            return fired, skipped
        asked = Asked(of.job_id, ended=(Ended(heappop(ends)[1]),)) if over else Asked(of.job_id, ticked=True)
        decision = decide(Situation(of.job_id, of, gate), asked, at)
        gate = decision.gate or gate
        for ruling in decision.rulings:
            if isinstance(ruling, Due):
                fired.append(int(at.timestamp()))
                heappush(ends, (at + timedelta(seconds=seconds), ruling.occurrence.execution_id))
            elif isinstance(ruling, Skipped):
                skipped[ruling.reason] += ruling.count
        ends = [(at, e) if e in decision.stops else (end, e) for end, e in ends]
        heapify(ends)


jobs = st.builds(
    lambda schedules, overlap, most, exclusions, window: job(
        *schedules,
        concurrency={"overlap": overlap, "max_running": most, "max_queued": 3},
        exclusions=exclusions,
        window=window,
    ),
    st.lists(
        st.sampled_from(
            ["*/7 * * * *", "0 * * * *", "@every 25m", "30 0 6,7 * * *", "@at 2026-03-01T05:00:00Z"]
        ),
        min_size=1,
        max_size=3,
        unique=True,
    ),
    st.sampled_from(["skip", "allow", "queue_one", "queue_all", "replace"]),
    st.sampled_from([None, 1, 2]),
    st.sampled_from([{}, {"blackouts": ["daily 03:00-05:30"]}, {"dates": ["2026-03-02"]}]),
    st.sampled_from([{}, {"ends_at": START + timedelta(hours=30)}]),
)


@given(jobs, st.sampled_from([30, 600, 2_000, 9_000]))
@settings(max_examples=120, deadline=None)
def test_what_is_simulated_is_what_would_be_decided(of: Job, seconds: int) -> None:
    tale = play(Simulated(of, NOWHERE, seconds), START, UNTIL)
    fired, skipped = decided(of, seconds)
    assert tale.fired == fired
    assert tale.skipped == skipped


def test_a_pause_and_a_bound_on_runs_are_seen() -> None:
    pause = {"paused_at": START, "until": START + timedelta(hours=3)}
    paused = play(Simulated(job("0 * * * *", pause=pause), NOWHERE), START, START + timedelta(hours=6))
    assert (len(paused.fired), paused.skipped) == (4, {SkipReason.PAUSED: 2})
    bounded = play(Simulated(job("0 * * * *", window={"max_runs": 2}), NOWHERE), START, UNTIL)
    assert (len(bounded.fired), bounded.skipped) == (2, {SkipReason.EXHAUSTED: 46})


def test_too_many_occurrences_are_refused_over_all_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "MOST_OCCURRENCES", 60)
    one = Simulated(job("0 * * * *"), NOWHERE)
    assert len(simulate([one], START, UNTIL)) == 1
    with pytest.raises(TooMuch, match="shorter"):
        simulate([one, one], START, UNTIL)


def test_the_load_names_the_busiest_minutes_and_the_most_that_run_at_once() -> None:
    hourly, daily = job("0 * * * *"), job("0 9 * * *", job_id="daily")
    tales = simulate([Simulated(hourly, NOWHERE, 7_000), Simulated(daily, NOWHERE, 60)], START, UNTIL)
    found = load(tales, START, UNTIL)
    assert [(minute.at.hour, minute.count) for minute in found.busiest] == [(9, 2), (9, 2)]
    assert set(found.busiest[0].job_ids) == {"report", "daily"}
    assert sum(count for _, count in found.buckets) == sum(len(tale.fired) for tale in tales)
    assert found.bucket_seconds == 900
    assert found.running_peak == 2
