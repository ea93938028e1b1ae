"""When a job does not run by its triggers: paused, paused otherwise, resumed."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import StringConstraints, ValidationError

from lamplighter_contracts.fields import Instant, Model, rfc3339
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.problems import FieldError, InvalidInput, from_validation
from lamplighter_contracts.timing import Pause
from lamplighter_gateway.web.instants import STRANGE, is_strange
from lamplighter_planning.timetable import Timetable


class PauseRequest(Model):
    """What is not said of a pause that lasts stays as it is."""

    until: Instant | None = None
    note: Annotated[str, StringConstraints(max_length=1_000)] | None = None


def read_pause(body: Mapping[str, Any], now: datetime) -> PauseRequest:
    """Raises `InvalidInput` with everything that is wrong."""
    known = ", ".join(PauseRequest.model_fields)
    strange = body.keys() - PauseRequest.model_fields.keys()
    errors = [FieldError(field=name, problem=f"is not known; known are {known}") for name in sorted(strange)]
    try:
        request = PauseRequest.model_validate(body)
    except ValidationError as invalid:
        raise InvalidInput([*errors, *from_validation(invalid)]) from invalid
    if is_strange(request.until):
        errors.append(FieldError(field="until", problem=STRANGE))
    elif request.until is not None and request.until <= now:
        tomorrow = rfc3339((now + timedelta(days=1)).replace(microsecond=0))
        problem = f"is past: write a time to come, such as '{tomorrow}', or leave it out"
        errors.append(FieldError(field="until", problem=problem))
    if errors:
        raise InvalidInput(errors)
    return request


def paused(job: Job, request: PauseRequest, times: Timetable | None, now: datetime, by: str) -> Job:
    """A pause that lasts goes on, under the new terms; it is the same job where they are those that it has."""
    if job.pause is not None and job.paused_at(now):
        asked = {name: getattr(request, name) for name in request.model_fields_set}
        terms = {name: value or "" if name == "note" else value for name, value in asked.items()}
        changed = job.pause.model_copy(update=terms)
        return job if changed == job.pause else job.model_copy(update={"pause": changed})
    began = _began(job.pause, times, now)
    pause = Pause(paused_at=began, until=request.until, note=request.note or "", paused_by=by)
    return job.model_copy(update={"enabled": False, "pause": pause})


def resumed(job: Job, now: datetime) -> Job:
    """The pause is kept: the scheduler records what it passed over with the next occurrence."""
    if job.pause is None or not job.paused_at(now):
        return job
    return job.model_copy(update={"enabled": True, "pause": job.pause.model_copy(update={"resumed_at": now})})


def _began(before: Pause | None, times: Timetable | None, now: datetime) -> datetime:
    """Now; or when the pause before began, where nothing came due since its end that would have recorded what it
    passed over: those occurrences would be taken for missed ones."""
    if before is None or before.ends_at is None or times is None:
        return now
    passed_over = times.next_from(before.paused_at)
    since = times.next_from(before.ends_at)
    if passed_over is None or passed_over >= before.ends_at:
        return now
    return before.paused_at if since is None or times.effective(since) > now else now
