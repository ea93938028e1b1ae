"""Executions: listed, read, their logs, their live stream, and their end before its time."""

import asyncio
from typing import Any

from litestar import Request, get, post

from lamplighter_contracts.events import Outcome
from lamplighter_contracts.executions import ExecutionStatus
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.problems import FieldError
from lamplighter_contracts.queries import ListExecutions, ListOccurrences, LogPage, ReadLog
from lamplighter_gateway.answers import execution_answer, occurrence_answer
from lamplighter_gateway.authentication import caller_of, is_good_still
from lamplighter_gateway.cancels import cancel
from lamplighter_gateway.catalog import key_of
from lamplighter_gateway.event_stream import EventStream
from lamplighter_gateway.gateway import Gateway, gateway_of
from lamplighter_gateway.live import Live
from lamplighter_gateway.parameters import Parameters
from lamplighter_gateway.problems import invalid, not_found
from lamplighter_gateway.responses import Answer, answer
from lamplighter_gateway.sse import read_position

PAGE, MOST = 50, 500
MOST_OFFSET = 1_000_000


@get("/api/v1/executions")
async def list_executions(request: Request[Any, Any, Any]) -> Answer:
    """Newest first: `?job_id=&status=&agent_id=&team_id=&backfill_id=&limit=&offset=&cursor=`, the next page in
    `Next-Cursor`."""
    query = Parameters(request.query_params)
    return await _list(gateway_of(request), query, query.text("job_id"))


@get("/api/v1/jobs/{job_id:str}/executions")
async def list_executions_of_job(request: Request[Any, Any, Any], job_id: str) -> Answer:
    """As `GET /api/v1/executions`, of one job; also of one that was deleted."""
    gateway = gateway_of(request)
    await _known(gateway, job_id)
    return await _list(gateway, Parameters(request.query_params), job_id)


@get("/api/v1/jobs/{job_id:str}/occurrences")
async def list_occurrences(request: Request[Any, Any, Any], job_id: str) -> Answer:
    """What became of each due instant, delivery and start, newest first: `?from=&until=&outcome=&limit=&cursor=`."""
    gateway, query = gateway_of(request), Parameters(request.query_params)
    await _known(gateway, job_id)
    from_at, until_at = query.span()
    asked = ListOccurrences(
        job_id=job_id,
        from_at=from_at,
        until_at=until_at,
        outcomes=query.choices("outcome", Outcome),
        limit=query.number("limit", PAGE, 1, MOST),
        cursor=query.text("cursor"),
    )
    query.check()
    page = await gateway.history.occurrences(asked)
    return _page([occurrence_answer(occurrence) for occurrence in page.occurrences], page.next_cursor)


@get("/api/v1/executions/{execution_id:str}")
async def get_execution(request: Request[Any, Any, Any], execution_id: str) -> Answer:
    """One execution. One that was just accepted is `queued`, before history has heard of it."""
    record = await gateway_of(request).executions.record(execution_id)
    return answer(execution_answer(record))


@get("/api/v1/executions/{execution_id:str}/logs")
async def get_logs(request: Request[Any, Any, Any], execution_id: str) -> Answer:
    """Lines that history has: `?from_line=&attempt=&after=`; `next` is where to go on, null at the end."""
    gateway, query = gateway_of(request), Parameters(request.query_params)
    from_line, after = query.number("from_line", 1, 1, 1 << 53), query.number("after", 0, 0, 1 << 53)
    attempt = query.number("attempt", 0, 1, 1 << 31) or None
    query.check()
    asked = ReadLog(execution_id=execution_id, after_sequence=after, from_line=from_line, attempt=attempt)
    record, page = await asyncio.gather(gateway.executions.record(execution_id), gateway.history.log(asked))
    lines = [line.model_dump(mode="json") for batch in page.batches for line in batch.lines]
    status = record.status.value
    return answer({"execution_id": execution_id, "status": status, "lines": lines, "next": _next(page)})


@get("/api/v1/executions/{execution_id:str}/stream")
async def stream_execution(request: Request[Any, Any, Any], execution_id: str) -> EventStream:
    """Server-sent events: `status`, `retrying`, `waiting`, `answered`, `step`, `decided`, `effects`, `log`, `gap`, then
    `end`. Goes on after a Last-Event-ID exactly."""
    gateway = gateway_of(request)
    position = read_position(request.headers.get("last-event-id"))
    if position is None:
        problem = "must be the id of an event of this stream, such as '41-1207'"
        raise invalid([FieldError(field="Last-Event-ID", problem=problem)])
    found = await gateway.executions.find(execution_id)
    live = Live(gateway.client, gateway.history, found, position)
    await live.open()
    return EventStream(live.frames(), live.close, gateway.leaving, lambda: is_good_still(request))


@post("/api/v1/executions/{execution_id:str}/cancel", status_code=202)
async def cancel_execution(request: Request[Any, Any, Any], execution_id: str) -> Answer:
    """End an execution that waits or runs, is parked, or is to be tried again."""
    gateway = gateway_of(request)
    found = await gateway.executions.find(execution_id)
    status = await cancel(gateway.client, found, caller_of(request).name)
    return answer({"execution_id": execution_id, "status": status.value}, 202)


async def _list(gateway: Gateway, query: Parameters, job_id: str | None) -> Answer:
    agent_id, team_id = query.text("agent_id"), query.text("team_id")
    statuses = query.choices("status", ExecutionStatus)
    limit, offset = query.number("limit", PAGE, 1, MOST), query.number("offset", 0, 0, MOST_OFFSET)
    cursor = query.text("cursor")
    query.check()
    if agent_id and team_id:
        raise invalid([FieldError(field="team_id", problem="cannot stand beside 'agent_id': choose one")])
    asked = ListExecutions(
        job_id=job_id,
        statuses=statuses,
        executor_kind="team" if team_id else None,
        executor_id=team_id,
        agent_id=agent_id,
        backfill_id=query.text("backfill_id"),
        limit=limit,
        offset=offset,
        cursor=cursor,
    )
    page = await gateway.history.executions(asked)
    return _page([execution_answer(record) for record in page.executions], page.next_cursor)


def _page(documents: list[dict[str, Any]], next_cursor: str | None) -> Answer:
    return answer(documents, headers={"Next-Cursor": next_cursor} if next_cursor else {})


async def _known(gateway: Gateway, job_id: str) -> None:
    """Raises a `Problem` for a job that never was. What a purged one did is still on record."""
    key = key_of(Job, job_id)

    def look() -> None:
        if gateway.catalog.revision(key) == 0:
            raise not_found("job", job_id)

    await gateway.current(key, look)


def _next(page: LogPage) -> int | None:
    return page.batches[-1].sequence if page.more and page.batches else None


HANDLERS = [
    list_executions,
    list_executions_of_job,
    list_occurrences,
    get_execution,
    get_logs,
    stream_execution,
    cancel_execution,
]
