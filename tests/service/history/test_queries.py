"""Paging without gaps or repeats, replies of bounded size, an index for every query, an answer to every request."""

from typing import Any

from pymongo import MongoClient
from pymongo.database import Database

from lamplighter_contracts.events import ExecutionStatus, LogBatch
from lamplighter_contracts.queries import (
    ExecutionAnswer,
    ExecutionPage,
    GetExecution,
    ListExecutions,
    ListOccurrences,
    LogPage,
    OccurrencePage,
    ReadLog,
    SummariseJobs,
)
from lamplighter_history import answers, filters
from lamplighter_history.database import INDEXES
from tests.service.history.conftest import History
from tests.support.happenings import JOB, due, execution, finished, happen, log_batch, started
from tests.support.waiting import until

SUBJECTS = [
    model.subject for model in (ListExecutions, GetExecution, ReadLog, SummariseJobs, ListOccurrences)
]


async def test_pages_of_500_executions_have_neither_gaps_nor_repeats(history: History) -> None:
    await happen(history.bus, *(due(n, job_id=f"job-{n % 7}") for n in range(500)))
    await history.until_all_is_recorded()
    seen: list[str] = []
    query = ListExecutions(limit=37)
    while True:
        page = await history.asked(query, ExecutionPage)
        seen += [record.execution_id for record in page.executions]
        if page.next_cursor is None:
            break
        if len(seen) == 37 * 3:
            await happen(history.bus, *(due(n) for n in range(1_000, 1_010)))
            await history.until_all_is_recorded()
        query = ListExecutions(limit=37, cursor=page.next_cursor)
    assert seen == sorted((execution(n, f"job-{n % 7}") for n in range(500)), reverse=True)


async def test_pages_of_occurrences(history: History) -> None:
    await happen(history.bus, *(due(n) for n in range(25)))
    await history.until_all_is_recorded()
    seen: list[str] = []
    cursor: str | None = None
    while cursor is not None or not seen:
        page = await history.asked(ListOccurrences(job_id=JOB, limit=10, cursor=cursor), OccurrencePage)
        seen += [occurrence.key for occurrence in page.occurrences]
        cursor = page.next_cursor
    assert seen == [str(n) for n in reversed(range(25))]


async def test_a_log_of_5_mb_is_read_in_replies_of_bounded_size(history: History) -> None:
    texts = [f"{n} " + "x" * 500 for n in range(1, 10_001)]
    batches: list[LogBatch] = [
        log_batch(*texts[first : first + 100], first=first + 1) for first in range(0, len(texts), 100)
    ]
    for batch in batches:
        await happen(history.bus, batch)
    await history.until_all_is_recorded()
    read: list[str] = []
    after, more = 0, True
    while more:
        query = ReadLog(execution_id=execution(), after_sequence=after)
        reply = await history.bus.request(query.subject, query.model_dump_json().encode(), timeout=5)
        assert len(reply.data) < 420 * 1024
        page = LogPage.model_validate_json(reply.data)
        read += [line.text for batch in page.batches for line in batch.lines]
        after, more = page.batches[-1].sequence, page.more
    assert read == texts
    tail = await history.asked(ReadLog(execution_id=execution(), from_line=9_990), LogPage)
    assert [line.text for batch in tail.batches for line in batch.lines] == texts[9_989:]


async def test_large_texts_are_cut_in_lists_and_whole_alone(history: History) -> None:
    long = "é" * 60_000
    await happen(history.bus, *(due(n, prompt=long, payload={"big": long}) for n in range(50)))
    await happen(history.bus, *(finished(n, result=long) for n in range(50)))
    await history.until_all_is_recorded()
    page = await history.asked(ListExecutions(limit=50), ExecutionPage)
    assert len(page.executions) == 50
    assert page.executions[0].prompt == page.executions[0].result == "é" * filters.LIST_TEXT
    record = await history.execution(execution(0))
    assert record is not None
    assert record.firing is not None
    assert (record.prompt, record.result, record.firing.payload) == (long, long, {"big": long})


MALFORMED = (b"{", b"\xff\xfe", b"[]", b'{"limit": 0, "job_ids": 5, "execution_id": 5, "job_id": 5}')


