"""From an execution's document to its attempts, steps, decisions, approvals, effects and choice. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from operator import attrgetter
from typing import Any

from pydantic_core import from_json

from lamplighter_contracts.choices import Choice
from lamplighter_contracts.executions import Approval, ApprovalState, Effected, ExecutionStatus
from lamplighter_contracts.policies import Verdict
from lamplighter_contracts.queries import (
    ApprovalRecord,
    Attempt,
    ChoiceRecord,
    DecisionRecord,
    StepRecord,
)
from lamplighter_contracts.reasons import Failed
from lamplighter_contracts.usage import Usage
from lamplighter_history.folds.bounds import kept

Found = Mapping[str, Any]

_OF_ATTEMPT = ("agent_id", "agent_revision", "started_at")


def attempts(found: Found) -> tuple[Attempt, ...]:
    """In their order. Of one that was parked, its first start and the worker that had it last."""
    begun: Found = found.get("attempts", {})
    resumed: Found = found.get("resumptions", {})
    starts = [(name, begun.get(name) or resumed[name]) for name in sorted({*begun, *resumed}, key=int)]
    following = [start for _, start in starts[1:]]
    return tuple(
        Attempt(
            attempt=int(name),
            worker=resumed.get(name, start)["worker"],
            **{field: start[field] for field in _OF_ATTEMPT if field in start},
            **_ended(found, name, follower),
        )
        for (name, start), follower in zip_longest(starts, following)
    )


def _ended(found: Found, number: str, following: Found | None) -> dict[str, Any]:
    """Why another attempt followed: it failed; or it is the next one that knows, by the deaths before it."""
    failure = found.get("failures", {}).get(number)
    if failure is not None:
        return {name: failure[name] for name in ("failed_at", "reason", "detail")}
    if following is None or "deaths" not in following:
        return {}
    before = max(
        found.get(place, {}).get(number, {}).get("deaths", 0) for place in ("attempts", "resumptions")
    )
    if following["deaths"] > before:
        return {"reason": Failed.LOST.value, "detail": "Its worker went silent."}
    return {"reason": "handed_back", "detail": "Its worker left and gave it back."}


def steps(found: Found) -> tuple[StepRecord, ...]:
    records = [_step(place, phases) for place, phases in found.items()]
    return tuple(sorted(records, key=attrgetter("attempt", "number")))


def _step(place: str, phases: Found) -> StepRecord:
    """The end has the last word, on what it speaks of."""
    attempt, _, number = place.partition("-")
    started, finished = phases.get("started", {}), phases.get("finished", {})
    said = {**started, **{name: value for name, value in finished.items() if value}}
    return StepRecord(
        attempt=int(attempt),
        number=int(number),
        started_at=started.get("at"),
        finished_at=finished.get("at"),
        **{"name": ""} | {name: value for name, value in said.items() if name not in ("seq", "at")},
    )


def decisions(found: Found) -> tuple[DecisionRecord, ...]:
    records = [_decision(place, said) for place, said in found.items()]
    return tuple(sorted(records, key=attrgetter("attempt", "number")))


def _decision(place: str, said: Found) -> DecisionRecord:
    attempt, _, number = place.partition("-")
    fields = {name: value for name, value in said.items() if name not in ("seq", "verdict")}
    verdict = Verdict.model_validate_json(said["verdict"])
    return DecisionRecord(attempt=int(attempt), number=int(number), verdict=verdict, **fields)


def omitted(beyond: Found, most: int) -> int:
    """How many came of all attempts after those that are kept of each; `beyond` has the last number of each."""
    return sum(last["seq"] - kept(most, int(attempt)) for attempt, last in beyond.items())


def approvals(found: Found) -> tuple[Approval, ...]:
    return tuple(Approval.model_validate(one) for one in found.get("approvals", {}).get("all", ()))


def approval_records(found: Iterable[Found], states: Sequence[ApprovalState]) -> list[ApprovalRecord]:
    """Newest first; those in `states`, or all."""
    records = [
        ApprovalRecord(
            execution_id=one["_id"],
            job_id=one.get("job_id", ""),
            project=one.get("project", ""),
            job_name=one.get("job_name", ""),
            approval=approval,
        )
        for one in found
        for approval in approvals(one)
        if not states or approval.state in states
    ]
    return sorted(records, key=lambda record: record.approval.requested_at, reverse=True)


def effects(found: Found) -> tuple[Effected, ...]:
    return tuple(Effected.model_validate(one) for one in found.get("effects", {}).get("all", ()))


def usage(found: Found) -> Usage:
    return Usage.model_validate(found.get("usage", {}))


def choice(found: Found) -> Choice | None:
    """Without its candidates where they were not asked for."""
    if "choice" not in found:
        return None
    candidates = from_json(found["choice"].get("candidates", "[]"))
    return Choice.model_validate({**found["choice"]["said"], "candidates": candidates})


def choice_record(found: Found) -> ChoiceRecord:
    status = ExecutionStatus(found["state"]["status"])
    chosen = choice(found)
    assert chosen is not None
    return ChoiceRecord(
        execution_id=found["_id"],
        at=found["choice"]["at"],
        trigger=found.get("firing", {}).get("kind"),
        choice=chosen,
        outcome=status if status.is_final else None,
        prompt=found.get("prompt", ""),
        **{name: found[name] for name in ("job_id", "job_name", "environment") if name in found},
        project=found.get("project", ""),
    )
