"""From documents to the records that answers are made of. Pure.

Events come in any order, so a document may lack what a later event will say: each record is whole without it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from statistics import median
from typing import Any

from pydantic_core import from_json

from lamplighter_contracts.events import Firing, TriggerKind
from lamplighter_contracts.executions import ExecutionStatus
from lamplighter_contracts.ids import fired_at
from lamplighter_contracts.queries import (
    BackfillRecord,
    ExecutionRecord,
    JobSummary,
    OccurrenceRecord,
    RecordedBatch,
    RecordedLine,
)
from lamplighter_history import particulars
from lamplighter_history.folds.bounds import DECISIONS_KEPT, STEPS_KEPT
from lamplighter_history.folds.executions import QUEUED
from lamplighter_history.particulars import Found

_JOB_FACTS = ("job_name", "job_revision", "prompt", "executor_kind", "executor_id")
_STATE_FACTS = (
    *("finished_at", "not_before", "reason", "detail", "exit_code", "result", "log_lines", "log_sequence"),
)
_RULING_FACTS = ("decided_at", "outcome", "reason", "detail", "into", "count", "first_at")
_BACKFILL_FACTS = ("job_id", "after_at", "until_at", "max_parallel", "requested_at", "requested_by")


def execution_record(found: Found) -> ExecutionRecord:
    state = found.get("state", QUEUED)
    attempts = particulars.attempts(found)
    return ExecutionRecord(
        execution_id=found["_id"],
        job_id=found.get("job_id", ""),
        # Before its due event is there nobody knows: so nobody sees it who does not see all projects.
        project=found.get("project", ""),
        firing=_firing(found["firing"]) if "firing" in found else None,
        status=state["status"],
        created_at=_created_at(found),
        started_at=min((attempt.started_at for attempt in attempts), default=None),
        attempts=attempts,
        status_sequence=max(state["seq"], 0),
        cancel_requested_by=found.get("cancel", {}).get("by", ""),
        **_run(found),
        **_who(found),
        **{name: found[name] for name in _JOB_FACTS if name in found},
        **_waits(found) | {name: state[name] for name in _STATE_FACTS if name in state},
    )


def _run(found: Found) -> dict[str, Any]:
    """What happened in it, and what was decided about it."""
    decisions = particulars.decisions(found.get("decisions", {}))
    more = particulars.omitted(found.get("decisions_beyond", {}), DECISIONS_KEPT)
    return {
        "steps": particulars.steps(found.get("steps", {})),
        "steps_omitted": particulars.omitted(found.get("steps_beyond", {}), STEPS_KEPT),
        "decisions": decisions[:DECISIONS_KEPT],
        "decisions_omitted": more + len(decisions[DECISIONS_KEPT:]),
        "approvals": particulars.approvals(found),
        "effects": particulars.effects(found),
        "effects_omitted": found.get("effects", {}).get("omitted", 0),
        "choice": particulars.choice(found),
        "usage": particulars.usage(found),
    }


def _who(found: Found) -> dict[str, str]:
    """Who did it, and where; before anybody began, whom the job names, and where it would run."""
    by = found.get("by", {})
    named = {found.get("executor_kind", ""): found.get("executor_id", "")}
    there = found.get("forwarded", {}).get("environment") or found.get("environment", "")
    return {
        "agent_id": by.get("agent_id") or named.get("agent", ""),
        "team_id": by.get("team_id") or named.get("team", ""),
        "environment": by.get("environment") or there,
        "policy_hash": by.get("policy_hash", ""),
    }


def occurrence_record(found: Found) -> OccurrenceRecord:
    ruling = found["ruling"]
    return OccurrenceRecord(
        job_id=found["job_id"],
        project=found.get("project", ""),
        key=ruling["firing"]["key"],
        firing=_firing(ruling["firing"]),
        execution_id=found["_id"],
        **{name: ruling[name] for name in _RULING_FACTS if name in ruling},
    )


def nearest(found: Sequence[Found]) -> OccurrenceRecord | None:
    """Of records that begin with the nearest: the schedule's own at the nearest's instant, or else the nearest."""
    records = [occurrence_record(one) for one in found]
    side_by_side = [r for r in records if r.firing.nominal_at == records[0].firing.nominal_at]
    of_schedule = (r for r in side_by_side if r.firing.kind is TriggerKind.SCHEDULE)
    return next(of_schedule, side_by_side[0] if side_by_side else None)


def backfill_record(found: Found, executions: Mapping[ExecutionStatus, int]) -> BackfillRecord:
    state = found["state"]
    return BackfillRecord(
        backfill_id=found["_id"],
        project=found.get("project", ""),
        phase=state["phase"],
        # What was told at its beginning is behind what has fired since.
        fired=max(state["fired"], sum(executions.values())),
        ended_at=state.get("ended_at"),
        executions=dict(executions),
        **{name: found[name] for name in _BACKFILL_FACTS},
    )


def counts(found: Iterable[Found]) -> dict[str, dict[ExecutionStatus, int]]:
    """By backfill."""
    counted: dict[str, dict[ExecutionStatus, int]] = defaultdict(dict)
    for one in found:
        of = one["_id"]
        counted[of["backfill_id"]][ExecutionStatus(of["status"])] = one["count"]
    return counted


def typical_seconds(found: Iterable[Found]) -> dict[str, float]:
    """By job: the median. Clocks of two workers may disagree by more than an execution takes."""
    return {one["_id"]: max(0.0, median(one["milliseconds"]) / 1_000) for one in found if one["milliseconds"]}


def recorded_batch(found: Found, from_line: int) -> RecordedBatch:
    attempt = found["attempt"]
    lines = (RecordedLine(attempt=attempt, **line) for line in found["lines"] if line["number"] >= from_line)
    return RecordedBatch(sequence=found["sequence"], lines=tuple(lines))


def job_summary(found: Found) -> JobSummary:
    execution_id = found["execution_id"]
    return JobSummary(
        job_id=found["_id"],
        execution_id=execution_id,
        status=found.get("status") or QUEUED["status"],
        last_run_at=found.get("created_at") or fired_at(execution_id),
    )


def _created_at(found: Found) -> datetime:
    """When it was decided that it waits, or else that it is due."""
    since: datetime | None = found.get("queued", {}).get("at") or found.get("created_at")
    return since or fired_at(found["_id"])


def _waits(found: Found) -> dict[str, str]:
    """What it waits for, as long as it does: a due event says when it was created."""
    return {"detail": found["queued"]["detail"]} if "queued" in found and "created_at" not in found else {}


def _firing(found: Found) -> Firing:
    payload = from_json(found["payload"]) if "payload" in found else None
    return Firing.model_validate({**found, "payload": payload})
