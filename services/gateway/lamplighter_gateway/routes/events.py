"""What happens, as it happens: everything that the caller reaches, or one job."""

from typing import Any

from litestar import Request, get

from lamplighter_contracts.jobs import Job
from lamplighter_contracts.problems import FieldError
from lamplighter_gateway.access.authentication import caller_of, is_good_still
from lamplighter_gateway.catalog.contents import key_of
from lamplighter_gateway.gateway import Gateway, gateway_of
from lamplighter_gateway.live.event_stream import EventStream
from lamplighter_gateway.live.listening import Ending, Listening
from lamplighter_gateway.live.marks import Mark, read_mark
from lamplighter_gateway.live.wanted import reaches, read_wanted
from lamplighter_gateway.web.parameters import Parameters
from lamplighter_gateway.web.problems import invalid, not_found

LAST_EVENT_ID = "last-event-id"


@get("/api/v1/events")
async def stream_events(request: Request[Any, Any, Any]) -> EventStream:
    """Server-sent events of everything that the caller reaches: of jobs, deliveries, executions and the catalog.
    `?job_id=&agent_id=&kind=&type=&project=&status=&since=&follow=`. Goes on after a Last-Event-ID exactly; begins now,
    or at `since`; with `follow=false` it ends with what there is."""
    return await _stream(request)


@get("/api/v1/jobs/{job_id:str}/events")
async def stream_job_events(request: Request[Any, Any, Any], job_id: str) -> EventStream:
    """As `GET /api/v1/events`, of one job: `end` comes when it is deleted."""
    gateway = gateway_of(request)
    job = await _reached(request, gateway, job_id)
    return await _stream(request, job_id, is_deleted=job is None or job.deleted_at is not None)


async def _stream(
    request: Request[Any, Any, Any], job_id: str = "", *, is_deleted: bool = False
) -> EventStream:
    gateway, query = gateway_of(request), Parameters(request.query_params)
    wanted = read_wanted(query, caller_of(request), job_id)
    since, is_past = query.instant("since"), query.flag("follow") is False
    query.check()
    mark = _given(request)
    if mark is None and since is not None:
        mark = await gateway.feed.mark_at(since)
    ending = Ending(job_id, "deleted" if is_deleted else "present" if is_past else "")
    listening = Listening(gateway.feed, wanted, mark, ending)
    await listening.begin()
    return EventStream(
        listening.frames(), gateway.leaving, lambda: is_good_still(request), farewell=listening.farewell
    )


def _given(request: Request[Any, Any, Any]) -> Mark | None:
    text = request.headers.get(LAST_EVENT_ID)
    if not text:
        return None
    mark = read_mark(text)
    if mark is None:
        problem = "must be the id of an event of this stream, such as '412-1207-33-1767225600000'"
        raise invalid([FieldError(field="Last-Event-ID", problem=problem)])
    return mark


async def _reached(request: Request[Any, Any, Any], gateway: Gateway, job_id: str) -> Job | None:
    """None for one of which only the name is left. Raises a `Problem` for a job that never was, or is out of reach."""
    key, project_of = key_of(Job, job_id), gateway.feed.telling.placing.project_of

    def look() -> Job | None:
        job = gateway.catalog.find(Job, job_id)
        if gateway.catalog.revision(key) == 0 or not reaches(caller_of(request), project_of(job_id)):
            raise not_found("job", job_id)
        return job

    found: Job | None = await gateway.current(key, look)
    return found


HANDLERS = [stream_events, stream_job_events]
