"""Every subject of the bus, built in one place. Arguments are ids already checked to fit a subject."""

from lamplighter_contracts.ids import subject_token

CATALOG_PREFIX = "$KV.catalog."

ANY_TICK = "tick.job.*"
ANY_TRIGGER = "trigger.job.>"
ANY_BACKFILL = "trigger.backfill.>"
ANY_JOB_EVENT = "job.>"
ANY_EXECUTION_EVENT = "execution.>"
ANY_EXECUTION_STATUS = "execution.*.status"
ANY_LOG = "log.>"
ANY_DELIVERY = "delivery.>"
ANY_AUDIT = "audit.>"
ANY_CATALOG_CHANGE = f"{CATALOG_PREFIX}>"
ANY_SESSION_END = f"{CATALOG_PREFIX}sessions.*"

CANCEL_EXECUTION = "control.cancel"
"""Request: end this execution (`CancelRequest` -> `CancelReply`). One dispatcher of all answers."""


ANSWER_APPROVAL = "control.answer"
"""Request: approve or deny (`AnswerRequest` -> `AnswerReply`). One dispatcher of all answers."""

ANY_WORKER = "presence.worker.*"
ANY_TOKEN_USE = "presence.token.*"  # noqa: S105 - a subject
ANY_READINESS = "presence.environment.*"


def timer(job_id: str) -> str:
    """The armed next firing of a job."""
    return f"timer.job.{job_id}"


def tick(job_id: str) -> str:
    """Where NATS puts a timer that came due."""
    return f"tick.job.{job_id}"


def trigger(job_id: str, key: str) -> str:
    """A manual start or a delivery, as accepted. One subject a key: the first message there is the only one."""
    return trigger_at(job_id, subject_token(key))


def trigger_at(job_id: str, token: str) -> str:
    """The same, of a key of which only the token is known."""
    return f"trigger.job.{job_id}.{token}"


def delivery(job_id: str, key: str) -> str:
    """A genuine delivery to the job's webhook. One subject a key, as with triggers."""
    return f"delivery.{job_id}.{subject_token(key)}"


def audit(audit_id: str) -> str:
    """Something that somebody did, or was denied."""
    return f"audit.{audit_id}"


AUDIT_HEAD = "presence.audit.head"
"""The newest link of the audit's chain. Every move of it is compare-and-set, and goes forward."""


def token_use(token_id: str) -> str:
    """When a token was last used."""
    return f"presence.token.{token_id}"


def backfill(job_id: str, backfill_id: str) -> str:
    """What was ordered of a backfill: that it is made, perhaps that it ends."""
    return f"trigger.backfill.{job_id}.{backfill_id}"


def any_backfill(job_id: str = "*", backfill_id: str = "*") -> str:
    """What was ordered of the backfills of one job, or of the one with that id."""
    return f"trigger.backfill.{job_id}.{backfill_id}"


def decided(job_id: str, key: str) -> str:
    """The mark, in the batch that decided it, that a trigger has been dealt with."""
    return f"decided.job.{job_id}.{subject_token(key)}"


def gate(job_id: str) -> str:
    """The job's cursor and overlap state; its last message is the state."""
    return f"gate.{job_id}"


def job_due(queue: str, job_id: str) -> str:
    return f"job.due.{queue}.{job_id}"


def any_job_due(queue: str) -> str:
    return f"job.due.{queue}.>"


def job_skipped(job_id: str) -> str:
    return f"job.skipped.{job_id}"


def job_queued(job_id: str) -> str:
    return f"job.queued.{job_id}"


def job_backfill(job_id: str) -> str:
    return f"job.backfill.{job_id}"


def execution_status(execution_id: str) -> str:
    """The last message here is the state of the execution; every transition is compare-and-set."""
    return f"execution.{execution_id}.status"


def execution_step(execution_id: str) -> str:
    return f"execution.{execution_id}.step"


def execution_decided(execution_id: str) -> str:
    """What was decided about an execution: whom it was given to, what policies said."""
    return f"execution.{execution_id}.decided"


def execution_effects(execution_id: str) -> str:
    """The last message here lists all effects so far."""
    return f"execution.{execution_id}.effects"


def execution_parked(execution_id: str, number: int | str = "*") -> str:
    """A piece of what a parked execution needs to go on, in one batch with its status."""
    return f"execution.{execution_id}.parked.{number}"


def resume(queue: str, execution_id: str) -> str:
    """An execution that was parked may go on: as a due event, for the dispatchers of its queue."""
    return f"resume.{queue}.{execution_id}"


def any_resume(queue: str) -> str:
    return f"resume.{queue}.>"


def seats(kind: str, object_id: str) -> str:
    """Which executions have a seat at an agent or an environment that takes only so many at once."""
    return f"seats.{kind}.{object_id}"


def seat_left(kind: str, object_id: str) -> str:
    """Told to all dispatchers: somebody left a seat there."""
    return f"control.seat.{kind}.{object_id}"


def worker(worker_name: str) -> str:
    """The state of a dispatcher, as long as it lives."""
    return f"presence.worker.{worker_name}"


def readiness(environment_id: str) -> str:
    """How the check of an environment went."""
    return f"presence.environment.{environment_id}"


def drain(worker_name: str) -> str:
    """Request: take no more work, or take it again (`DrainRequest` -> `DrainReply`)."""
    return f"control.drain.{worker_name}"


def offer(executor: str) -> str:
    """Where work is offered to executors of that name: see `executors`."""
    return f"executor.{executor}.offer"


def offered_work(executor: str, work_id: str) -> str:
    """Below it the executor tells how its work goes, and is told to stop."""
    return f"executor.{executor}.work.{work_id}"


def log(execution_id: str) -> str:
    return f"log.{execution_id}"


def stop(execution_id: str) -> str:
    """Told to all dispatchers at once: whoever runs this execution, look at its status now."""
    return f"control.stop.{execution_id}"


def catalog(kind: str, object_id: str) -> str:
    """The subject behind a key of the catalog bucket, such as `jobs.daily-report-7f3a`."""
    return f"{CATALOG_PREFIX}{kind}.{object_id}"


def dead(stream: str, consumer: str) -> str:
    return f"dead.{stream}.{consumer}"
