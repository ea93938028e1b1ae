"""The life of an execution, as the bus tells it: its status, its steps, what was decided about it, and its log."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from lamplighter_contracts.choices import Choice
from lamplighter_contracts.events import Event, JobDue
from lamplighter_contracts.fields import Instant, Model, Slug
from lamplighter_contracts.policies import PolicyAction, Verdict
from lamplighter_contracts.usage import Usage


class ExecutionStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting_for_input"
    """It is parked until a person approves or denies, and takes no slot."""
    RETRYING = "retrying"
    """An attempt failed, and another follows."""
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    BLOCKED = "blocked"
    """It never began: nobody could do it, or a policy denied it."""

    @property
    def is_final(self) -> bool:
        return self in FINAL


FINAL = frozenset(
    {ExecutionStatus.COMPLETED, ExecutionStatus.FAILED, ExecutionStatus.CANCELLED, ExecutionStatus.BLOCKED}
)
FinalStatus = Literal[
    ExecutionStatus.COMPLETED, ExecutionStatus.FAILED, ExecutionStatus.CANCELLED, ExecutionStatus.BLOCKED
]


class ApprovalState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    """Nobody answered in time, which is a denial."""
    CANCELLED = "cancelled"
    """The execution was cancelled while it waited."""


ApprovalNote = Annotated[str, StringConstraints(max_length=1_000)]


class Approval(Model):
    """One action that waits, or waited, for a person's word. The word holds for this action and no other."""

    approval_id: str
    """`<execution id>-<number>`."""
    action: Literal["execution", "tool"]
    action_hash: str
    """SHA-256 over the exact action: for a tool its name, its arguments and the execution; for a whole execution job,
    revision, prompt, executor and environment."""
    summary: str
    """For people, in a line, without secrets."""
    tool: str = ""
    arguments: str = ""
    """As JSON, without secrets, shortened."""
    agent_id: str = ""
    reason: str = ""
    """Why it needs one: the policy's sentence, or that the agent asks for it."""
    requested_at: Instant
    deadline_at: Instant
    state: ApprovalState = ApprovalState.PENDING
    answered_at: Instant | None = None
    answered_by: str = ""
    note: ApprovalNote = ""
    used: bool = False
    """The answer has had its effect: the same action would need another."""


class ExecutionStarted(Event):
    """A dispatcher claimed the execution; attempt 2 and later follow a death, or one that left."""

    event_type: ClassVar[str] = "lamplighter.execution.started.v1"

    kind: Literal["started"] = "started"
    execution_id: str
    job_id: Slug
    attempt: int
    worker: str
    started_at: Instant
    agent_id: str = ""
    agent_revision: int = 0
    team_id: str = ""
    environment: str = ""
    """Where it runs: the job's, or its executor's."""
    policy_hash: str = ""
    resumed: bool = False
    """The attempt goes on where it was parked."""
    part: int = 0
    """How often the execution was resumed: a message that brings it up for an earlier part has had its time."""
    approvals: tuple[Approval, ...] = ()
    """Those asked for so far, with their answers."""
    usage: Usage = Usage()
    """Of what ran before."""
    gated: bool = False
    delivery: int = 0
    """Which delivery of its due event claimed it: an earlier one that turns up late claims nothing."""
    deaths: int = 0
    """How many attempts before this one ended with the death of their worker."""
    handed_back: bool = False
    """Written once more by a worker that leaves: the attempt is over without a death, and another may follow."""

    @property
    def status(self) -> ExecutionStatus:
        return ExecutionStatus.RUNNING


class ExecutionCancelling(Event):
    """Somebody asked for the end of a running execution. Whoever runs it stops it and says `finished`."""

    event_type: ClassVar[str] = "lamplighter.execution.cancelling.v1"

    kind: Literal["cancelling"] = "cancelling"
    execution_id: str
    job_id: Slug
    attempt: int
    worker: str
    requested_at: Instant
    requested_by: str
    part: int = 0
    usage: Usage = Usage()
    approvals: tuple[Approval, ...] = ()
    """Those asked for before it was claimed, with their answers."""
    gated: bool = False

    @property
    def status(self) -> ExecutionStatus:
        return ExecutionStatus.CANCELLING


class ExecutionFinished(Event):
    """The one final state of an execution."""

    event_type: ClassVar[str] = "lamplighter.execution.finished.v1"

    kind: Literal["finished"] = "finished"
    execution_id: str
    job_id: Slug
    outcome: FinalStatus
    attempt: int
    """0 where it never began."""
    finished_at: Instant
    reason: str = ""
    """A stable word for why it did not complete: see `reasons`."""
    detail: str = ""
    """The same for people, in a sentence."""
    exit_code: int | None = None
    result: str = ""
    usage: Usage = Usage()
    """Of all attempts."""
    approvals: tuple[Approval, ...] = ()
    """All that there were; one that was never answered is `cancelled` now."""
    log_lines: int = 0
    log_sequence: int = 0
    """The sequence in `LOGS` of this attempt's last batch: who has read up to it has read the whole log."""
    gated: bool = False

    @property
    def status(self) -> ExecutionStatus:
        return self.outcome


