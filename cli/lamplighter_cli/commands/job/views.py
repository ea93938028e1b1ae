"""How jobs and what became of them read: the columns of lists, the sheet of one job."""

from collections.abc import Sequence

from lamplighter_cli import spans
from lamplighter_cli.commands.job import doing_views, timing_views, webhooks
from lamplighter_cli.commands.views import who
from lamplighter_cli.output import Column, Record, Sheet
from lamplighter_cli.times import Clock

NEVER = "never"


def when(job: Record) -> str:
    """What starts a job, in short."""
    schedules = job.get("schedules") or ([job["schedule"]] if job.get("schedule") else [])
    webhook = [f"webhook {job['webhook_path']}"] if job.get("webhook_path") else []
    return ", ".join([*map(str, schedules), *webhook]) or "manual"


JOBS = (
    Column("ID", lambda job, _: job.get("id")),
    Column("NAME", lambda job, _: job.get("name"), flexible=True),
    Column("ENTITY", lambda job, _: who(job), flexible=True),
    Column("SCHEDULE", lambda job, _: when(job), flexible=True),
    Column("ENABLED", lambda job, _: job.get("enabled")),
    Column("NEXT RUN", lambda job, clock: clock.local(job.get("next_run_at"))),
    Column("LAST RUN", lambda job, clock: clock.local(job.get("last_run_at"))),
)
PAUSED = Column("PAUSED", lambda job, clock: timing_views.pause(job, clock), flexible=True)

OCCURRENCES = (
    Column("DUE", lambda one, clock: clock.local(_trigger(one).get("nominal_at"))),
    Column("TRIGGER", lambda one, _: _trigger(one).get("kind")),
    Column("OUTCOME", lambda one, _: one.get("outcome"), status=True),
    Column("REASON", lambda one, clock: _reason(one, clock), flexible=True),
    Column("EXECUTION ID", lambda one, _: one.get("execution_id") if one.get("outcome") == "fired" else None),
)


def _trigger(occurrence: Record) -> Record:
    trigger = occurrence.get("trigger")
    return trigger if isinstance(trigger, dict) else {}


def _reason(occurrence: Record, clock: Clock) -> str | None:
    count = occurrence.get("count") or 1
    first = clock.local(occurrence.get("first_at"))
    since = f" since {first}" if first else ""
    times = f"{count} times{since}" if count > 1 else None
    reason = None if occurrence.get("reason") == occurrence.get("outcome") else occurrence.get("reason")
    parts = [str(reason or "").replace("_", " "), clock.retold(occurrence.get("detail") or ""), times]
    return ": ".join(part for part in parts if part) or None


def columns(jobs: Sequence[Record], clock: Clock) -> tuple[Column, ...]:
    """Pauses have a column where there is more to say of one than that the job is not enabled."""
    return (*JOBS, PAUSED) if any(timing_views.is_annotated(job, clock) for job in jobs) else JOBS


def sheet(job: Record, clock: Clock) -> Sheet:
    scheduled = bool(job.get("schedule") or job.get("schedules"))
    zone = job.get("timezone")
    yield "ID", job.get("id")
    yield "Name", job.get("name")
    yield "Project", job.get("project")
    yield "Description", job.get("description")
    yield "Enabled", job.get("enabled")
    yield "Paused", timing_views.pause_line(job, clock)
    yield "Executor", _executor(job)
    yield "Chosen", doing_views.wishes(job)
    yield "Starts", when(job)
    yield "In words", job.get("schedule_words")
    yield "Time zone", zone if scheduled else None
    upcoming = job.get("next_runs") or [job.get("next_run_at")]
    yield "Next runs", [clock.in_zone(at, zone) for at in upcoming if at]
    yield from timing_views.sheet(job, clock)
    yield "Last run", _last_run(job, clock)
    yield from webhooks.sheet(job, clock)
    yield "Environment", doing_views.environment(job)
    yield "Timeout", spans.words(job.get("timeout_seconds"))
    yield from doing_views.sheet(job)
    yield "Variables", [f"{name}={value}" for name, value in (job.get("variables") or {}).items()]
    yield "Prompt", job.get("prompt")
    yield "Created", _created(job, clock)
    yield "Updated", clock.local(job.get("updated_at"))
    yield "Revision", job.get("revision")
    yield "Warnings", list(job.get("warnings") or ())


def _executor(job: Record) -> str | None:
    name = job.get("entity_name")
    executor = who(job)
    return f"{executor} ({name})" if executor and name and not executor.endswith(f"/{name}") else executor


def _last_run(job: Record, clock: Clock) -> str:
    at, status = clock.local(job.get("last_run_at")), job.get("last_run_status")
    return f"{at}, {status}" if at and status else at or NEVER


def _created(job: Record, clock: Clock) -> str | None:
    at, author = clock.local(job.get("created_at")), job.get("created_by")
    return f"{at} by {author}" if at and author else at
