"""Executions that wait for their turn, backfills, and how long executions take."""

from typing import Any

import pytest

from lamplighter_contracts.events import JobBackfill, SkipReason
from lamplighter_contracts.executions import ExecutionStatus
from lamplighter_contracts.queries import (
    BackfillPage,
    BackfillRecord,
    DurationsAnswer,
    ExecutionPage,
    ListBackfills,
    ListExecutions,
    TypicalDurations,
)
from lamplighter_history.filters.jobs import LAST
from tests.service.history.conftest import History
from tests.support.happenings import (
    JOB,
    at,
    backfill,
    backfilled,
    due,
    execution,
    finished,
    happen,
    queued,
    skipped,
    started,
)


async def listed(history: History, query: ListExecutions) -> list[str]:
    page = await history.asked(query, ExecutionPage)
    return [record.execution_id for record in page.executions]


async def test_an_execution_that_waits_is_there_and_says_for_what(history: History) -> None:
    await happen(history.bus, queued(payload={"a": 1}))
    await history.until_all_is_recorded()
    record = await history.execution(execution())
    assert record is not None
    assert (record.status, record.job_id, record.created_at) == (ExecutionStatus.QUEUED, JOB, at(0.125))
    assert record.detail == "waits for the end of the one before"
    assert record.firing is not None
    assert record.firing.payload == {"a": 1}
    assert await listed(history, ListExecutions(statuses=(ExecutionStatus.QUEUED,))) == [execution()]


async def test_its_due_event_completes_it(history: History) -> None:
    await happen(history.bus, queued(), due(prompt="{{ x }}").model_copy(update={"prompt": "Write"}))
    await happen(history.bus, started(), finished())
    await history.until_all_is_recorded()
    record = await history.execution(execution())
    assert record is not None
    assert (record.status, record.job_name, record.prompt, record.detail) == (
        ExecutionStatus.COMPLETED,
        "Nightly report",
        "Write",
        "",
    )
    assert record.created_at == at(0.125), "when it began to wait"


@pytest.mark.parametrize("at_once", [True, False])
async def test_one_that_waited_in_vain_ends(history: History, at_once: bool) -> None:
    events = queued(), skipped(reason=SkipReason.REPLACED)
    for batch in [events] if at_once else [events[:1], events[1:]]:
        await happen(history.bus, *batch)
        await history.until_all_is_recorded()
    record = await history.execution(execution())
    assert record is not None
    assert (record.status, record.reason, record.detail) == (
        ExecutionStatus.CANCELLED,
        "replaced",
        "the one before still runs",
    )
    assert (record.finished_at, record.started_at, record.status_sequence) == (at(0.25), None, 0)
    assert await listed(history, ListExecutions(statuses=(ExecutionStatus.QUEUED,))) == []


async def test_one_that_is_told_to_wait_after_it_was_skipped_ends_too(history: History) -> None:
    await happen(history.bus, skipped(reason=SkipReason.EXPIRED))
    await history.until_all_is_recorded()
    assert await history.execution(execution()) is None, "what never waited is no execution"
    await happen(history.bus, queued())
    await history.until_all_is_recorded()
    record = await history.execution(execution())
    assert record is not None
    assert (record.status, record.reason) == (ExecutionStatus.CANCELLED, "expired")


async def test_who_cancelled_one_that_waited_has_the_last_word(history: History) -> None:
    words: dict[str, Any] = {
        "outcome": ExecutionStatus.CANCELLED,
        "reason": "cancelled",
        "detail": "by ada",
        "result": "",
    }
    await happen(history.bus, finished(attempt=0, **words))
    await happen(history.bus, queued(), skipped(reason=SkipReason.CANCELLED))
    await history.until_all_is_recorded()
    record = await history.execution(execution())
    assert record is not None
    assert (record.detail, record.finished_at, record.status_sequence) == ("by ada", at(9), 1)


async def test_backfills_are_listed_with_what_their_executions_come_to(history: History) -> None:
    fired = [backfilled(number) for number in range(4)]
    other = {"job_id": "other", "requested_at": at(5)}
    await happen(
        history.bus,
        backfill("started"),
        *fired,
        due(),
        backfill("started", "fill-2", **other),
        backfill("cancelled", "fill-2", **other),
    )
    ids = [event.execution_id for event in fired]
    await happen(history.bus, *(started().model_copy(update={"execution_id": one}) for one in ids[:3]))
    await happen(history.bus, *(finished(execution_id=one) for one in ids[:2]))
    await history.until_all_is_recorded()

    async def asked(**query: str) -> list[BackfillRecord]:
        return list((await history.asked(ListBackfills(**query), BackfillPage)).backfills)

    newest, mine = await asked()
    assert (newest.backfill_id, newest.phase, newest.ended_at) == ("fill-2", "cancelled", at(60))
    assert (newest.fired, newest.executions) == (12, {})
    assert (mine.backfill_id, mine.phase, mine.fired, mine.ended_at) == ("fill-1", "started", 4, None)
    assert mine.executions == {
        ExecutionStatus.COMPLETED: 2,
        ExecutionStatus.RUNNING: 1,
        ExecutionStatus.QUEUED: 1,
    }
    assert (mine.after_at, mine.until_at, mine.max_parallel) == (at(-3_600), at(0), 2)
    assert (mine.requested_at, mine.requested_by) == (at(0), "ada")
    assert await asked(job_id="other") == await asked(backfill_id="fill-2") == [newest]
    assert await asked(job_id="other", backfill_id="fill-1") == await asked(backfill_id="none") == []
    assert await listed(history, ListExecutions(backfill_id="fill-1")) == ids[::-1]


async def test_a_backfill_ends_once_its_end_is_told(history: History) -> None:
    phases: tuple[JobBackfill, ...] = (backfill("completed"), backfill("started"))
    for event in phases:
        await happen(history.bus, event)
        await history.until_all_is_recorded()
    [record] = (await history.asked(ListBackfills(), BackfillPage)).backfills
    assert (record.phase, record.fired, record.ended_at) == ("completed", 12, at(60))


async def test_typical_is_the_median_of_the_last_that_ended(history: History) -> None:
    def ran(number: int, seconds: float, job_id: str = JOB) -> list[object]:
        return [
            started(number, job_id=job_id),
            finished(number, job_id=job_id, finished_at=at(number + 1 + seconds)),
        ]

    long_ago = [event for n in range(5) for event in ran(n, n)]
    lately = [event for n in range(LAST) for event in ran(50_000 + n * 100, 10 + n)]
    runs_on = [started(90_000), started(2, job_id="runs-on")]
    never_began = [finished(90_100 + n, attempt=0, finished_at=at(99_000)) for n in range(LAST)]
    of_other = ran(7, 2.5, "other")
    for some in (long_ago, lately, runs_on, never_began, of_other):
        await happen(history.bus, *some)
    await history.until_all_is_recorded()
    query = TypicalDurations(job_ids=(JOB, "other", "runs-on", "never-ran"))
    answer = await history.asked(query, DurationsAnswer)
    assert answer.seconds == {JOB: 10 + (LAST - 1) / 2, "other": 2.5}
    assert (await history.asked(TypicalDurations(job_ids=()), DurationsAnswer)).seconds == {}
