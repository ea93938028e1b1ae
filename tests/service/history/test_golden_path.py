"""From published events to the answer of every query; and that redelivery changes nothing."""

from nats.aio.client import Client

from lamplighter_contracts.events import SkipReason
from lamplighter_contracts.executions import ExecutionStatus
from lamplighter_contracts.jobs import SmartExecutor
from lamplighter_contracts.queries import (
    ExecutionPage,
    JobSummaries,
    ListExecutions,
    ListOccurrences,
    LogPage,
    OccurrencePage,
    ReadLog,
    SummariseJobs,
)
from lamplighter_contracts.streams import HISTORY_EXECUTIONS, HISTORY_JOBS, HISTORY_LOGS
from tests.service.history.conftest import History, running_history
from tests.support.happenings import (
    JOB,
    at,
    cancelling,
    due,
    execution,
    finished,
    happen,
    job,
    log_batch,
    skipped,
    started,
    step,
)
from tests.support.servers import Server


async def a_day(bus: Client) -> None:
    """One execution with two attempts and a log, one that was passed over, one that waits, one of another job."""
    await happen(
        bus, due(0, payload={"ref": "main"}), skipped(60), due(120), due(5, "other", executor=SmartExecutor())
    )
    await happen(bus, started(0, 1), step(1, "started"), step(1, "finished"), started(0, 2))
    await happen(bus, cancelling(0, 2), finished(0, 2, outcome=ExecutionStatus.CANCELLED, exit_code=None))
    for batch in (log_batch("one", "two"), log_batch("three", first=3), log_batch("again", attempt=2)):
        await happen(bus, batch)
    key_value = await bus.jetstream().key_value("catalog")
    await key_value.put("jobs.nightly-7f3a", job(created_by="ada").model_dump_json().encode())
    await key_value.put("secrets.default.api-key", b"canary")
    await key_value.delete("jobs.nightly-7f3a")


async def test_an_execution_is_told_whole(history: History) -> None:
    await a_day(history.bus)
    await history.until_all_is_recorded()

    record = await history.execution(execution(0))
    assert record is not None
    assert (record.job_id, record.job_name, record.job_revision) == (JOB, "Nightly report", 7)
    assert (record.executor_kind, record.executor_id, record.environment) == ("agent", "writer", "default")
    assert record.firing is not None
    assert record.firing.payload == {"ref": "main"}
    assert (record.created_at, record.started_at, record.finished_at) == (at(0.25), at(1), at(9))
    assert [(attempt.attempt, attempt.worker) for attempt in record.attempts] == [
        (1, "worker-1"),
        (2, "worker-2"),
    ]
    assert (record.status, record.exit_code, record.result) == (ExecutionStatus.CANCELLED, None, "done")
    assert record.cancel_requested_by == "ada"
    assert [(step.name, step.started_at, step.finished_at) for step in record.steps] == [
        ("step 1", at(1), at(1.5))
    ]
    assert record.status_sequence == 6, "the sequence in EXECUTIONS: a live stream goes on after it"


async def test_lists_are_filtered_newest_first(history: History) -> None:
    await a_day(history.bus)
    await history.until_all_is_recorded()

    async def listed(query: ListExecutions) -> list[str]:
        page = await history.asked(query, ExecutionPage)
        assert page.next_cursor is None
        return [record.execution_id for record in page.executions]

    mine, waiting, other = execution(0), execution(120), execution(5, "other")
    assert await listed(ListExecutions()) == [waiting, other, mine]
    assert await listed(ListExecutions(offset=1)) == [other, mine]
    assert await listed(ListExecutions(job_id=JOB)) == [waiting, mine]
    assert await listed(ListExecutions(statuses=(ExecutionStatus.QUEUED,))) == [waiting, other]
    assert await listed(ListExecutions(job_id=JOB, statuses=(ExecutionStatus.QUEUED,))) == [waiting]
    assert await listed(ListExecutions(executor_kind="smart")) == [other]
    assert await listed(ListExecutions(executor_kind="agent", executor_id="writer")) == [waiting, mine]
    assert await listed(ListExecutions(executor_id="nobody")) == []


async def test_the_log_is_read_by_sequence_by_line_and_by_attempt(history: History) -> None:
    await a_day(history.bus)
    await history.until_all_is_recorded()

    async def read(query: ReadLog) -> list[tuple[int, int, str]]:
        page = await history.asked(query, LogPage)
        assert not page.more
        return [(batch.sequence, line.attempt, line.text) for batch in page.batches for line in batch.lines]

    mine = execution(0)
    everything = [(1, 1, "one"), (1, 1, "two"), (2, 1, "three"), (3, 2, "again")]
    assert await read(ReadLog(execution_id=mine)) == everything
    assert await read(ReadLog(execution_id=mine, after_sequence=1)) == everything[2:]
    assert await read(ReadLog(execution_id=mine, from_line=2)) == everything[1:3]
    assert await read(ReadLog(execution_id=mine, attempt=2)) == everything[3:]
    assert await read(ReadLog(execution_id=execution(120))) == []


async def test_the_last_execution_of_each_job(history: History) -> None:
    await a_day(history.bus)
    await history.until_all_is_recorded()

    answer = await history.asked(SummariseJobs(job_ids=(JOB, "other", "never-ran")), JobSummaries)
    assert {summary.job_id: summary.execution_id for summary in answer.summaries} == {
        JOB: execution(120),
        "other": execution(5, "other"),
    }
    assert {summary.status for summary in answer.summaries} == {ExecutionStatus.QUEUED}


async def test_every_occurrence_has_one_record(history: History) -> None:
    await a_day(history.bus)
    await history.until_all_is_recorded()

    page = await history.asked(ListOccurrences(job_id=JOB), OccurrencePage)
    assert [(o.execution_id, o.outcome, o.reason) for o in page.occurrences] == [
        (execution(120), "fired", None),
        (execution(60), "skipped", SkipReason.OVERLAP),
        (execution(0), "fired", None),
    ]
    assert [(o.key, o.firing.nominal_at, o.decided_at) for o in page.occurrences][1] == (
        "60",
        at(60),
        at(60.25),
    )


async def test_every_change_of_the_catalog_is_on_record_and_no_secret(history: History) -> None:
    await a_day(history.bus)
    await history.until_all_is_recorded()

    audit = history.documents()["audit_chain"]
    assert [(link["_id"], link["action"], link["kind"], link.get("actor", "")) for link in audit] == [
        (1, "job.change", "jobs", "ada"),
        (2, "secret.change", "secrets", ""),
        (3, "job.delete", "jobs", ""),
    ]
    assert "canary" not in repr(audit)


async def test_redelivery_of_everything_changes_nothing(
    bus: Client, nats_server: Server, mongodb_url: str
) -> None:
    async with running_history(bus, nats_server.url, mongodb_url) as history:
        await a_day(bus)
        await history.until_all_is_recorded()
        before = history.documents()
    for consumer in (HISTORY_JOBS, HISTORY_EXECUTIONS, HISTORY_LOGS):
        await bus.jetstream().delete_consumer(consumer.stream.name, consumer.durable)
    async with running_history(bus, nats_server.url, mongodb_url) as history:
        await history.until_all_is_recorded()
        assert history.documents() == before
        assert set(before) >= {"audit_chain", "execution_logs", "executions", "occurrences"}
