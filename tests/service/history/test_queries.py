"""Paging without gaps or repeats, replies of bounded size, an index for every query, an answer to every request."""

from typing import Any

from pymongo import MongoClient
from pymongo.database import Database

from lamplighter_contracts.events import Outcome, SkipReason
from lamplighter_contracts.executions import ApprovalState, ExecutionStatus, LogBatch
from lamplighter_contracts.queries import (
    ExecutionAnswer,
    ExecutionPage,
    FindOccurrence,
    GetDelivery,
    GetExecution,
    ListApprovals,
    ListBackfills,
    ListChoices,
    ListDeliveries,
    ListExecutions,
    ListOccurrences,
    LogPage,
    ReadLog,
    SummariseJobs,
    TypicalDurations,
)
from lamplighter_history import answers
from lamplighter_history.cursors import Place, cursor_after_place
from lamplighter_history.database import INDEXES
from lamplighter_history.filters import (
    approvals,
    backfills,
    choices,
    deliveries,
    executions,
    jobs,
    logs,
    occurrences,
)
from tests.service.history.conftest import History
from tests.support.happenings import (
    JOB,
    answered,
    at,
    backfill,
    backfilled,
    blocked,
    chosen,
    delivery_id,
    due,
    execution,
    filtered,
    finished,
    happen,
    log_batch,
    posted,
    skipped,
    started,
    waiting,
)
from tests.support.waiting import until

QUESTIONS = (
    ListExecutions,
    GetExecution,
    ReadLog,
    SummariseJobs,
    TypicalDurations,
    ListOccurrences,
    FindOccurrence,
    ListBackfills,
    ListApprovals,
    ListChoices,
    ListDeliveries,
    GetDelivery,
)


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
    assert page.executions[0].prompt == page.executions[0].result == "é" * executions.LIST_TEXT
    record = await history.execution(execution(0))
    assert record is not None
    assert record.firing is not None
    assert (record.prompt, record.result, record.firing.payload) == (long, long, {"big": long})


MALFORMED = (
    b"{",
    b"\xff\xfe",
    b"[]",
    b'{"limit": 0, "job_ids": 5, "execution_id": 5, "delivery_id": 5, "job_id": 5, "at": 5, "since": 5}',
)


async def test_a_malformed_request_is_answered_as_invalid(history: History) -> None:
    for subject in (model.subject for model in QUESTIONS):
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


Asked = tuple[str, dict[str, Any], list[tuple[str, int]]]


def _of_executions(query: ListExecutions) -> Asked:
    return "executions", executions.listed(query), executions.NEWEST_FIRST


def _of_logs(query: ReadLog) -> Asked:
    return "execution_logs", logs.chunks(query), [("_id", 1)]


def _of_occurrences(**asked: Any) -> Asked:
    return (
        "occurrences",
        occurrences.listed(ListOccurrences(**{"job_id": JOB} | asked)),
        occurrences.NEWEST_FIRST,
    )


def _of_backfills(query: ListBackfills) -> Asked:
    return "backfills", backfills.listed(query), backfills.NEWEST_FIRST


def _of_approvals(**asked: Any) -> Asked:
    return "executions", approvals.listed(ListApprovals(**asked)), approvals.NEWEST_FIRST


def _of_choices(**asked: Any) -> Asked:
    return "executions", choices.listed(ListChoices(since=at(3), **asked)), choices.NEWEST_FIRST


def _of_deliveries(**asked: Any) -> Asked:
    return "deliveries", deliveries.listed(ListDeliveries(**asked)), deliveries.NEWEST_FIRST


