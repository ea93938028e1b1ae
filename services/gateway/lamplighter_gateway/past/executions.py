"""One execution, found wherever it is known: in history, on the bus, or as the start that was accepted."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from lamplighter_contracts.events import JobTriggered, TriggerDecided, TriggerKind
from lamplighter_contracts.executions import (
    Approval,
    ExecutionAnswered,
    ExecutionCancelling,
    ExecutionFinished,
    ExecutionRetrying,
    ExecutionStarted,
    ExecutionStatus,
    ExecutionTransition,
    ExecutionWaiting,
)
from lamplighter_contracts.ids import fired_at, is_execution_id
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.queries import ApprovalRecord, Attempt, ExecutionRecord, ListApprovals
from lamplighter_gateway.answers import queued_record
from lamplighter_gateway.catalog.contents import Catalog
from lamplighter_gateway.past.history import History
from lamplighter_gateway.past.sightings import LastStatus, Sightings
from lamplighter_gateway.web.problems import Problem, not_found

_WHO = ("agent_id", "team_id", "environment", "policy_hash")
_LOG = ("log_lines", "log_sequence")
_AGAIN = ("reason", "detail", "not_before", *_LOG)
_ENDED = ("finished_at", "reason", "detail", "exit_code", "result", *_LOG)


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of an execution: at least one of the first three. `waits_for` is why a start waits, if it does."""

    execution_id: str
    record: ExecutionRecord | None = None
    last: LastStatus | None = None
    trigger: JobTriggered | None = None
    waits_for: str = ""

    @property
    def job_id(self) -> str:
        known = self.record or (self.last.event if self.last else self.trigger)
        assert known is not None
        return known.job_id

    @property
    def key(self) -> str | None:
        """The key of the start that it comes of, where it comes of one: the scheduler tells what becomes of it."""
        firing = self.record.firing if self.record else None
        if self.trigger is not None:
            return self.trigger.key
        return firing.key if firing and firing.kind in (TriggerKind.MANUAL, TriggerKind.WEBHOOK) else None


class Executions:
    def __init__(self, history: History, sightings: Sightings, catalog: Catalog) -> None:
        self._history = history
        self._sightings = sightings
        self._catalog = catalog

    def seen_in(self, history: History, catalog: Catalog) -> "Executions":
        """For somebody who sees no more than these: what is out of reach is not there."""
        return Executions(history, self._sightings, catalog)

    async def record(self, execution_id: str) -> ExecutionRecord:
        """As history has it. Of one that has not come to history yet, what the bus knows.

        Raises `Problem`: not-found, unavailable (history).
        """
        _check_id(execution_id)
        record = await self._history.execution(execution_id)
        if record is not None:
            return record
        found = await self._on_the_bus(execution_id)
        if found is None:
            raise not_found("execution", execution_id)
        return record_of(found, self._catalog)

    async def find(self, execution_id: str) -> Found:
        """Enough to follow or to cancel it; history may be away. Raises `Problem`, `BusUnavailable`."""
        _check_id(execution_id)
        last = await self._sightings.last_status(execution_id)
        is_seen = last is not None and self._sees(last.event.job_id)
        if is_seen and last is not None and last.final is not None:
            return Found(execution_id, last=last)
        record, silence = await self._ask_history(execution_id)
        if record is not None or is_seen:
            return Found(execution_id, record, last)
        found = await self._on_the_bus(execution_id)
        if found is None:
            raise silence or not_found("execution", execution_id)
        return found

    async def approval(self, approval_id: str) -> ApprovalRecord:
        """As the bus has it, which hears of an answer first; or else history. Raises `Problem`, `BusUnavailable`."""
        execution_id = approval_id.rpartition("-")[0]
        if not is_execution_id(execution_id):
            raise not_found("approval", approval_id)
        last = await self._sightings.last_status(execution_id)
        one = _among(() if last is None else approvals_of(last.event), approval_id)
        if last is not None and one is not None and self._sees(last.event.job_id):
            job = self._catalog.find(Job, last.event.job_id)
            return ApprovalRecord(
                execution_id=execution_id,
                job_id=last.event.job_id,
                project=project_of(job),
                job_name=job.name if job else "",
                approval=one,
            )
        page = await self._history.approvals(ListApprovals(execution_id=execution_id))
        found = [record for record in page.approvals if record.approval.approval_id == approval_id]
        if not found:
            raise not_found("approval", approval_id)
        return found[0]

    def _sees(self, job_id: str) -> bool:
        """Whether the job is in reach. Of one that was purged only history knows where it was."""
        return self._catalog.reaches(project_of(self._catalog.find(Job, job_id)))

    async def _ask_history(self, execution_id: str) -> tuple[ExecutionRecord | None, Problem | None]:
        try:
            return await self._history.execution(execution_id), None
        except Problem as silence:
            return None, silence

    async def _on_the_bus(self, execution_id: str) -> Found | None:
        """Raises `Problem` (not-found) for a start that the scheduler skipped: nothing will come of it."""
        last = await self._sightings.last_status(execution_id)
        trigger = await self._sightings.trigger(execution_id)
        known = last.event if last else trigger
        if known is None or not self._sees(known.job_id):
            return None
        waits_for = ""
        if last is None and trigger is not None:
            decision = await self._sightings.decision(trigger)
            if decision is not None and decision.outcome == "skipped":
                raise skipped(execution_id, decision)
            waits_for = decision.detail if decision is not None else ""
        return Found(execution_id, None, last, trigger, waits_for)


