"""The whole bus as one table: every subject, what is on it, who writes and who reads it, which stream keeps it.

The table in the README is made of it, and the AsyncAPI document.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel

from lamplighter_contracts import queries as q
from lamplighter_contracts import streams
from lamplighter_contracts.agents import Agent, Team
from lamplighter_contracts.audit import AuditEvent, AuditHead
from lamplighter_contracts.calendars import Calendar
from lamplighter_contracts.control import AnswerReply, AnswerRequest, CancelReply, CancelRequest
from lamplighter_contracts.deliveries import DeliveryReceived
from lamplighter_contracts.environments import Environment, Readiness, SealedSecret
from lamplighter_contracts.events import (
    BackfillCancelled,
    BackfillRequested,
    JobBackfill,
    JobDue,
    JobQueued,
    JobSkipped,
    JobTriggered,
    TriggerDecided,
)
from lamplighter_contracts.executions import (
    ExecutionAnswered,
    ExecutionCancelling,
    ExecutionDecided,
    ExecutionEffects,
    ExecutionFinished,
    ExecutionResumed,
    ExecutionRetrying,
    ExecutionStarted,
    ExecutionStep,
    ExecutionWaiting,
    LogBatch,
    Parked,
)
from lamplighter_contracts.executors import Instruction, Log, Offer, OfferReply, Progress, Result
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.policies import Policy
from lamplighter_contracts.requests import RequestMade
from lamplighter_contracts.seats import Seats
from lamplighter_contracts.sessions import SessionEnded
from lamplighter_contracts.streams import Stream
from lamplighter_contracts.tokens import Token, TokenUse
from lamplighter_contracts.webhooks import WebhookReservation
from lamplighter_contracts.workers import DrainReply, DrainRequest, WorkerState

Models = tuple[type[BaseModel], ...]


@dataclass(frozen=True)
class Channel:
    """One row. In `subject`, `<job>` is one part that differs from message to message, `>` any number of parts.

    `models` are what may be on it, none where it is no JSON of ours: `said` then says what. `reply` answers a request.
    """

    subject: str
    models: Models
    publisher: str
    consumers: str
    stream: Stream | None = None
    reply: type[BaseModel] | None = None
    said: str = "none"
    or_plain: bool = False
    """Whether what is a request may also be a plain message, which nobody answers."""

    @property
    def parameters(self) -> list[str]:
        parts = (part for part in self.subject.split(".") if part.startswith("<"))
        return [part.strip("<>") for part in parts]

    @property
    def kept(self) -> str:
        """Where its messages stay, for people."""
        if self.stream is not None:
            return f"`{self.stream.name}`"
        if self.or_plain:
            return "none (request and reply, or plain)"
        return "none (request and reply)" if self.reply else "none"

    @property
    def row(self) -> str:
        """The line of the README's table."""
        models = ", ".join(f"`{model.__name__}`" for model in self.models) or self.said
        model = f"{models} -> `{self.reply.__name__}`" if self.reply else models
        return f"| `{self.subject}` | {model} | {self.publisher} | {self.consumers} | {self.kept} |"


_CATALOG, _JOBS, _EXECUTIONS = streams.CATALOG, streams.JOBS, streams.EXECUTIONS
_AUDITED = "history (audit)"
_OPEN = "history, gateway, anyone"
_WORK = "executor.<executor>.work.<work>"

