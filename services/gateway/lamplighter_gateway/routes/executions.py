"""Executions: listed, read, their logs, their live stream, and their end before its time."""

import asyncio
from typing import Any

from litestar import Request, get, post

from lamplighter_contracts.events import Outcome
from lamplighter_contracts.executions import ExecutionStatus
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.problems import FieldError
from lamplighter_contracts.queries import ListExecutions, ListOccurrences, LogPage, ReadLog
from lamplighter_gateway.access.authentication import caller_of, is_good_still
from lamplighter_gateway.answers import execution_answer, occurrence_answer
from lamplighter_gateway.catalog.contents import key_of
from lamplighter_gateway.dispatch.cancels import cancel
from lamplighter_gateway.gateway import Gateway, gateway_of
from lamplighter_gateway.live.event_stream import EventStream
from lamplighter_gateway.live.sse import read_position
from lamplighter_gateway.live.streaming import Live
from lamplighter_gateway.past.executions import project_of
from lamplighter_gateway.web.pages import Page, answer_list
from lamplighter_gateway.web.parameters import Parameters
from lamplighter_gateway.web.problems import invalid, not_found
from lamplighter_gateway.web.responses import Answer, answer

PAGE, MOST = 50, 500
MOST_OFFSET = 1_000_000


@get("/api/v1/executions")
async def list_executions(request: Request[Any, Any, Any]) -> Answer:
    """Executions, newest first, in any status where none is named."""
    query = Parameters(request.query_params)
    return await _list(request, query, query.text("job_id"))


@get("/api/v1/jobs/{job_id:str}/executions")
async def list_executions_of_job(request: Request[Any, Any, Any], job_id: str) -> Answer:
    """As `GET /api/v1/executions`, of one job; also of one that was deleted."""
    await check_known(gateway_of(request), job_id)
    return await _list(request, Parameters(request.query_params), job_id)


@get("/api/v1/occurrences")
async def list_occurrences(request: Request[Any, Any, Any]) -> Answer:
    """What became of each due instant, delivery and start, of all jobs, newest first."""
    query = Parameters(request.query_params)
    return await _list_occurrences(request, query, query.text("job_id"))


@get("/api/v1/jobs/{job_id:str}/occurrences")
async def list_occurrences_of_job(request: Request[Any, Any, Any], job_id: str) -> Answer:
    """As `GET /api/v1/occurrences`, of one job; also of one that was deleted."""
    await check_known(gateway_of(request), job_id)
    return await _list_occurrences(request, Parameters(request.query_params), job_id)


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
    live = Live(gateway.sharing, gateway.history, found, position)
    await live.open()
    return EventStream(live.frames(), gateway.leaving, lambda: is_good_still(request), close=live.close)


@post("/api/v1/executions/{execution_id:str}/cancel", status_code=202)
async def cancel_execution(request: Request[Any, Any, Any], execution_id: str) -> Answer:
    """End an execution that waits or runs, is parked, or is to be tried again."""
    gateway = gateway_of(request)
    found = await gateway.executions.find(execution_id)
    caller = caller_of(request)
    status = await cancel(gateway.client, found, caller.name)
    project = project_of(gateway.catalog.find(Job, found.job_id))
    await gateway.audit.done(caller, "execution.cancel", "executions", execution_id, project=project)
    return answer({"execution_id": execution_id, "status": status.value}, 202)


async def _list(request: Request[Any, Any, Any], query: Parameters, job_id: str | None) -> Answer:
    gateway, cursor = gateway_of(request).of_project(query.text("project")), query.text("cursor")
    agent_id, team_id = query.text("agent_id"), query.text("team_id")
    statuses = query.choices("status", ExecutionStatus)
    bound, offset = query.number("limit", 0, 1, MOST) or None, query.number("offset", 0, 0, MOST_OFFSET)
    if agent_id and team_id:
        query.wrong("team_id", "cannot stand beside 'agent_id': choose one")
    query.check()
    asked = ListExecutions(
        job_id=job_id,
        statuses=statuses,
        executor_kind="team" if team_id else None,
        executor_id=team_id,
        agent_id=agent_id,
        backfill_id=query.text("backfill_id"),
    )

    async def turn(at: str | None, limit: int) -> Page:
        here = {"cursor": at, "limit": limit, "offset": offset if at == cursor else 0}
        page = await gateway.history.executions(asked.model_copy(update=here))
        return Page([execution_answer(record) for record in page.executions], page.next_cursor)

    return await answer_list(request, turn, cursor=cursor, limit=bound or PAGE, bound=bound)


async def _list_occurrences(request: Request[Any, Any, Any], query: Parameters, job_id: str | None) -> Answer:
    gateway, (from_at, until_at) = gateway_of(request).of_project(query.text("project")), query.span()
    asked = ListOccurrences(
        job_id=job_id, from_at=from_at, until_at=until_at, outcomes=query.choices("outcome", Outcome)
    )
    bound = query.number("limit", 0, 1, MOST) or None
    query.check()

    async def turn(at: str | None, limit: int) -> Page:
        page = await gateway.history.occurrences(asked.model_copy(update={"cursor": at, "limit": limit}))
        return Page([occurrence_answer(occurrence) for occurrence in page.occurrences], page.next_cursor)

    return await answer_list(request, turn, cursor=query.text("cursor"), limit=bound or PAGE, bound=bound)


async def check_known(gateway: Gateway, job_id: str) -> None:
    """Raises a `Problem` for a job that never was. What a purged one did is still on record."""
    key = key_of(Job, job_id)

    def look() -> None:
        out_of_reach = gateway.catalog.is_taken(key) and gateway.catalog.find(Job, job_id) is None
        if out_of_reach or gateway.catalog.revision(key) == 0:
            raise not_found("job", job_id)

    await gateway.current(key, look)


def _next(page: LogPage) -> int | None:
    return page.batches[-1].sequence if page.more and page.batches else None


HANDLERS = [
    list_executions,
    list_executions_of_job,
    list_occurrences,
    list_occurrences_of_job,
    get_execution,
    get_logs,
    stream_execution,
    cancel_execution,
]
