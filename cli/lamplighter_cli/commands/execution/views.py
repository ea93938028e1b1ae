"""How executions read: the columns of lists, the sheet of one."""

from lamplighter_cli.commands.views import who
from lamplighter_cli.output import Column, Record, Sheet
from lamplighter_cli.times import Clock, duration

_ID = Column("EXECUTION ID", lambda run, _: run.get("id"))
_STATUS = Column("STATUS", lambda run, _: run.get("status"), status=True)
_CREATED = Column("CREATED", lambda run, clock: clock.local(run.get("created_at")))
_COMPLETED = Column("COMPLETED", lambda run, clock: clock.local(run.get("completed_at")))

OF_A_JOB = (_ID, _STATUS, _CREATED, _COMPLETED)

OF_ALL_JOBS = (
    _ID,
    Column("JOB", lambda run, _: run.get("job_id"), flexible=True),
    Column("ENTITY", lambda run, _: who(run), flexible=True),
    _STATUS,
    _CREATED,
    _COMPLETED,
)


def sheet(run: Record, clock: Clock) -> Sheet:
    yield "Execution", run.get("id")
    yield "Job", _job(run)
    yield "Status", run.get("status")
    yield "Reason", run.get("detail") or run.get("reason")
    yield "Exit code", run.get("exit_code")
    yield "Cancelled by", run.get("cancel_requested_by")
    yield "Trigger", _trigger(run.get("trigger"), clock)
    yield "Backfill", _backfill(run.get("trigger"))
    yield "Executor", who(run)
    yield "Created", clock.local(run.get("created_at"))
    yield "Started", clock.local(run.get("started_at"))
    yield "Completed", clock.local(run.get("completed_at"))
    yield "Took", duration(run.get("started_at"), run.get("completed_at"))
    yield "Attempts", _attempts(run.get("attempts"))
    yield "Log lines", run.get("log_lines")
    yield "Prompt", run.get("prompt")
    yield "Result", run.get("result")


def _job(run: Record) -> str:
    name, revision = run.get("job_name"), run.get("job_revision")
    notes = [str(name)] if name else []
    notes += [f"revision {revision}"] if revision else []
    return f"{run.get('job_id')} ({', '.join(notes)})" if notes else str(run.get("job_id"))


def _trigger(trigger: object, clock: Clock) -> str | None:
    if not isinstance(trigger, dict):
        return None
    parts = [trigger.get("kind"), clock.local(trigger.get("nominal_at"))]
    if trigger.get("effective_at"):
        parts.append(f"in effect {clock.local(trigger['effective_at'])}")
    if trigger.get("caught_up"):
        parts.append("caught up with")
    author = trigger.get("triggered_by")
    return " ".join(str(part) for part in [*parts, f"by {author}" if author else None] if part)


def _backfill(trigger: object) -> object:
    return trigger.get("backfill_id") or None if isinstance(trigger, dict) else None


def _attempts(attempts: object) -> object:
    return len(attempts) if isinstance(attempts, list) else attempts
