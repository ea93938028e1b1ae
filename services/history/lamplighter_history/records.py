"""From documents to the records that answers are made of. Pure.

Events come in any order, so a document may lack what a later event will say: each record is whole without it.
"""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from pydantic_core import from_json

from lamplighter_contracts.events import Firing
from lamplighter_contracts.ids import fired_at
from lamplighter_contracts.queries import (
    Attempt,
    ExecutionRecord,
    JobSummary,
    OccurrenceRecord,
    RecordedBatch,
    RecordedLine,
    StepRecord,
)
from lamplighter_history.folds.executions import QUEUED, STEPS_KEPT

Found = Mapping[str, Any]

_JOB_FACTS = ("job_name", "job_revision", "prompt", "executor_kind", "executor_id", "environment")
_STATE_FACTS = ("finished_at", "reason", "detail", "exit_code", "result", "log_lines", "log_sequence")


def execution_record(found: Found) -> ExecutionRecord:
    state = found.get("state", QUEUED)
    attempts = _attempts(found.get("attempts", {}))
    return ExecutionRecord(
        execution_id=found["_id"],
        job_id=found.get("job_id", ""),
        firing=_firing(found["firing"]) if "firing" in found else None,
        status=state["status"],
        created_at=found.get("created_at") or fired_at(found["_id"]),
        started_at=min((attempt.started_at for attempt in attempts), default=None),
        attempts=attempts,
        status_sequence=state["seq"],
        cancel_requested_by=found.get("cancel", {}).get("by", ""),
        steps=_steps(found.get("steps", {})),
        steps_omitted=sum(last["seq"] - STEPS_KEPT for last in found.get("steps_beyond", {}).values()),
        **{name: found[name] for name in _JOB_FACTS if name in found},
        **{name: state[name] for name in _STATE_FACTS if name in state},
    )


def occurrence_record(found: Found) -> OccurrenceRecord:
    return OccurrenceRecord(
        job_id=found["job_id"],
        key=found["firing"]["key"],
        firing=_firing(found["firing"]),
        decided_at=found["decided_at"],
        outcome=found["outcome"],
        execution_id=found["_id"],
        reason=found.get("reason"),
        detail=found.get("detail", ""),
        count=found["count"],
    )


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


def _firing(found: Found) -> Firing:
    payload = from_json(found["payload"]) if "payload" in found else None
    return Firing.model_validate({**found, "payload": payload})


def _attempts(found: Found) -> tuple[Attempt, ...]:
    numbered = sorted(((int(number), said) for number, said in found.items()), key=itemgetter(0))
    return tuple(Attempt(attempt=number, **said) for number, said in numbered)


def _steps(found: Found) -> tuple[StepRecord, ...]:
    steps = [_step(place, phases) for place, phases in found.items()]
    return tuple(sorted(steps, key=lambda step: (step.attempt, step.number)))


def _step(place: str, phases: Found) -> StepRecord:
    attempt, _, number = place.partition("-")
    started, finished = phases.get("started", {}), phases.get("finished", {})
    return StepRecord(
        attempt=int(attempt),
        number=int(number),
        name=finished.get("name") or started.get("name", ""),
        started_at=started.get("at"),
        finished_at=finished.get("at"),
        detail=finished.get("detail") or started.get("detail", ""),
    )
