"""The streams and durable consumers of the bus, as data. What each keeps, for how long, how durably.

Durations are `timedelta`, sizes bytes. `lamplighter_runtime.provisioning` turns these into requests.
"""

from dataclasses import dataclass
from datetime import timedelta

from lamplighter_contracts import subjects
from lamplighter_contracts.jobs import LONGEST_RUN

MIB = 1 << 20

MESSAGE_LIMIT = 512 * 1024
"""The most that body and headers of a message may have together. The server drops a connection above 1 MiB."""

DEDUPE_WINDOW = timedelta(hours=72)
"""How long a repeated delivery id or Idempotency-Key is known for what it is."""

DUE_TTL = timedelta(hours=72)
"""How long a due event waits for a dispatcher, and how long `job.>` can be read back."""

LIVE_STATE_TTL = DUE_TTL + LONGEST_RUN
"""How long a state that is not final stays. Nothing runs for so long after it was claimed."""

FINAL_STATE_TTL = LIVE_STATE_TTL + timedelta(hours=24)
"""How long a final state stays: longer than any state before it, so that the last message on the subject is the
state as long as there is one, and longer than the due event that might bring the execution up again."""


@dataclass(frozen=True)
class Stream:
    """One JetStream stream. `asynchronous` gives up the fsync of each message, on a single node only."""

    name: str
    subjects: tuple[str, ...]
    max_bytes: int | None
    discard_old: bool = False
    atomic: bool = False
    schedules: bool = False
    asynchronous: bool = False
    max_age: timedelta | None = None
    history: int | None = None
    bucket: bool = False
    duplicate_window: timedelta = timedelta(minutes=2)
    until_taken: bool = False
    """Each message stays until its one consumer has acknowledged it, and no longer."""


CATALOG = Stream(
    "KV_catalog", (subjects.ANY_CATALOG_CHANGE,), max_bytes=1024 * MIB, history=32, bucket=True, atomic=True
)
TIMERS = Stream(
    # A stream of timers cannot refuse when full, and must not drop its oldest: so it has no bound in bytes. It
    # holds one small message a job; ticks carry a TTL.
    "TIMERS",
    ("timer.>", "tick.>"),
    max_bytes=None,
    discard_old=True,
    schedules=True,
    asynchronous=True,
)
JOBS = Stream(
    "JOBS", ("trigger.>", "delivery.>", "decided.>", "gate.>", "job.>"), max_bytes=8192 * MIB, atomic=True
)
EXECUTIONS = Stream("EXECUTIONS", ("execution.>", "resume.>", "seats.>"), max_bytes=8192 * MIB, atomic=True)
LOGS = Stream(
    "LOGS", ("log.>",), max_bytes=4096 * MIB, discard_old=True, asynchronous=True, max_age=timedelta(hours=72)
)
PRESENCE = Stream(
    # Who is there now: each says it again every few seconds, and is forgotten soon after it falls silent.
    "PRESENCE",
    ("presence.>",),
    max_bytes=64 * MIB,
    discard_old=True,
    asynchronous=True,
    history=1,
)
AUDIT = Stream(
    # Until history has taken it over, however long that takes. When full it refuses: what cannot be recorded is not
    # done. Were it kept longer, whoever is denied often enough could fill it.
    "AUDIT",
    ("audit.>",),
    max_bytes=1024 * MIB,
    atomic=True,
    until_taken=True,
)
BODIES_BUCKET = "bodies"
BODIES = Stream(
    # An object store as NATS' clients know it: `$O.bodies.C` has pieces, `$O.bodies.M` what they make up.
    f"OBJ_{BODIES_BUCKET}",
    (f"$O.{BODIES_BUCKET}.>",),
    max_bytes=8192 * MIB,
    max_age=timedelta(days=30),
)
DEAD = Stream("DEAD", ("dead.>",), max_bytes=256 * MIB, discard_old=True, max_age=timedelta(days=30))

