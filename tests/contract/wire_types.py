"""Every type that crosses the bus, under the name of its frozen schema.

`python -m tests.contract.wire_types` writes the schemas anew, after a change that was meant.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter

from lamplighter_contracts import (
    agents,
    audit,
    calendars,
    control,
    deliveries,
    environments,
    events,
    executions,
    executors,
    gates,
    jobs,
    policies,
    queries,
    requests,
    seats,
    sessions,
    tokens,
    webhooks,
    workers,
)

SCHEMAS = Path(__file__).parent / "schemas"

WIRE_TYPES: tuple[type[BaseModel], ...] = (
    jobs.Job,
    agents.Agent,
    agents.Team,
    environments.Environment,
    environments.Readiness,
    environments.SealedSecret,
    policies.Policy,
    policies.PolicyInput,
    policies.Verdict,
    calendars.Calendar,
    tokens.Token,
    tokens.TokenUse,
    sessions.SessionEnded,
    webhooks.WebhookReservation,
    requests.RequestMade,
    deliveries.DeliveryReceived,
    audit.AuditEvent,
    audit.AuditHead,
    gates.Gate,
    events.JobTriggered,
    events.JobDue,
    events.JobSkipped,
    events.JobQueued,
    events.JobBackfill,
    events.BackfillRequested,
    events.BackfillCancelled,
    events.TriggerDecided,
    executions.ExecutionStarted,
    executions.ExecutionCancelling,
    executions.ExecutionRetrying,
    executions.ExecutionWaiting,
    executions.ExecutionAnswered,
    executions.ExecutionFinished,
    executions.ExecutionResumed,
    executions.ExecutionStep,
    executions.ExecutionDecided,
    executions.ExecutionEffects,
    executions.Parked,
    executions.LogBatch,
    seats.Seats,
    control.CancelRequest,
    control.CancelReply,
    control.AnswerRequest,
    control.AnswerReply,
    workers.WorkerState,
    workers.DrainRequest,
    workers.DrainReply,
    executors.Offer,
    executors.OfferReply,
    executors.Instruction,
    executors.Progress,
    executors.Log,
    executors.Result,
    *queries.Query.__subclasses__(),
    queries.QueryFailed,
    queries.ExecutionPage,
    queries.ExecutionAnswer,
    queries.LogPage,
    queries.JobSummaries,
    queries.OccurrencePage,
    queries.OccurrenceAnswer,
    queries.BackfillPage,
    queries.DurationsAnswer,
    queries.ApprovalPage,
    queries.ChoicePage,
    queries.DeliveryPage,
    queries.DeliveryAnswer,
    queries.AuditPage,
    queries.AuditAnswer,
    queries.AuditVerdict,
)


def schema(wire_type: type[BaseModel]) -> dict[str, Any]:
    return TypeAdapter(wire_type).json_schema(mode="serialization")


def frozen(wire_type: type[BaseModel]) -> Path:
    return SCHEMAS / f"{wire_type.__name__}.json"


if __name__ == "__main__":
    for each in WIRE_TYPES:
        frozen(each).write_text(json.dumps(schema(each), indent=1, sort_keys=True) + "\n")