def project_of(job: Job | None) -> str:
    """Empty where nobody knows: that is in no project's reach."""
    return job.project if job else ""


def approvals_of(event: ExecutionTransition) -> tuple[Approval, ...]:
    return () if isinstance(event, ExecutionCancelling) else event.approvals


def _among(approvals: Iterable[Approval], approval_id: str) -> Approval | None:
    return next((one for one in approvals if one.approval_id == approval_id), None)


def skipped(execution_id: str, decision: TriggerDecided) -> Problem:
    if not decision.into:
        return Problem(
            "not-found", f"The start {execution_id} was skipped and became no execution: {decision.detail}"
        )
    link = f'</api/v1/executions/{decision.into}>; rel="related"'
    detail = f"The start {execution_id} became part of the execution {decision.into}: {decision.detail}"
    return Problem("not-found", detail, headers={"Link": link})


def record_of(found: Found, catalog: Catalog) -> ExecutionRecord:
    """A record from the bus alone."""
    job = catalog.find(Job, found.job_id)
    record = queued_record(found.trigger, job, found.waits_for) if found.trigger else _bare_record(found, job)
    if found.last is None:
        return record
    return record.model_copy(update=_changes(found.last))


def _bare_record(found: Found, job: Job | None) -> ExecutionRecord:
    return ExecutionRecord(
        execution_id=found.execution_id,
        job_id=found.job_id,
        project=project_of(job),
        job_name=job.name if job else "",
        status=ExecutionStatus.QUEUED,
        created_at=fired_at(found.execution_id),
    )


def _changes(last: LastStatus) -> dict[str, object]:
    event = last.event
    changes: dict[str, object] = {
        "status": event.status,
        "status_sequence": last.sequence,
        "usage": event.usage,
        "approvals": approvals_of(event),
    }
    match event:
        case ExecutionStarted():
            return {**changes, **_begun(event)}
        case ExecutionRetrying():
            return {**changes, **_kept(event, _AGAIN)}
        case ExecutionFinished():
            return {**changes, **_kept(event, _ENDED)}
        case ExecutionCancelling() | ExecutionWaiting() | ExecutionAnswered():
            return changes
        case _:
            assert_never(event)


def _begun(event: ExecutionStarted) -> dict[str, object]:
    attempt = Attempt(
        attempt=event.attempt,
        worker=event.worker,
        started_at=event.started_at,
        agent_id=event.agent_id,
        agent_revision=event.agent_revision,
    )
    return {"started_at": event.started_at, "attempts": (attempt,), **_kept(event, _WHO)}


def _kept(event: ExecutionTransition, names: Iterable[str]) -> dict[str, object]:
    return {name: getattr(event, name) for name in names}


def final_of(record: ExecutionRecord) -> LastStatus | None:
    """The final state that history has, as the event it came from."""
    if not record.status.is_final:
        return None
    event = ExecutionFinished.model_validate(
        {
            **record.model_dump(
                include={
                    *("execution_id", "job_id", "reason", "detail", "exit_code", "result"),
                    *("usage", "approvals"),
                }
            ),
            "outcome": record.status,
            "attempt": record.attempts[-1].attempt if record.attempts else 0,
            "finished_at": record.finished_at or record.created_at,
            "log_lines": record.log_lines,
            "log_sequence": record.log_sequence,
        }
    )
    return LastStatus(record.status_sequence, event)


def _check_id(execution_id: str) -> None:
    if not is_execution_id(execution_id):
        raise not_found("execution", execution_id)
