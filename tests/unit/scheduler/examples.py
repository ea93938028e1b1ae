"""Jobs, triggers and gates to decide about."""

from datetime import UTC, datetime
from typing import Any

from lamplighter_contracts.events import JobTriggered, TriggerKind
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import AgentExecutor, Job, ScheduleTrigger
from lamplighter_scheduler.decisions import Situation

MADE = datetime(2026, 3, 1, tzinfo=UTC)
JOB_ID = "daily-report-7f3a"


def at(text: str) -> datetime:
    """`09:30` or `09:30:15` on the second of March 2026, `4T09:30` on the fourth."""
    day, _, clock = text.rpartition("T")
    return datetime.fromisoformat(f"2026-03-{int(day or 2):02}T{clock}+00:00")


def job(*schedules: str, **changes: Any) -> Job:
    fields = {
        "job_id": JOB_ID,
        "name": "Daily report",
        "prompt": "Write it.",
        "executor": AgentExecutor(agent_id="writer"),
        "triggers": tuple(ScheduleTrigger(schedule=schedule) for schedule in schedules),
        "created_at": MADE,
        "updated_at": MADE,
        "scheduled_from": MADE,
        "revision": 7,
    }
    return Job.model_validate(fields | changes)


def trigger(key: str, when: str = "09:00", *, kind: TriggerKind = TriggerKind.MANUAL) -> JobTriggered:
    return JobTriggered.model_validate(
        {
            "job_id": JOB_ID,
            "execution_id": f"execution-of-{key}",
            "kind": kind,
            "key": key,
            "accepted_at": at(when),
        }
    )


def situation(
    of: Job | None, *, cursor: str | None = None, running: str = "", decided: str = ""
) -> Situation:
    """`running` and `decided` name executions and keys, with spaces between them."""
    gate = Gate(
        job_id=JOB_ID,
        cursor=at(cursor) if cursor else None,
        running={execution: at("08:00") for execution in running.split()},
    )
    return Situation(JOB_ID, of, gate, gate_sequence=3, decided=frozenset(decided.split()))