PROJECTS = ("payments", "research")
FIND = FindOccurrence(job_id=JOB, at=at(4))
MISSED = (Outcome.MISSED, Outcome.BLOCKED)
CURSOR = cursor_after_place(Place(at(5), execution(5)))


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
    (_of_executions(ListExecutions(backfill_id="fill-1")), {"of_backfill"}),
    (_of_executions(ListExecutions(agent_id="rare")), {"by_agent"}),
    (
        _of_executions(ListExecutions(agent_id="writer", job_id=JOB, statuses=(ExecutionStatus.BLOCKED,))),
        {"of_job", "by_status", "by_agent"},
    ),
    (_of_approvals(), {"with_approvals"}),
    (_of_approvals(job_id=JOB), {"approvals_of_job"}),
    (_of_approvals(states=(ApprovalState.PENDING,)), {"approvals_by_status"}),
    (_of_approvals(states=(ApprovalState.DENIED, ApprovalState.EXPIRED)), {"with_approvals"}),
    (_of_choices(), {"with_choice"}),
    (_of_choices(job_id=JOB, cursor=CURSOR), {"choices_of_job"}),
    (_of_occurrences(), {"by_instant"}),
    (_of_occurrences(from_at=at(2), cursor=CURSOR), {"by_instant"}),
    (_of_occurrences(from_at=at(2), until_at=at(6)), {"by_instant"}),
    (_of_occurrences(until_at=at(6), cursor=CURSOR), {"by_instant"}),
    (_of_occurrences(until_at=at(4), cursor=CURSOR), {"standing_for_several"}),
    (_of_occurrences(outcomes=MISSED), {"by_outcome"}),
    (_of_occurrences(outcomes=MISSED, from_at=at(2), until_at=at(6), cursor=CURSOR), {"by_outcome"}),
    (("occurrences", occurrences.before(FIND), occurrences.NEWEST_FIRST), {"by_instant"}),
    (("occurrences", occurrences.after(FIND, execution(4)), occurrences.OLDEST_FIRST), {"by_instant"}),
    (_of_backfills(ListBackfills()), {"newest"}),
    (_of_backfills(ListBackfills(job_id=JOB)), {"of_job"}),
    (_of_backfills(ListBackfills(projects=PROJECTS)), {"of_project"}),
    (_of_executions(ListExecutions(projects=PROJECTS)), {"of_project"}),
    (_of_approvals(projects=PROJECTS), {"approvals_of_project"}),
    (_of_choices(projects=PROJECTS), {"choices_of_project"}),
    (_of_occurrences(job_id=None), {"newest"}),
    (_of_occurrences(job_id=None, outcomes=MISSED), {"newest_by_outcome"}),
    (_of_occurrences(job_id=None, from_at=at(2), until_at=at(6)), {"newest"}),
    (_of_occurrences(job_id=None, until_at=at(4), cursor=CURSOR), {"newest_for_several"}),
    (_of_occurrences(job_id=None, projects=PROJECTS), {"of_project"}),
    (_of_occurrences(job_id=None, projects=PROJECTS, from_at=at(2), cursor=CURSOR), {"of_project"}),
    (_of_deliveries(), {"newest"}),
    (_of_deliveries(from_at=at(2), until_at=at(6), cursor=CURSOR), {"newest"}),
    (_of_deliveries(projects=PROJECTS), {"of_project"}),
    (_of_deliveries(job_id=JOB), {"of_job"}),
    (_of_deliveries(job_id=JOB, outcomes=("filtered", "ping")), {"of_job_by_outcome"}),
    (_of_deliveries(outcomes=("filtered",)), {"by_outcome"}),
    (_of_deliveries(producer="rare"), {"by_producer"}),
    (_of_deliveries(event="rare", cursor=CURSOR), {"by_event"}),
    (_of_deliveries(execution_id=execution(3)), {"of_execution"}),
    (_of_logs(ReadLog(execution_id=execution())), {"_id_"}),
    (_of_logs(ReadLog(execution_id=execution(), from_line=5, attempt=1)), {"_id_"}),
]
"""Each query, and the indexes that may serve it."""


