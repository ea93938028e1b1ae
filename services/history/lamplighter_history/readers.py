"""From a message of the bus to the event in it. What cannot be read raises, and goes to `DEAD`."""

from base64 import b64decode

from nats.aio.msg import Msg

from lamplighter_contracts import envelope, ids, subjects
from lamplighter_contracts.audit import AuditEvent
from lamplighter_contracts.deliveries import DeliveryReceived
from lamplighter_contracts.events import JobBackfill, JobDue, JobQueued, JobSkipped
from lamplighter_contracts.executions import (
    ExecutionAnswered,
    ExecutionCancelling,
    ExecutionDecided,
    ExecutionEffects,
    ExecutionFinished,
    ExecutionRetrying,
    ExecutionStarted,
    ExecutionStep,
    ExecutionTransition,
    ExecutionWaiting,
    LogBatch,
)
from lamplighter_history.chain.drafts import Audited
from lamplighter_history.changes import catalog_change, job_start
from lamplighter_history.fold import Folded, OfExecution

_REQUESTS = f"{subjects.CATALOG_PREFIX}requests."

_BY_TYPE: dict[str, type[ExecutionTransition]] = {
    model.event_type: model
    for model in (
        ExecutionStarted,
        ExecutionCancelling,
        ExecutionRetrying,
        ExecutionWaiting,
        ExecutionAnswered,
        ExecutionFinished,
    )
}


def read_job_event(message: Msg) -> Folded | None:
    match message.subject.split(".", 2)[1]:
        case "due":
            return _known(envelope.read(JobDue, message.data, message.headers))
        case "skipped":
            return _known(envelope.read(JobSkipped, message.data, message.headers))
        case "queued":
            return _known(envelope.read(JobQueued, message.data, message.headers))
        case "backfill":
            return envelope.read(JobBackfill, message.data, message.headers)
        case _:
            return None


def read_execution_event(message: Msg) -> Folded | None:
    """None for what only dispatchers need, such as all that a parked execution goes on with: it is not parsed."""
    match message.subject.split(".")[2]:
        case "status":
            return _known(_transition(message))
        case "step":
            return _known(envelope.read(ExecutionStep, message.data, message.headers))
        case "decided":
            return _known(envelope.read(ExecutionDecided, message.data, message.headers))
        case "effects":
            return _known(envelope.read(ExecutionEffects, message.data, message.headers))
        case _:
            return None


def read_log(message: Msg) -> Folded | None:
    batch = envelope.read(LogBatch, message.data, message.headers)
    return _known(batch) if batch.lines else None


def read_change(message: Msg) -> Audited | None:
    """None for what a gateway keeps of requests that may be repeated: what they made tells of itself."""
    if message.subject.startswith(_REQUESTS):
        return None
    return catalog_change(message.subject, message.headers or {}, message.data)


def read_delivery(message: Msg) -> DeliveryReceived:
    """Raises `ValueError` where its id is none of ours, or the body in it cannot be read back."""
    event = envelope.read(DeliveryReceived, message.data, message.headers)
    if not ids.is_execution_id(event.delivery_id):
        raise ValueError(f"{event.delivery_id!r} is not the id of a delivery")
    b64decode(event.body, validate=True)
    return event


def read_start(message: Msg) -> Audited | None:
    """By its headers alone: what a job is started with is its own business."""
    return job_start(message.subject, message.headers or {})


def read_audit(message: Msg) -> Audited:
    return envelope.read(AuditEvent, message.data, message.headers)


def _transition(message: Msg) -> ExecutionTransition:
    found = (message.headers or {}).get(envelope.TYPE_HEADER, "")
    model = _BY_TYPE.get(found)
    if model is None:
        raise envelope.UnexpectedType(f"expected one of {', '.join(_BY_TYPE)}, found {found!r}")
    return model.model_validate_json(message.data)


def _known(event: OfExecution) -> Folded:
    """Documents are named and sorted by their execution's id, so it has to be one."""
    if not ids.is_execution_id(event.execution_id):
        raise ValueError(f"{event.execution_id!r} is not the id of an execution")
    return event
