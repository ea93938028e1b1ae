"""Questions about the past that history answers over request and reply.

Each query knows its subject and the type of its answer. Any answer may be a `QueryFailed` instead.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from lamplighter_contracts.choices import Choice
from lamplighter_contracts.deliveries import DeliveryOutcome, DeliveryReceived
from lamplighter_contracts.events import Firing, Outcome, SkipReason, TriggerKind
from lamplighter_contracts.executions import Approval, ApprovalState, Effected, ExecutionStatus, LogStream
from lamplighter_contracts.fields import Instant, Model
from lamplighter_contracts.policies import PolicyAction, Verdict
from lamplighter_contracts.projects import DEFAULT_PROJECT
from lamplighter_contracts.usage import Usage

Projects = tuple[str, ...] | None
"""Only of these. None: of every project."""


class Query(Model):
    subject: ClassVar[str]


class QueryFailed(Model):
    """No answer. `unavailable`: the store could not be asked; `retry_after_seconds` is when to try again.
    `invalid`: the question itself is wrong, and asking it again is of no use."""

    failed: Literal[True] = True
    kind: Literal["unavailable", "invalid"] = "unavailable"
    detail: str
    retry_after_seconds: int = 2


class Attempt(Model):
    attempt: int
    worker: str
    started_at: Instant
    agent_id: str = ""
    agent_revision: int = 0
    failed_at: Instant | None = None
    """Where another attempt followed."""
    reason: str = ""
    detail: str = ""


class StepRecord(Model):
    """Something worth seeing inside a run, from its beginning to its end where it has one."""

    attempt: int
    number: int
    name: str
    started_at: Instant | None = None
    finished_at: Instant | None = None
    detail: str = ""
    kind: str = "member"
    source: str = ""
    arguments: str = ""
    result: str = ""
    failed: bool = False
    usage: Usage | None = None


class DecisionRecord(Model):
    """What a policy said about an execution, or a call in it."""

    attempt: int
    number: int
    at: Instant
    action: PolicyAction
    verdict: Verdict
    tool: str = ""
    agent_id: str = ""


class ExecutionRecord(Model):
    execution_id: str
    job_id: str
    project: str = DEFAULT_PROJECT
    job_name: str = ""
    job_revision: int = 0
    prompt: str = ""
    executor_kind: str = ""
    executor_id: str = ""
    environment: str = ""
    firing: Firing | None = None
    status: ExecutionStatus
    created_at: Instant
    started_at: Instant | None = None
    finished_at: Instant | None = None
    attempts: tuple[Attempt, ...] = ()
    reason: str = ""
    detail: str = ""
    exit_code: int | None = None
    result: str = ""
    log_lines: int = 0
    log_sequence: int = 0
    status_sequence: int = 0
    """The sequence in `EXECUTIONS` that this record has seen: a live stream goes on after it."""
    cancel_requested_by: str = ""
    steps: tuple[StepRecord, ...] = ()
    steps_omitted: int = 0
    """How many steps there were beyond those that are kept."""
    agent_id: str = ""
    """Who did it last, also where it was chosen; empty for a team."""
    team_id: str = ""
    policy_hash: str = ""
    usage: Usage = Usage()
    choice: Choice | None = None
    decisions: tuple[DecisionRecord, ...] = ()
    decisions_omitted: int = 0
    approvals: tuple[Approval, ...] = ()
    effects: tuple[Effected, ...] = ()
    effects_omitted: int = 0
    not_before: Instant | None = None
    """When it is tried again, while it waits for that."""


class ListExecutions(Query):
    """Newest first. `cursor` is the last answer's `next_cursor`; `offset` serves clients that count pages.

    A list has no payloads and no steps, and cuts long texts: `GetExecution` has them whole. A page of large
    records may hold fewer than `limit`; as long as there is more it names a `next_cursor`.
    """

    subject: ClassVar[str] = "query.executions.list"

    projects: Projects = None
    job_id: str | None = None
    statuses: tuple[ExecutionStatus, ...] = ()
    executor_kind: str | None = None
    executor_id: str | None = None
    backfill_id: str | None = None
    agent_id: str | None = None
    """Who did it, also where it was chosen."""
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    offset: Annotated[int, Field(ge=0)] = 0
    cursor: str | None = None


class ExecutionPage(Model):
    executions: tuple[ExecutionRecord, ...]
    next_cursor: str | None = None


class GetExecution(Query):
    subject: ClassVar[str] = "query.executions.get"

    execution_id: str


class ExecutionAnswer(Model):
    execution: ExecutionRecord | None = None


class ReadLog(Query):
    """Batches of one execution's log after a sequence of `LOGS`, or lines from a number on, oldest first."""

    subject: ClassVar[str] = "query.logs.read"

    execution_id: str
    after_sequence: int = 0
    from_line: int = 1
    attempt: int | None = None


