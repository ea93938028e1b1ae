"""How executions read: the columns of lists, the sheet of one."""

from collections.abc import Iterator
from typing import Any

from lamplighter_cli.commands.approval import commands
from lamplighter_cli.commands.execution.steps import tree, usage
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
    yield "Executor", _executor(run)
    yield "Chosen", _choice(run.get("choice"))
    yield "Passed over", _passed_over(run.get("choice"))
    yield "Environment", run.get("environment")
    yield "Policies", _decisions(run)
    yield "Approvals", _approvals(run.get("approvals"), clock)
    yield "Created", clock.local(run.get("created_at"))
    yield "Started", clock.local(run.get("started_at"))
    yield "Completed", clock.local(run.get("completed_at"))
    yield "Took", duration(run.get("started_at"), run.get("completed_at"))
    yield "Tried again", clock.local(run.get("not_before"))
    yield "Attempts", _attempts(run.get("attempts"), clock)
    yield "Steps", tree(run) or None
    yield "Effects", _effects(run)
    yield "Used", usage(run.get("usage"))
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


def _executor(run: Record) -> str | None:
    """Who did it, and whether the job left that open."""
    known = who(run)
    return f"{known} (smart)" if known and run.get("smart") and run.get("agent_id") else known


def _choice(choice: Any) -> str | None:
    if not isinstance(choice, dict):
        return None
    return f"{choice.get('chosen') or 'nobody'}, by {choice.get('how')}: {choice.get('reason')}"


def _passed_over(choice: Any) -> list[str] | None:
    if not isinstance(choice, dict):
        return None
    others = [one for one in choice.get("candidates") or () if one.get("agent_id") != choice.get("chosen")]
    return [_passed(one) for one in others] or None


def _passed(candidate: Any) -> str:
    """`sleeper: inactive (it is not active)`, or its score."""
    if not candidate.get("removed_by"):
        return f"{candidate.get('agent_id')}: score {float(candidate.get('score') or 0):.2f}"
    detail = f" ({candidate['detail']})" if candidate.get("detail") else ""
    return f"{candidate.get('agent_id')}: {candidate['removed_by']}{detail}"


def _decisions(run: Record) -> list[str] | None:
    """What policies had a say in; of all the rest how often they let it pass."""
    decisions = run.get("decisions") or ()
    told = [line for decision in decisions if (line := _decision(decision))]
    silent = len(decisions) - len(told) + int(run.get("decisions_omitted") or 0)
    return [*told, *([f"{silent} more, not told here"] if silent else [])] or None


def _decision(decision: Any) -> str | None:
    """`deny shell: no shell at night (night)`."""
    verdict = decision.get("verdict") or {}
    applied = verdict.get("applied") or ()
    if not applied:
        return None
    said = "; ".join(dict.fromkeys(_rule(one) for one in applied))
    what = decision.get("tool") or decision.get("action")
    return f"{verdict.get('effect', 'allow')} {what}: {said}"


def _rule(applied: Any) -> str:
    words = applied.get("message") or f"rule {applied.get('rule')!r}"
    trial = ", dry run" if applied.get("dry_run") else ""
    return f"{words} ({applied.get('policy_id')}{trial})"


def _approvals(approvals: Any, clock: Clock) -> list[str] | None:
    return [line for one in approvals or () for line in _approval(one, clock)] or None


def _approval(one: Any, clock: Clock) -> Iterator[str]:
    """What waits says until when, and how to answer it."""
    until = f" until {clock.local(one.get('deadline_at'))}" if one.get("state") == "pending" else ""
    author = f" by {one['answered_by']}" if one.get("answered_by") else ""
    note = f", {one['note']!r}" if one.get("note") else ""
    yield f"{one.get('state')}{until}{author}{note}: {one.get('summary')}"
    if answer := commands(one):
        yield f"  {answer}"


def _effects(run: Record) -> list[str] | None:
    effects = [_effect(one) for one in run.get("effects") or ()]
    omitted = run.get("effects_omitted")
    return [*effects, *([f"... and {omitted} more"] if omitted else [])] or None


def _effect(one: Any) -> str:
    detail = f" {one['detail']}" if one.get("detail") else ""
    return f"{one.get('name')}{detail}" + ("" if one.get("done", True) else " (begun, perhaps not done)")


def _attempts(attempts: Any, clock: Clock) -> object:
    """A number; lines where there were several, or where one says why it ended."""
    if not isinstance(attempts, list):
        return attempts
    if len(attempts) < 2 and not any(one.get("reason") for one in attempts):
        return len(attempts)
    return [_attempt(one, clock) for one in attempts]


def _attempt(one: Any, clock: Clock) -> str:
    because = one.get("detail") or one.get("reason")
    ended = f", ended {clock.local(one['failed_at'])}" if one.get("failed_at") else ""
    began = f"{one.get('attempt')}: {clock.local(one.get('started_at')) or '-'} on {one.get('worker') or '-'}"
    return f"{began}{ended}" + (f": {because}" if because else "")
