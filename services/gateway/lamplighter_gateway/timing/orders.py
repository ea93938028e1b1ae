"""Orders for backfills, each on a subject of its own: the first there is the backfill, the next may be its end."""

from datetime import datetime, timedelta

from nats.aio.client import Client
from pydantic import TypeAdapter

from lamplighter_contracts import envelope, subjects
from lamplighter_contracts.events import BackfillCancelled, BackfillOrder, BackfillRequested
from lamplighter_contracts.streams import DEDUPE_WINDOW, JOBS
from lamplighter_gateway.webhooks.inbox import SOURCE
from lamplighter_runtime.latest import messages_since
from lamplighter_runtime.messages import BusUnavailable, Message, Stored
from lamplighter_runtime.publishing import publish

_ORDER: TypeAdapter[BackfillOrder] = TypeAdapter(BackfillOrder)

MOST, MOST_BYTES = 500, 4 << 20
TRIES = 3
_SKEW = timedelta(minutes=1)
"""How far the clocks of a gateway and of NATS may be apart."""


class Orders:
    """Each raises `BusUnavailable`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def place(self, order: BackfillRequested) -> BackfillRequested:
        """The order that stands under this id: this one, or the one that came first."""
        message = _message(order, "requested", expected=0)
        for _ in range(TRIES):
            verdict = await publish(self._client, message)
            if isinstance(verdict, Stored) and not verdict.duplicate:
                return order
            for known in await self.of(order.backfill_id, order.requested_at):
                if isinstance(known, BackfillRequested):
                    return known
            # It has expired between the two looks: now the way is free.
        raise BusUnavailable(f"the order on {message.subject!r} was neither stored nor found")

    async def cancel(self, order: BackfillCancelled) -> None:
        await publish(self._client, _message(order, "cancelled"))

    async def of(self, backfill_id: str, now: datetime) -> list[BackfillOrder]:
        """What was ordered of one backfill, in order, as long as it is remembered."""
        return await self._read(subjects.any_backfill(backfill_id=backfill_id), now - DEDUPE_WINDOW - _SKEW)

    async def since(self, since: datetime, job_id: str | None) -> list[BackfillOrder]:
        """All since then, of one job or of all."""
        return await self._read(subjects.any_backfill(job_id or "*"), since)

    async def _read(self, pattern: str, since: datetime) -> list[BackfillOrder]:
        found = await messages_since(self._client, JOBS.name, pattern, since, MOST, MOST_BYTES)
        return [_ORDER.validate_json(message.body) for message in found]


def _message(order: BackfillRequested | BackfillCancelled, what: str, expected: int | None = None) -> Message:
    return Message(
        subjects.backfill(order.job_id, order.backfill_id),
        envelope.body(order),
        envelope.headers(
            order,
            event_id=f"{order.backfill_id}:{what}",
            source=SOURCE,
            time=order.requested_at,
            subject=order.job_id,
        ),
        message_id=f"{order.job_id}:{order.backfill_id}:{what}",
        expected=expected,
        ttl=DEDUPE_WINDOW,
    )