async def test_a_malformed_request_is_answered_as_invalid(history: History) -> None:
    for subject in SUBJECTS:
        for body in MALFORMED:
            for content_type in ("application/json", "text/plain"):
                refusal = await history.refusal(subject, body, **{"content-type": content_type})
                assert (refusal.failed, refusal.kind) == (True, "invalid"), (subject, body)
                assert refusal.detail


async def test_a_wrong_cursor_is_answered_as_invalid(history: History) -> None:
    for query in (ListExecutions(cursor="rubbish"), ListOccurrences(job_id=JOB, cursor="rubbish")):
        refusal = await history.refusal(query.subject, query.model_dump_json().encode())
        assert refusal.kind == "invalid"
        assert "next_cursor" in refusal.detail


async def test_a_fault_of_our_own_is_answered_too(history: History) -> None:
    async def broken(query: GetExecution) -> ExecutionAnswer:
        raise ZeroDivisionError

    body = GetExecution(execution_id="x").model_dump_json().encode()
    reply = await answers.answer(answers.Question(GetExecution, broken), body, lambda: None)
    assert b"history could not answer" in reply.model_dump_json().encode()


def _of_executions(query: ListExecutions) -> tuple[str, dict[str, Any], list[tuple[str, int]]]:
    return "executions", filters.executions(query), filters.NEWEST_FIRST


def _of_logs(query: ReadLog) -> tuple[str, dict[str, Any], list[tuple[str, int]]]:
    return "execution_logs", filters.log(query), [("_id", 1)]


FINDS = [
    (_of_executions(ListExecutions()), {"_id_"}),
    (_of_executions(ListExecutions(job_id=JOB)), {"of_job"}),
    (_of_executions(ListExecutions(statuses=tuple(ExecutionStatus)[1:3])), {"by_status"}),
    (
        _of_executions(ListExecutions(job_id=JOB, statuses=(ExecutionStatus.FAILED,))),
        {"of_job", "by_status"},
    ),
    (_of_executions(ListExecutions(executor_kind="agent")), {"by_executor_kind"}),
    (_of_executions(ListExecutions(executor_kind="agent", executor_id="rare")), {"by_executor"}),
    (_of_executions(ListExecutions(executor_id="writer")), {"by_executor"}),
    (("occurrences", filters.occurrences(ListOccurrences(job_id=JOB)), filters.NEWEST_FIRST), {"of_job"}),
    (_of_logs(ReadLog(execution_id=execution())), {"_id_"}),
    (_of_logs(ReadLog(execution_id=execution(), from_line=5, attempt=1)), {"_id_"}),
]
"""Each query, and the indexes that may serve it."""


async def test_an_index_serves_every_query(history: History) -> None:
    await happen(
        history.bus, *(due(n, job_id=f"job-{n % 50}") for n in range(600)), *(due(n) for n in range(9))
    )
    await happen(history.bus, *(started(n, job_id=f"job-{n % 50}") for n in range(300)))
    await happen(history.bus, log_batch("a"))
    await history.until_all_is_recorded()
    with MongoClient[dict[str, Any]](history.mongodb_url) as client:
        database = client.get_database()
        await until(lambda: _made(database), what="the making of the indexes")
        for (collection, wanted, sort), serving in FINDS:
            plan = database[collection].find(wanted).sort(sort).explain()["queryPlanner"]["winningPlan"]
            assert not named(plan, "stage") & {"COLLSCAN", "SORT"}, (wanted, plan)
            assert named(plan, "indexName") & serving, (wanted, plan)
        summary = {
            "aggregate": "executions",
            "pipeline": filters.summary(SummariseJobs(job_ids=tuple(f"job-{n}" for n in range(50)))),
            "cursor": {},
        }
        plan = database.command("explain", summary)
        assert "DISTINCT_SCAN" in named(plan, "stage"), "one step in the index a job, not one an execution"


async def _made(database: Database[dict[str, Any]]) -> bool:
    return all(
        {index.document["name"] for index in indexes} <= set(database[collection.value].index_information())
        for collection, indexes in INDEXES.items()
    )


def named(plan: Any, what: str) -> set[str]:
    """Every stage, or index, named anywhere in a plan."""
    match plan:
        case dict():
            found = {plan[what]} if isinstance(plan.get(what), str) else set()
            return found.union(*(named(v, what) for k, v in plan.items() if k != "rejectedPlans"))
        case list():
            return set().union(*(named(one, what) for one in plan))
        case _:
            return set()