async def test_an_index_serves_every_query(history: History) -> None:
    await happen(
        history.bus, *(due(n, job_id=f"job-{n % 50}") for n in range(600)), *(due(n) for n in range(9))
    )
    await happen(history.bus, *(started(n, job_id=f"job-{n % 50}") for n in range(300)))
    await happen(history.bus, *(event(n, job_id="busy") for n in range(100) for event in (started, finished)))
    await happen(history.bus, *(skipped(n, reason=SkipReason.MISSED) for n in range(20, 60)))
    await happen(history.bus, *(due(n) for n in range(100, 300)))
    await happen(history.bus, skipped(70).model_copy(update={"first_at": at(60), "count": 11}))
    await happen(history.bus, *(backfilled(n, f"fill-{n % 3}") for n in range(30)))
    await happen(history.bus, *(backfill(backfill_id=f"fill-{n}") for n in range(9)))
    await happen(history.bus, log_batch("a"))
    await happen(history.bus, *(posted(n, f"job-{n % 50}", project="payments") for n in range(200)))
    await happen(history.bus, *(filtered(n) for n in range(10)), *(posted(n) for n in range(20, 200)))
    await happen(history.bus, *(filtered(n, f"job-{n % 50}") for n in range(200, 400)))
    await happen(history.bus, posted(300, replay_of=delivery_id(1)))
    await happen(
        history.bus, *(waiting(n) for n in range(300, 320)), *(chosen(of=n) for n in range(100, 130))
    )
    others = [execution(n, "busy") for n in range(400, 500)]
    await happen(history.bus, *(waiting(n, "busy") for n in range(400, 500)))
    await happen(history.bus, *(chosen(execution_id=one, at=at(5)) for one in others))
    await happen(history.bus, *(answered(n) for n in range(310, 320)), *(blocked(n) for n in range(130, 140)))
    await history.until_all_is_recorded()
    with MongoClient[dict[str, Any]](history.mongodb_url) as client:
        database = client.get_database()
        await until(lambda: _made(database), what="the making of the indexes")
        for (collection, wanted, sort), serving in FINDS:
            plan = database[collection].find(wanted).sort(sort).explain()["queryPlanner"]["winningPlan"]
            assert not named(plan, "stage") & {"COLLSCAN", "SORT"}, (wanted, plan)
            assert named(plan, "indexName") & serving, (wanted, plan)
        job_ids = tuple(f"job-{n}" for n in range(50))
        plan = explained(database, "executions", jobs.summary(SummariseJobs(job_ids=job_ids)))
        assert "DISTINCT_SCAN" in named(plan, "stage"), "one step in the index a job, not one an execution"
        plan = explained(database, "occurrences", occurrences.at_instant(FIND))
        assert named(plan, "indexName") == {"by_instant", "standing_for_several"}
        asking = explained(
            database, "executions", [{"$match": executions.blocked([execution(n) for n in range(600)])}]
        )
        assert named(asking, "indexName") == {"by_status"}
        assert asking["executionStats"]["totalDocsExamined"] == 10, "one batch asks after each that is due"
        page = explained(database, "deliveries", deliveries.page(deliveries.listed(ListDeliveries()), 20))
        joined = {
            lookup["$lookup"]["as"]: lookup["indexesUsed"] for lookup in page["stages"] if "$lookup" in lookup
        }
        assert joined == {"occurrences": ["_id_"], "replays": ["replays"]}
        into = database["occurrences"].find(occurrences.gathered_into(execution(1))).explain()
        assert named(into["queryPlanner"]["winningPlan"], "indexName") == {"gathered_into"}
        counting = explained(database, "executions", backfills.executions(["fill-0", "fill-1"]))
        assert named(counting, "indexName") == {"of_backfill"}
        assert "FETCH" not in named(counting, "stage"), "counted along the index"
        durations = explained(database, 1, jobs.durations(TypicalDurations(job_ids=("busy",))))
        [lookup] = [stage for stage in durations["stages"] if "$lookup" in stage]
        assert lookup["indexesUsed"] == ["how_long"]
        assert (lookup["totalKeysExamined"], lookup["totalDocsExamined"]) == (jobs.LAST, 0)


def explained(
    database: Database[dict[str, Any]], of: str | int, pipeline: list[dict[str, Any]]
) -> dict[str, Any]:
    asked: dict[str, Any] = {"aggregate": of, "pipeline": pipeline, "cursor": {}}
    return database.command("explain", asked, verbosity="executionStats")


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
