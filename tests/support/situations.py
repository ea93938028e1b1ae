"""Jobs, triggers and gates to decide about, and decisions in a few words."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from lamplighter_contracts.events import JobTriggered, TriggerKind
from lamplighter_contracts.gates import Gate, Running, Waiting
from lamplighter_contracts.jobs import AgentExecutor, Job, ScheduleTrigger
from lamplighter_planning.rulings import Asked, Decision, Due, Ended, Queued, Ruling, Situation

MADE = datetime(2026, 3, 1, tzinfo=UTC)
JOB_ID = "daily-report-7f3a"
TICK = Asked(JOB_ID, ticked=True)


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


def paused(since: str = "08:00", until: str | None = None, resumed: str | None = None) -> dict[str, Any]:
    """The fields of a job that is or was paused."""
    ends = {"until": at(until) if until else None, "resumed_at": at(resumed) if resumed else None}
    return {"enabled": resumed is not None, "pause": {"paused_at": at(since), **ends}}


def trigger(
    key: str, when: str = "09:00", *, kind: TriggerKind = TriggerKind.MANUAL, payload: Any = None
) -> JobTriggered:
    return JobTriggered.model_validate(
        {
            "job_id": JOB_ID,
            "execution_id": f"execution-of-{key}",
            "kind": kind,
            "key": key,
            "accepted_at": at(when),
            "payload": payload,
        }
    )


def manual(*keys: str) -> Asked:
    return Asked(JOB_ID, triggers=tuple(trigger(key) for key in keys))


def webhook(*keys: str, payload: Any = None) -> Asked:
    of = TriggerKind.WEBHOOK
    return Asked(JOB_ID, triggers=tuple(trigger(key, kind=of, payload=payload) for key in keys))


def ended(*executions: str) -> Asked:
    return Asked(JOB_ID, ended=tuple(map(Ended, executions)))


def waits(key: str, *, lane: str = "", kind: TriggerKind = TriggerKind.MANUAL, time: str = "") -> Waiting:
    """`time` makes it one that is caught up with."""
    return Waiting(
        execution_id=f"execution-of-{key}",
        kind=TriggerKind.SCHEDULE if time else kind,
        key=key,
        nominal_at=at("08:00"),
        since=at("08:00"),
        not_before=at(time) if time else None,
        lane=lane,
        caught_up=bool(time),
    )


def scheduled(key: str) -> Waiting:
    """Of the schedule: nothing has to be read back for it."""
    return waits(key, kind=TriggerKind.SCHEDULE)


def runs(names: str) -> dict[str, Running]:
    """`a b@red c@!` are three that run since eight, `b` in the lane `red`; `c` was asked to stop."""
    return dict(_runs(name) for name in names.split())


def _runs(name: str) -> tuple[str, Running]:
    execution, _, lane = name.partition("@")
    return execution, Running(
        since=at("08:00"), lane=lane.removesuffix("!"), stopping="so" if lane.endswith("!") else ""
    )


def situation(
    of: Job | None,
    *,
    cursor: str | None = None,
    running: str = "",
    waiting: Iterable[Waiting] = (),
    decided: str = "",
    **gate: Any,
) -> Situation:
    """`running` as `runs` reads it; `decided` names keys. What waits has its trigger read back."""
    queue = tuple(waiting)
    return Situation(
        JOB_ID,
        of,
        Gate(
            job_id=JOB_ID, cursor=at(cursor) if cursor else None, running=runs(running), waiting=queue, **gate
        ),
        gate_sequence=3,
        decided=frozenset(decided.split()),
        parked={w.key: trigger(w.key, "08:00", kind=w.kind) for w in queue if not _is_scheduled(w)},
    )


def _is_scheduled(waiting: Waiting) -> bool:
    return waiting.kind is TriggerKind.SCHEDULE


def outcome(ruling: Ruling) -> str:
    """`due`, `queued`, or the reason for neither."""
    if isinstance(ruling, Due):
        return "due"
    return "queued" if isinstance(ruling, Queued) else ruling.reason.value


def outcomes(decision: Decision) -> list[str]:
    """`due 2026-03-02T09:00:00Z`, ..."""
    return [f"{outcome(ruling)} {ruling.occurrence.firing.key}" for ruling in decision.rulings]
