"""What the gateway asks of history and of the dispatchers, and what it says when they are away."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from lamplighter_contracts import subjects
from lamplighter_contracts.control import CancelReply
from lamplighter_contracts.executions import ExecutionStatus
from lamplighter_contracts.queries import Attempt, JobSummary, QueryFailed
from lamplighter_contracts.usage import Usage
from tests.service.gateway.running import Running
from tests.service.gateway.scripted_history import ScriptedHistory, scripted_history
from tests.service.gateway.test_live import AT, EXECUTION, Worker, record_of, recorded
from tests.support.happenings import approval, choice, effects, verdict
from tests.support.waiting import heard


@pytest.fixture
async def history(bus: Client) -> AsyncIterator[ScriptedHistory]:
    async with scripted_history(bus) as history:
        yield history


async def test_a_record_is_answered_with_both_spellings(running: Running, history: ScriptedHistory) -> None:
    firing = {"kind": "webhook", "key": "d1", "nominal_at": AT, "payload": {"a": 1}}
    history.records[EXECUTION] = record_of(
        job_name="Job",
        team_id="crew",
        firing=firing,
        started_at=AT,
        finished_at=AT,
        attempts=[Attempt(attempt=1, worker="w", started_at=AT)],
    )

    record = await running.json("GET", f"/executions/{EXECUTION}")

    assert record["id"] == record["execution_id"] == EXECUTION
    assert record["completed_at"] == record["finished_at"] == "2026-03-01T12:00:00Z"
    assert (record["agent_id"], record["team_id"]) == (None, "crew")
    assert (record["trigger"]["kind"], record["payload"]) == ("webhook", {"a": 1})
    assert "payload" not in record["trigger"]
    assert (record["trust"], record["trigger"]["trust"], record["body"]) == ("external", "external", None)


async def test_a_payload_that_is_too_large_to_be_told_is_told_of(
    running: Running, history: ScriptedHistory
) -> None:
    body = {"name": "large", "size": 300_000, "sha256": "00" * 32, "content_type": "application/json"}
    firing = {"kind": "webhook", "key": "d1", "nominal_at": AT, "body": body}
    history.records[EXECUTION] = record_of(firing=firing, project="payments")
    record = await running.json("GET", f"/executions/{EXECUTION}")
    assert (record["project"], record["payload"]) == ("payments", None)
    assert record["body"] == {name: value for name, value in body.items() if name != "name"}
    assert "body" not in record["trigger"]


async def test_a_record_tells_who_why_and_what_was_done(running: Running, history: ScriptedHistory) -> None:
    history.records[EXECUTION] = record_of(
        status="retrying",
        executor_kind="smart",
        agent_id="writer",
        environment="far",
        policy_hash="feed",
        not_before=AT,
        choice=choice(),
        decisions=[{"attempt": 1, "number": 1, "at": AT, "action": "tool.call", "verdict": verdict()}],
        decisions_omitted=4,
        approvals=[approval()],
        effects=effects("shell").effects,
        effects_omitted=2,
        usage=Usage(input_tokens=7, cost=0.5),
        steps=[
            {"attempt": 1, "number": 1, "name": "shell", "kind": "tool", "arguments": "{}", "failed": True}
        ],
    )

    record = await running.json("GET", f"/executions/{EXECUTION}")

    assert (record["status"], record["not_before"]) == ("retrying", "2026-03-01T12:00:00Z")
    assert (record["agent_id"], record["smart"], record["environment"]) == ("writer", True, "far")
    assert [one["agent_id"] for one in record["choice"]["candidates"]] == ["writer", "sleeper"]
    assert record["decisions"][0]["verdict"]["applied"][0]["policy_id"] == "night"
    assert (record["decisions_omitted"], record["effects_omitted"], record["policy_hash"]) == (4, 2, "feed")
    assert record["approvals"][0]["id"] == approval().approval_id
    assert (record["effects"][0]["name"], record["usage"]["input_tokens"]) == ("shell", 7)
    assert (record["steps"][0]["kind"], record["steps"][0]["failed"]) == ("tool", True)


async def test_a_list_asks_what_it_was_asked(running: Running, history: ScriptedHistory) -> None:
    await running.agent()
    job_id = (await running.job())["id"]
    history.records[EXECUTION] = record_of()
    history.next_cursor = "more"

    answer = await running.http.get(
        "/api/v1/executions?job_id=j&status=running,failed&agent_id=idle&limit=7&offset=3&cursor=c&backfill_id=bf-1"
    )
    of_job = await running.http.get(f"/api/v1/jobs/{job_id}/executions?status=completed")
    occurrences = await running.http.get(
        f"/api/v1/jobs/{job_id}/occurrences?limit=3&cursor=d&outcome=fired,missed"
        "&from=2026-03-01T09:00:00%2B01:00&until=2026-03-02T00:00:00Z"
    )

    assert [record["id"] for record in answer.json()] == [EXECUTION]
    for one in (answer, of_job, occurrences):
        assert one.headers["next-cursor"] == "more"
    asked = [query for subject, query in history.asked if subject == "query.executions.list"]
    assert asked[0] == {
        "projects": None,
        "job_id": "j",
        "statuses": ["running", "failed"],
        "executor_kind": None,
        "executor_id": None,
        "agent_id": "idle",
        "backfill_id": "bf-1",
        "limit": 7,
        "offset": 3,
        "cursor": "c",
    }
    assert (asked[1]["job_id"], asked[1]["statuses"], asked[1]["limit"]) == (job_id, ["completed"], 50)
    assert history.asked[-1][1] == {
        "projects": None,
        "job_id": job_id,
        "from_at": "2026-03-01T08:00:00Z",
        "until_at": "2026-03-02T00:00:00Z",
        "outcomes": ["fired", "missed"],
        "limit": 3,
        "cursor": "d",
    }


async def test_a_log_is_read_page_by_page(running: Running, history: ScriptedHistory) -> None:
    history.records[EXECUTION] = record_of()
    history.batches = [recorded(n * 10, 2 * n - 1, 2 * n) for n in range(1, 6)]

    first = await running.json("GET", f"/executions/{EXECUTION}/logs")
    second = await running.json("GET", f"/executions/{EXECUTION}/logs?after={first['next']}")

    assert first["status"] == "running"
    assert [line["number"] for line in first["lines"] + second["lines"]] == list(range(1, 11))
    assert first["lines"][0]["text"] == "line 1"
    assert second["next"] is None


async def test_the_last_run_of_a_job(running: Running, history: ScriptedHistory) -> None:
    await running.agent()
    job = await running.job()
    summary = JobSummary(
        job_id=job["id"], execution_id=EXECUTION, status=ExecutionStatus.FAILED, last_run_at=AT
    )
    history.summaries = [summary]

    for shown in (await running.json("GET", f"/jobs/{job['id']}"), (await running.json("GET", "/jobs"))[0]):
        assert shown["last_run_at"] == shown["last_execution_at"] == "2026-03-01T12:00:00Z"
        assert shown["last_run_status"] == "failed"


async def test_without_history_its_routes_say_so(running: Running) -> None:
    await running.agent()
    job_id = (await running.job())["id"]
    for path in (
        "/executions",
        f"/jobs/{job_id}/executions",
        f"/jobs/{job_id}/occurrences",
        f"/executions/{EXECUTION}",
    ):
        answer = await running.http.get(f"/api/v1{path}")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2"), path
        assert answer.json()["type"].endswith("/unavailable")
    jobs = await running.http.get("/api/v1/jobs")
    assert (jobs.status_code, jobs.headers["lamplighter-history"]) == (200, "unavailable")


async def test_a_range_that_ends_before_it_starts(running: Running) -> None:
    await running.agent()
    job_id = (await running.job())["id"]
    path = f"/api/v1/jobs/{job_id}/occurrences?from=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z"
    answer = await running.http.get(path)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["field"], error["problem"]) == ("until", "must be after 'from', 2026-01-02T00:00:00Z")


async def test_what_history_cannot_answer(running: Running, history: ScriptedHistory) -> None:
    history.failing = QueryFailed(detail="MongoDB is away", retry_after_seconds=9)
    away = await running.http.get("/api/v1/executions")
    history.failing = QueryFailed(kind="invalid", detail="no cursor of ours")
    wrong = await running.http.get("/api/v1/executions?cursor=x")

    assert (away.status_code, away.headers["retry-after"]) == (503, "9")
    assert "MongoDB" in away.json()["detail"]
    assert wrong.status_code == 422


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (CancelReply(outcome="accepted", status=ExecutionStatus.CANCELLING), 202),
        (CancelReply(outcome="finished", status=ExecutionStatus.COMPLETED), 409),
        (CancelReply(outcome="unknown"), 404),
        (None, 503),
    ],
)
async def test_a_cancel_answers_as_a_dispatcher_does(
    running: Running, bus: Client, reply: CancelReply | None, status: int
) -> None:
    await Worker(bus).start()
    asked: list[Any] = []

    async def on_cancel(message: Msg) -> None:
        assert reply is not None
        asked.append(json.loads(message.data))
        await message.respond(reply.model_dump_json().encode())

    if reply is not None:
        await bus.subscribe(subjects.CANCEL_EXECUTION, cb=on_cancel)
        await heard(bus)

    answer = await running.http.post(f"/api/v1/executions/{EXECUTION}/cancel")

    assert answer.status_code == status, answer.text
    if reply is not None:
        assert asked == [{"execution_id": EXECUTION, "job_id": "a-job", "requested_by": "test admin"}]
    if status == 202:
        assert answer.json() == {"execution_id": EXECUTION, "status": "cancelling"}