class ExecutionRetrying(Event):
    """An attempt failed in a way that is tried again. Its due event comes back at `not_before`, to any dispatcher."""

    event_type: ClassVar[str] = "lamplighter.execution.retrying.v1"

    kind: Literal["retrying"] = "retrying"
    execution_id: str
    job_id: Slug
    attempt: int
    """That failed."""
    worker: str
    failed_at: Instant
    not_before: Instant
    reason: str
    detail: str = ""
    deaths: int = 0
    usage: Usage = Usage()
    log_lines: int = 0
    log_sequence: int = 0
    part: int = 0
    approvals: tuple[Approval, ...] = ()
    gated: bool = False

    @property
    def status(self) -> ExecutionStatus:
        return ExecutionStatus.RETRYING


class _Parking(Event):
    execution_id: str
    job_id: Slug
    attempt: int
    """0 where it has not begun."""
    waiting_since: Instant
    approvals: tuple[Approval, ...] = Field(min_length=1)
    """All of this execution, also those answered before."""
    deadline_at: Instant
    deaths: int = 0
    usage: Usage = Usage()
    log_lines: int = 0
    log_batches: int = 0
    log_sequence: int = 0
    steps: int = 0
    decisions: int = 0
    ran_seconds: float = 0
    """How long it ran before, which counts against its time limit."""
    part: int = 0
    pieces: int = 0
    """How many there are on `execution.<id>.parked.*`."""
    gated: bool = False

    @property
    def pending(self) -> tuple[Approval, ...]:
        return tuple(one for one in self.approvals if one.state is ApprovalState.PENDING)


class ExecutionWaiting(_Parking):
    """It is parked: its worker has let go of it. Written once more for each answer, until all are there.

    What it needs to go on is on `execution.<id>.parked.*`, written in the same batch.
    """

    event_type: ClassVar[str] = "lamplighter.execution.waiting.v1"

    kind: Literal["waiting"] = "waiting"

    @property
    def status(self) -> ExecutionStatus:
        return ExecutionStatus.WAITING


class ExecutionAnswered(_Parking):
    """All that it waited for is answered. `resume.<queue>.<id>`, in the same batch, gives it to a dispatcher."""

    event_type: ClassVar[str] = "lamplighter.execution.answered.v1"

    kind: Literal["answered"] = "answered"

    @property
    def status(self) -> ExecutionStatus:
        return ExecutionStatus.QUEUED


ExecutionTransition = Annotated[
    ExecutionStarted
    | ExecutionCancelling
    | ExecutionRetrying
    | ExecutionWaiting
    | ExecutionAnswered
    | ExecutionFinished,
    Field(discriminator="kind"),
]
"""What is on a status subject."""


class Parked(Event):
    """What a parked execution needs to go on: its due event, and what its runner left. In `total` messages."""

    event_type: ClassVar[str] = "lamplighter.execution.parked.v1"

    execution_id: str
    attempt: int
    number: int
    total: int
    due: JobDue | None = None
    """In the first of them."""
    state: str = ""
    """A piece of zlib and base64 over JSON, in their order."""


class ExecutionResumed(Event):
    """An execution that was parked may go on."""

    event_type: ClassVar[str] = "lamplighter.execution.resumed.v1"

    execution_id: str
    job_id: Slug
    part: int
    due: JobDue


class Effected(Model):
    """Something that a run did, or began to do, to the world outside."""

    at: Instant
    attempt: int
    name: str
    """What did it: a tool's name, or `reported`."""
    detail: str = ""
    done: bool = True
    """False: it was begun, and nobody knows whether it came to pass."""


class ExecutionEffects(Event):
    """All effects of an execution so far; the last message is the state. Written before an effect is begun."""

    event_type: ClassVar[str] = "lamplighter.execution.effects.v1"

    execution_id: str
    attempt: int
    effects: tuple[Effected, ...] = Field(default=(), max_length=200)
    omitted: int = 0


class ExecutionDecided(Event):
    """Something that was decided about an execution, for the record: who does it, or what a policy said."""

    event_type: ClassVar[str] = "lamplighter.execution.decided.v1"

    execution_id: str
    attempt: int
    number: int
    """Counts from 1 within the attempt."""
    at: Instant
    choice: Choice | None = None
    action: PolicyAction | None = None
    verdict: Verdict | None = None
    tool: str = ""
    agent_id: str = ""


class ExecutionStep(Event):
    """Something worth seeing inside a run: a member of a team began or ended, a tool was called."""

    event_type: ClassVar[str] = "lamplighter.execution.step.v1"

    execution_id: str
    attempt: int
    number: int
    name: str
    """Of the member, the tool, or whatever the runner reports."""
    phase: Literal["started", "finished"]
    at: Instant
    detail: str = ""
    kind: Literal["member", "tool", "model", "progress", "effect", "approval"] = "member"
    source: str = ""
    """The member of a team that did it."""
    arguments: str = ""
    """Of a tool's call, as JSON, shortened."""
    result: str = ""
    """Of a tool's call, shortened."""
    failed: bool = False
    usage: Usage | None = None
    """Of this step alone."""


class LogStream(StrEnum):
    STDOUT = "stdout"
    STDERR = "stderr"
    SYSTEM = "system"
    """What Lamplighter itself says in the log, such as where it was cut."""


class LogLine(Model):
    number: int
    """Counts from 1 within the attempt, over all streams."""
    at: Instant
    stream: LogStream
    text: str
    source: str = ""
    """The member of a team that wrote it."""


class LogBatch(Event):
    event_type: ClassVar[str] = "lamplighter.execution.log.v1"

    execution_id: str
    attempt: int
    lines: tuple[LogLine, ...]