STREAMS = (CATALOG, TIMERS, JOBS, EXECUTIONS, LOGS, PRESENCE, AUDIT, BODIES, DEAD)

_BY_PREFIX = {subject.split(".", 1)[0]: stream for stream in STREAMS for subject in stream.subjects}


def stream_of(subject: str) -> Stream:
    """The stream that keeps what is published on `subject`. Raises `KeyError` for a subject no stream keeps."""
    return _BY_PREFIX[subject.split(".", 1)[0]]


@dataclass(frozen=True)
class Consumer:
    """One durable pull consumer, shared by all replicas of the service that reads it.

    `ack_wait` is how long what a killed replica held stays away. Handling a batch takes milliseconds.
    """

    durable: str
    stream: Stream
    filters: tuple[str, ...]
    ack_wait: timedelta = timedelta(seconds=10)
    max_ack_pending: int = 10_000


SCHEDULER_CATALOG = Consumer("scheduler-catalog", CATALOG, (f"{subjects.CATALOG_PREFIX}jobs.>",))
SCHEDULER_TICKS = Consumer("scheduler-ticks", TIMERS, (subjects.ANY_TICK,))
SCHEDULER_TRIGGERS = Consumer("scheduler-triggers", JOBS, (subjects.ANY_TRIGGER,))
SCHEDULER_BACKFILLS = Consumer("scheduler-backfills", JOBS, (subjects.ANY_BACKFILL,))
SCHEDULER_ENDS = Consumer("scheduler-ends", EXECUTIONS, (subjects.ANY_EXECUTION_STATUS,))

STORE_WAIT = timedelta(seconds=30)
"""A write that MongoDB keeps waiting is tried for longer than a decision takes."""

HISTORY_JOBS = Consumer("history-jobs", JOBS, (subjects.ANY_JOB_EVENT,), ack_wait=STORE_WAIT)
HISTORY_EXECUTIONS = Consumer(
    "history-executions", EXECUTIONS, (subjects.ANY_EXECUTION_EVENT,), ack_wait=STORE_WAIT
)
HISTORY_LOGS = Consumer("history-logs", LOGS, (subjects.ANY_LOG,), ack_wait=STORE_WAIT)
HISTORY_CATALOG = Consumer("history-catalog", CATALOG, (subjects.ANY_CATALOG_CHANGE,), ack_wait=STORE_WAIT)

HISTORY_DELIVERIES = Consumer("history-deliveries", JOBS, (subjects.ANY_DELIVERY,), ack_wait=STORE_WAIT)
HISTORY_STARTS = Consumer("history-starts", JOBS, (subjects.ANY_TRIGGER,), ack_wait=STORE_WAIT)
HISTORY_AUDIT = Consumer("history-audit", AUDIT, (subjects.ANY_AUDIT,), ack_wait=STORE_WAIT)

PRESENCE_TTL = timedelta(seconds=20)
"""How long a dispatcher that is silent is still listed."""

READINESS_TTL = timedelta(days=2)

LEASE = timedelta(seconds=15)
"""A dispatcher that says nothing for this long has lost its execution to another."""


MOST_PUT_OFF = 1_000_000
"""How many executions of a queue may wait for an approval or for another attempt. The server holds their messages
until then, as unacknowledged, and gives out none beyond that number."""


def dispatcher_due(queue: str) -> Consumer:
    """The due events of one worker queue, shared by the dispatchers that serve it."""
    return Consumer(
        f"dispatcher-{queue}",
        JOBS,
        (subjects.any_job_due(queue),),
        ack_wait=LEASE,
        max_ack_pending=MOST_PUT_OFF,
    )


def dispatcher_resume(queue: str) -> Consumer:
    """The executions of one queue that were parked and may go on."""
    return Consumer(
        f"dispatcher-resume-{queue}",
        EXECUTIONS,
        (subjects.any_resume(queue),),
        ack_wait=LEASE,
        max_ack_pending=MOST_PUT_OFF,
    )
