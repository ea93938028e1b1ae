"""What was posted to webhooks. Each delivery is told of once, so its documents never change: what became of it is in
the ledger, and who repeats it says so itself."""

from base64 import b64decode
from datetime import datetime

from pydantic_core import to_json

from lamplighter_contracts.deliveries import DeliveryReceived
from lamplighter_history.writes import Collection, Document, Insert, Retention

_SAID = ("key", "address", "path", "content_type", "size", "received_at")
_WHERE_THERE_IS_SOME = ("detail", "execution_id", "group", "replay_of", "replayed_by")


def received(event: DeliveryReceived, at: datetime, kept: Retention) -> tuple[Insert, ...]:
    """The record; and its body by itself, which is large, forgotten sooner, and read only by who asks for it."""
    expires_at = at + kept.occurrences
    body_expires_at = min(at + kept.bodies, expires_at)
    document: Document = {
        "_id": event.delivery_id,
        "job_id": event.job_id,
        "project": event.project,
        "outcome": event.outcome.value,
        "delivery": event.delivery.model_dump(),
        # As text: the names of headers may be such as MongoDB would refuse.
        "headers": to_json(event.headers).decode(),
        "expires_at": expires_at,
        "body_expires_at": body_expires_at,
    }
    document |= {name: getattr(event, name) for name in _SAID}
    document |= {name: value for name in _WHERE_THERE_IS_SOME if (value := getattr(event, name))}
    if event.reference is not None:
        document["reference"] = event.reference.model_dump()
    record = Insert(Collection.DELIVERIES, document)
    if not event.body:
        return (record,)
    body = {"_id": event.delivery_id, "body": b64decode(event.body), "expires_at": body_expires_at}
    return record, Insert(Collection.BODIES, body)
