"""One object of every noun in a project that the caller does not reach, and what each route is asked with."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import BaseModel

from lamplighter_contracts.choices import Choice
from lamplighter_contracts.deliveries import DeliveryOutcome, DeliveryReceived
from lamplighter_contracts.events import Delivery, Firing, Outcome, TriggerKind
from lamplighter_contracts.queries import (
    ApprovalPage,
    ApprovalRecord,
    AuditAnswer,
    AuditPage,
    AuditRecord,
    AuditVerdict,
    BackfillPage,
    BackfillRecord,
    ChoicePage,
    ChoiceRecord,
    DeliveryAnswer,
    DeliveryPage,
    DeliveryRecord,
    DurationsAnswer,
    ExecutionAnswer,
    ExecutionPage,
    ExecutionRecord,
    JobSummaries,
    LogPage,
    OccurrenceAnswer,
    OccurrencePage,
    OccurrenceRecord,
)
from tests.service.gateway.running import Running
from tests.support.happenings import approval, at, execution
from tests.support.waiting import heard

PROJECT = "payments"
EXECUTION = execution()
MARK = "foreign"
"""In every id, name and text of what is foreign, where one can be chosen."""

IDS = {
    "agent_id": "foreign-agent",
    "team_id": "foreign-team",
    "calendar_id": "foreign-calendar",
    "policy_id": "foreign-policy",
    "environment_id": "foreign-place",
    "name": "FOREIGN_SECRET",
    "execution_id": EXECUTION,
    "approval_id": f"{EXECUTION}-1",
    "backfill_id": "bf-foreign",
    "delivery_id": EXECUTION,
    "number": "7",
    "worker": "foreign-worker",
    "path": "foreign-path",
}


async def make_foreign(admin: Running) -> dict[str, str]:
    """By placeholder of a path: the object that stands there. Those that history has are in `ForeignHistory`."""
    agent = {"id": "foreign-agent", "name": "Foreign agent", "runner": {"kind": "noop"}}
    things: dict[str, dict[str, Any]] = {
        "/environments": {"id": "foreign-place", "name": "Foreign place"},
        "/agents": agent,
        "/teams": {
            "id": "foreign-team",
            "name": "Foreign team",
            "members": ["foreign-agent"],
        },
        "/calendars": {"id": "foreign-calendar", "name": "Foreign calendar", "dates": ["2030-01-01"]},
        "/policies": {
            "id": "foreign-policy",
            "name": "Foreign policy",
            "engine": {"kind": "rules", "rules": [{"name": "foreign", "message": "foreign"}]},
        },
    }
    for path, body in things.items():
        await admin.json("POST", path, {**body, "project": PROJECT})
    job = {
        "name": "Foreign job",
        "prompt": "foreign",
        "agent_id": "foreign-agent",
        "webhook_path": "/foreign-path",
    }
    made = await admin.json("POST", "/jobs", {**job, "project": PROJECT, "schedule": "0 9 * * *"})
    await admin.json("PUT", "/environments/foreign-place/secrets/FOREIGN_SECRET", {"value": "not-to-be-seen"})
    token = await admin.json(
        "POST", "/tokens", {"name": "Foreign token", "role": "viewer", "projects": [PROJECT]}
    )
    return {**IDS, "job_id": made["id"], "token_id": token["id"]}


@dataclass
class ForeignHistory:
    """History, as the contracts have it: it keeps to the projects that a list is asked for."""

    job_id: str

    async def on_query(self, message: Msg) -> None:
        asked = json.loads(message.data)
        projects = asked.get("projects")
        reply = self._answer(message.subject, shown=projects is None or PROJECT in projects)
        await message.respond(reply.model_dump_json().encode())

    def _answer(self, subject: str, *, shown: bool) -> BaseModel:
        lists: dict[str, BaseModel] = {
            "query.executions.list": ExecutionPage(executions=(self._execution,) if shown else ()),
            "query.occurrences.list": OccurrencePage(occurrences=(self._occurrence,) if shown else ()),
            "query.approvals.list": ApprovalPage(approvals=(self._approval,) if shown else ()),
            "query.backfills.list": BackfillPage(backfills=(self._backfill,) if shown else ()),
            "query.choices.list": ChoicePage(choices=(self._choice,) if shown else ()),
            "query.deliveries.list": DeliveryPage(deliveries=(self._delivery,) if shown else ()),
            "query.audit.list": AuditPage(records=(self._audit,) if shown else ()),
        }
        singles: dict[str, BaseModel] = {
            "query.executions.get": ExecutionAnswer(execution=self._execution),
            "query.deliveries.get": DeliveryAnswer(delivery=self._delivery),
            "query.audit.get": AuditAnswer(record=self._audit),
            "query.logs.read": LogPage(batches=(), more=False),
            "query.jobs.summary": JobSummaries(summaries=()),
            "query.jobs.durations": DurationsAnswer(seconds={}),
            "query.occurrences.find": OccurrenceAnswer(),
            "query.audit.verify": AuditVerdict(checked=0, last_number=0, last_hash="", more=False),
        }
        return {**lists, **singles}[subject]

    @property
    def _execution(self) -> ExecutionRecord:
        return ExecutionRecord.model_validate(
            {
                "execution_id": EXECUTION,
                "job_id": self.job_id,
                "project": PROJECT,
                "prompt": "foreign",
                "status": "running",
                "created_at": at(),
            }
        )

    @property
    def _approval(self) -> ApprovalRecord:
        return ApprovalRecord(
            execution_id=EXECUTION,
            job_id=self.job_id,
            project=PROJECT,
            job_name="Foreign",
            approval=approval(),
        )

    @property
    def _backfill(self) -> BackfillRecord:
        return BackfillRecord(
            backfill_id="bf-foreign",
            job_id=self.job_id,
            project=PROJECT,
            phase="started",
            after_at=at(),
            until_at=at(60),
            fired=1,
            max_parallel=1,
            requested_at=at(),
        )

    @property
    def _occurrence(self) -> OccurrenceRecord:
        return OccurrenceRecord(
            job_id=self.job_id,
            project=PROJECT,
            key="foreign",
            firing=Firing(kind=TriggerKind.MANUAL, key="foreign", nominal_at=at(), effective_at=at()),
            decided_at=at(),
            outcome=Outcome.FIRED,
            execution_id=EXECUTION,
        )

    @property
    def _choice(self) -> ChoiceRecord:
        return ChoiceRecord(
            execution_id=EXECUTION,
            job_id=self.job_id,
            project=PROJECT,
            prompt="foreign",
            at=at(),
            choice=Choice(chosen="foreign-agent", how="only", reason="foreign"),
        )

    @property
    def _delivery(self) -> DeliveryRecord:
        received = DeliveryReceived(
            delivery_id=EXECUTION,
            job_id=self.job_id,
            project=PROJECT,
            key="foreign",
            delivery=Delivery(provider="github", delivery_id="foreign"),
            outcome=DeliveryOutcome.FILTERED,
            detail="foreign",
            received_at=at(),
        )
        return DeliveryRecord(received=received)

    @property
    def _audit(self) -> AuditRecord:
        return AuditRecord(number=7, at=at(), actor="foreign", project=PROJECT, action="job.create")


@asynccontextmanager
async def foreign_history(bus: Client, job_id: str) -> AsyncIterator[ForeignHistory]:
    history = ForeignHistory(job_id)
    subscription = await bus.subscribe("query.>", cb=history.on_query)
    await heard(bus)
    yield history
    await subscription.unsubscribe()