class RecordedLine(Model):
    attempt: int
    number: int
    at: Instant
    stream: LogStream
    text: str
    source: str = ""


class RecordedBatch(Model):
    sequence: int
    lines: tuple[RecordedLine, ...]


class LogPage(Model):
    batches: tuple[RecordedBatch, ...]
    more: bool
    """Whether another query after the last batch's sequence would find lines now."""


class SummariseJobs(Query):
    """The last execution of each of these jobs. A job that never ran has no summary."""

    subject: ClassVar[str] = "query.jobs.summary"

    job_ids: Annotated[tuple[str, ...], Field(max_length=1_000)]


class JobSummary(Model):
    job_id: str
    execution_id: str
    status: ExecutionStatus
    last_run_at: Instant


class JobSummaries(Model):
    summaries: tuple[JobSummary, ...]


class ListOccurrences(Query):
    """Newest first, by nominal instant: those in [from_at, until_at)."""

    subject: ClassVar[str] = "query.occurrences.list"

    projects: Projects = None
    job_id: str | None = None
    """None: of all jobs."""
    from_at: Instant | None = None
    until_at: Instant | None = None
    outcomes: tuple[Outcome, ...] = ()
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    cursor: str | None = None


class OccurrenceRecord(Model):
    """One due instant, delivery or manual start, and what became of it."""

    job_id: str
    project: str = DEFAULT_PROJECT
    key: str
    firing: Firing
    decided_at: Instant
    outcome: Outcome
    execution_id: str
    reason: SkipReason | None = None
    detail: str = ""
    into: str = ""
    """The execution that it became part of, where it was gathered with others."""
    count: int = 1
    first_at: Instant | None = None


class OccurrencePage(Model):
    occurrences: tuple[OccurrenceRecord, ...]
    next_cursor: str | None = None


class FindOccurrence(Query):
    """What the ledger has around an instant, to the second."""

    subject: ClassVar[str] = "query.occurrences.find"

    job_id: str
    at: Instant


class OccurrenceAnswer(Model):
    at: OccurrenceRecord | None = None
    """The record of that instant itself, or one that stands for several with that instant among them."""
    before: OccurrenceRecord | None = None
    after: OccurrenceRecord | None = None


class BackfillRecord(Model):
    backfill_id: str
    job_id: str
    project: str = DEFAULT_PROJECT
    phase: Literal["started", "completed", "cancelled"]
    after_at: Instant
    until_at: Instant
    fired: int
    max_parallel: int
    requested_at: Instant
    requested_by: str = ""
    ended_at: Instant | None = None
    executions: dict[ExecutionStatus, int] = Field(default_factory=dict)
    """How many of its executions are in which state."""


class ListBackfills(Query):
    """Newest first, of one job or of all."""

    subject: ClassVar[str] = "query.backfills.list"

    projects: Projects = None
    job_id: str | None = None
    backfill_id: str | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50


class BackfillPage(Model):
    backfills: tuple[BackfillRecord, ...]


class TypicalDurations(Query):
    """How long executions of these jobs take: the median of the last twenty that ended, in seconds."""

    subject: ClassVar[str] = "query.jobs.durations"

    job_ids: Annotated[tuple[str, ...], Field(max_length=1_000)]


class DurationsAnswer(Model):
    seconds: dict[str, float]
    """By job id. A job of which nothing has ended is not there."""


class ListApprovals(Query):
    """Newest first: of one execution or job, or of all, and in these states."""

    subject: ClassVar[str] = "query.approvals.list"

    projects: Projects = None
    execution_id: str | None = None
    job_id: str | None = None
    states: tuple[ApprovalState, ...] = ()
    limit: Annotated[int, Field(ge=1, le=500)] = 50


class ApprovalRecord(Model):
    execution_id: str
    job_id: str
    project: str = DEFAULT_PROJECT
    job_name: str = ""
    approval: Approval


class ApprovalPage(Model):
    approvals: tuple[ApprovalRecord, ...]