CHANNELS: tuple[Channel, ...] = (
    Channel("$KV.catalog.jobs.<job>", (Job,), "gateway", f"scheduler, gateway, {_AUDITED}", _CATALOG),
    Channel("$KV.catalog.agents.<agent>", (Agent,), "gateway", f"gateway, dispatcher, {_AUDITED}", _CATALOG),
    Channel("$KV.catalog.teams.<team>", (Team,), "gateway", f"gateway, dispatcher, {_AUDITED}", _CATALOG),
    Channel(
        "$KV.catalog.environments.<env>",
        (Environment,),
        "gateway",
        f"scheduler, gateway, dispatcher, {_AUDITED}",
        _CATALOG,
    ),
    Channel(
        "$KV.catalog.policies.<policy>", (Policy,), "gateway", f"gateway, dispatcher, {_AUDITED}", _CATALOG
    ),
    Channel(
        "$KV.catalog.secrets.<env>.<name>",
        (SealedSecret,),
        "gateway",
        "gateway, dispatcher, history (audit: that it changed)",
        _CATALOG,
    ),
    Channel(
        "$KV.catalog.calendars.<calendar>",
        (Calendar,),
        "gateway",
        f"scheduler, gateway, {_AUDITED}",
        _CATALOG,
    ),
    Channel(
        "$KV.catalog.webhooks.<token>", (WebhookReservation,), "gateway", f"gateway, {_AUDITED}", _CATALOG
    ),
    Channel("$KV.catalog.tokens.<id>", (Token,), "gateway", f"gateway, {_AUDITED}", _CATALOG),
    Channel("$KV.catalog.requests.<token>", (RequestMade,), "gateway", "gateway", _CATALOG),
    Channel("$KV.catalog.sessions.<id>", (SessionEnded,), "gateway", f"gateway, {_AUDITED}", _CATALOG),
    Channel("timer.job.<job>", (), "scheduler", "NATS", streams.TIMERS, said="none: headers say when"),
    Channel("tick.job.<job>", (), "NATS, when a timer comes due", "scheduler", streams.TIMERS),
    Channel("trigger.job.<job>.<key>", (JobTriggered,), "gateway", f"scheduler, gateway, {_AUDITED}", _JOBS),
    Channel(
        "delivery.<job>.<key>", (DeliveryReceived,), "gateway", "history, gateway (repeats), anyone", _JOBS
    ),
    Channel(
        "trigger.backfill.<job>.<backfill>",
        (BackfillRequested, BackfillCancelled),
        "gateway",
        "scheduler, gateway",
        _JOBS,
    ),
    Channel("decided.job.<job>.<key>", (TriggerDecided,), "scheduler", "scheduler, gateway", _JOBS),
    Channel("gate.<job>", (Gate,), "scheduler", "scheduler, gateway (to foresee and to explain)", _JOBS),
    Channel(
        "job.due.<queue>.<job>",
        (JobDue,),
        "scheduler; dispatcher, for another queue",
        "dispatcher, history, gateway, anyone",
        _JOBS,
    ),
    Channel("job.skipped.<job>", (JobSkipped,), "scheduler", _OPEN, _JOBS),
    Channel("job.queued.<job>", (JobQueued,), "scheduler", _OPEN, _JOBS),
    Channel("job.backfill.<job>", (JobBackfill,), "scheduler", _OPEN, _JOBS),
    Channel(
        "execution.<execution>.status",
        (
            ExecutionStarted,
            ExecutionCancelling,
            ExecutionRetrying,
            ExecutionWaiting,
            ExecutionAnswered,
            ExecutionFinished,
        ),
        "dispatcher",
        "dispatcher, history, scheduler, gateway, anyone",
        _EXECUTIONS,
    ),
    Channel("execution.<execution>.step", (ExecutionStep,), "dispatcher", _OPEN, _EXECUTIONS),
    Channel("execution.<execution>.decided", (ExecutionDecided,), "dispatcher", _OPEN, _EXECUTIONS),
    Channel(
        "execution.<execution>.effects",
        (ExecutionEffects,),
        "dispatcher",
        f"dispatcher, {_OPEN}",
        _EXECUTIONS,
    ),
    Channel("execution.<execution>.parked.<number>", (Parked,), "dispatcher", "dispatcher", _EXECUTIONS),
    Channel("resume.<queue>.<execution>", (ExecutionResumed,), "dispatcher", "dispatcher", _EXECUTIONS),
    Channel("seats.<kind>.<id>", (Seats,), "dispatcher", "dispatcher", _EXECUTIONS),
    Channel(
        "presence.worker.<worker>", (WorkerState,), "dispatcher", "dispatcher, gateway", streams.PRESENCE
    ),
    Channel(
        "presence.environment.<env>", (Readiness,), "dispatcher", "dispatcher, gateway", streams.PRESENCE
    ),
    Channel("presence.token.<token>", (TokenUse,), "gateway", "gateway", streams.PRESENCE),
    Channel("audit.<id>", (AuditEvent,), "gateway", "history; anyone who listens", streams.AUDIT),
    Channel("presence.audit.head", (AuditHead,), "history", "history", streams.PRESENCE),
    Channel(
        "$O.bodies.>",
        (),
        "gateway",
        "gateway, scheduler, dispatcher",
        streams.BODIES,
        said="the raw bytes of large deliveries",
    ),
    Channel(
        "log.<execution>",
        (LogBatch,),
        "dispatcher",
        "history, gateway, dispatcher (where a dead worker's log ends)",
        streams.LOGS,
    ),
    Channel(
        "dead.<stream>.<consumer>",
        (),
        "any consumer",
        "people",
        streams.DEAD,
        said="the message as it was, with the reason in headers",
    ),
    Channel("control.cancel", (CancelRequest,), "gateway, scheduler", "one dispatcher", reply=CancelReply),
    Channel("control.answer", (AnswerRequest,), "gateway", "one dispatcher", reply=AnswerReply),
    Channel("control.drain.<worker>", (DrainRequest,), "gateway", "that dispatcher", reply=DrainReply),
    Channel("control.stop.<execution>", (), "dispatcher", "all dispatchers"),
    Channel("control.seat.<kind>.<id>", (), "dispatcher", "all dispatchers"),
    Channel(
        "executor.<executor>.offer", (Offer,), "dispatcher", "one executor of that name", reply=OfferReply
    ),
    *(
        Channel(
            f"{_WORK}.{model.__name__.lower()}",
            (model,),
            "executor",
            "the dispatcher that offered it",
            reply=Instruction,
            or_plain=True,
        )
        for model in (Progress, Log, Result)
    ),
    Channel(f"{_WORK}.stop", (Instruction,), "dispatcher", "the executor that took it"),
)

ANSWERS: dict[type[q.Query], type[BaseModel]] = {
    q.ListExecutions: q.ExecutionPage,
    q.GetExecution: q.ExecutionAnswer,
    q.ReadLog: q.LogPage,
    q.SummariseJobs: q.JobSummaries,
    q.ListOccurrences: q.OccurrencePage,
    q.FindOccurrence: q.OccurrenceAnswer,
    q.ListBackfills: q.BackfillPage,
    q.TypicalDurations: q.DurationsAnswer,
    q.ListApprovals: q.ApprovalPage,
    q.ListChoices: q.ChoicePage,
    q.ListDeliveries: q.DeliveryPage,
    q.GetDelivery: q.DeliveryAnswer,
    q.ListAudit: q.AuditPage,
    q.GetAudit: q.AuditAnswer,
    q.VerifyAudit: q.AuditVerdict,
}
"""What history answers. Any of them may be a `QueryFailed` instead."""


QUERY_ROW = "| `query.>` | see `queries.py` | gateway | one history | none (request and reply) |"


def query_channels() -> Iterator[Channel]:
    """One a query; the README has a row for all of them together."""
    for query, answer in ANSWERS.items():
        yield Channel(query.subject, (query,), "gateway", "one history", reply=answer)
