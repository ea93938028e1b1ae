"""A delivery once more, by somebody's wish: to today's job, with today's filters, as a delivery of its own. Pure."""

from datetime import datetime

from lamplighter_contracts.deliveries import DeliveryReceived
from lamplighter_contracts.jobs import Job, Producer
from lamplighter_gateway.access.callers import Caller
from lamplighter_gateway.web.problems import Problem
from lamplighter_gateway.webhooks.verdicts import Arrival

_SCHEMES = {producer.value: producer for producer in Producer}


def replay_of(
    received: DeliveryReceived, body: bytes, job: Job, name: str, by: Caller, at: datetime
) -> Arrival:
    """`name` tells one replay of a delivery from another: the same name is the same replay.

    Raises a `Problem` where the job takes no deliveries any more.
    """
    if job.webhook is None:
        raise Problem(
            "conflict", f"The job {job.job_id!r} has no webhook any more: nothing can be delivered to it."
        )
    return Arrival(
        job=job,
        # Never the key of the first one: this is no repeat of it.
        key=f"replay:{received.delivery_id}:{name}",
        at=at,
        headers=received.headers,
        body=body,
        content_type=received.content_type,
        address=by.address,
        by=by.name,
        replay_of=received.delivery_id,
    )


def scheme_of(received: DeliveryReceived) -> Producer:
    """As what the first one was read: so its event and id are found where they were then."""
    return _SCHEMES.get(received.delivery.provider, Producer.AUTO)