class ListChoices(Query):
    """Decisions of smart jobs since an instant, newest first. A page of large decisions may hold fewer than `limit`;
    as long as there is more it names a `next_cursor`."""

    subject: ClassVar[str] = "query.choices.list"

    projects: Projects = None
    since: Instant
    job_id: str | None = None
    limit: Annotated[int, Field(ge=1, le=1_000)] = 200
    cursor: str | None = None


class ChoiceRecord(Model):
    """`outcome` is how the execution ended, where it has."""

    execution_id: str
    job_id: str
    project: str = DEFAULT_PROJECT
    job_name: str = ""
    prompt: str
    environment: str = ""
    at: Instant
    trigger: TriggerKind | None = None
    choice: Choice
    outcome: ExecutionStatus | None = None


class ChoicePage(Model):
    choices: tuple[ChoiceRecord, ...]
    next_cursor: str | None = None


class ListDeliveries(Query):
    """Newest first, without bodies and headers."""

    subject: ClassVar[str] = "query.deliveries.list"

    projects: Projects = None
    job_id: str | None = None
    outcomes: tuple[DeliveryOutcome, ...] = ()
    producer: str | None = None
    event: str | None = None
    execution_id: str | None = None
    """Those that led to it, also where several were gathered."""
    from_at: Instant | None = None
    until_at: Instant | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    cursor: str | None = None


class DeliveryRecord(Model):
    """`received` is as it was, in a list without `headers` and `body`. `became` is what the ledger has of it."""

    received: DeliveryReceived
    became: Outcome | None = None
    reason: SkipReason | None = None
    became_detail: str = ""
    into: str = ""
    """The execution that it led to: its own, or the one that it was gathered into."""
    replays: tuple[str, ...] = ()
    body_expires_at: Instant | None = None


class DeliveryPage(Model):
    deliveries: tuple[DeliveryRecord, ...]
    next_cursor: str | None = None


class GetDelivery(Query):
    subject: ClassVar[str] = "query.deliveries.get"

    delivery_id: str


class DeliveryAnswer(Model):
    delivery: DeliveryRecord | None = None


class AuditRecord(Model):
    """One link of the chain. `hash` is the SHA-256 (hex) of the canonical JSON of what was recorded, `previous` among
    it: see `chain`."""

    number: int
    at: Instant
    actor: str
    actor_name: str = ""
    role: str = ""
    address: str = ""
    project: str = ""
    action: str
    kind: str = ""
    object_id: str = ""
    outcome: Literal["done", "denied"] = "done"
    detail: str = ""
    count: int = 1
    first_at: Instant | None = None
    """Of several that are told together: when the first one was."""
    before_number: int | None = None
    """The record whose `after` is what the object was before. Not part of the hash: it is found when it is asked for.
    None where there was none, or where it was before there was a chain."""
    before: str | None = None
    """That record's `after`, where one record is asked for. Not part of the hash either."""
    after: str | None = None
    """The object as JSON, as much of it as everybody may see."""
    source: str = ""
    """The message that told of it: its stream, when that took it, and at which sequence."""
    previous: str = ""
    """The `hash` of the record before; empty in the first."""
    hash: str = ""


class ListAudit(Query):
    """Newest first, or `oldest_first`."""

    subject: ClassVar[str] = "query.audit.list"

    projects: Projects = None
    actor: str | None = None
    action: str | None = None
    kind: str | None = None
    object_id: str | None = None
    outcome: Literal["done", "denied"] | None = None
    from_at: Instant | None = None
    until_at: Instant | None = None
    oldest_first: bool = False
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    cursor: str | None = None


class AuditPage(Model):
    records: tuple[AuditRecord, ...]
    next_cursor: str | None = None


class GetAudit(Query):
    """With what the object was before, where both fit into one reply."""

    subject: ClassVar[str] = "query.audit.get"

    number: int


class AuditAnswer(Model):
    record: AuditRecord | None = None


class VerifyAudit(Query):
    """Checks a stretch of the chain that begins after `after_number`, `limit` links at most, fewer where they are
    large. `after_hash` is the hash of that record, as the verdict before told it."""

    subject: ClassVar[str] = "query.audit.verify"

    after_number: int = 0
    after_hash: str = ""
    limit: Annotated[int, Field(ge=1, le=5_000)] = 2_000


class AuditVerdict(Model):
    checked: int
    last_number: int
    last_hash: str
    more: bool
    broken_at: int | None = None
    """The number of the first link that does not hold."""
    problem: str = ""
    anchor_number: int | None = None
    """The newest link, as the bus keeps it apart from the chain: what the end was compared with. None: it has none."""
    anchor_hash: str = ""
