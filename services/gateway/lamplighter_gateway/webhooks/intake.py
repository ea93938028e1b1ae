"""Takes a genuine delivery in: read, judged, and recorded durably with what it starts."""

import json
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from lamplighter_contracts.bodies import LARGEST_INLINE
from lamplighter_contracts.jobs import Producer
from lamplighter_gateway.webhooks.inbox import Inbox, Recorded
from lamplighter_gateway.webhooks.reader import Reader
from lamplighter_gateway.webhooks.reading import Question, Reading
from lamplighter_gateway.webhooks.verdicts import Arrival, verdict_of
from lamplighter_runtime.bodies import Bodies

MOST_ESCAPES = 6
"""By which JSON can be longer than the bytes that it was read from: a control character becomes `\\u0001`."""


@dataclass(frozen=True, slots=True)
class Taken:
    recorded: Recorded
    challenge: str = ""
    """What Slack wants to hear back."""


@dataclass(frozen=True)
class Intake:
    inbox: Inbox
    reader: Reader
    bodies: Bodies

    async def take(self, arrival: Arrival, scheme: Producer) -> Taken:
        """Raises a `Problem` for a body that cannot be read, `BusUnavailable`, `MessageTooLarge`."""
        reading = await self.reader.read(question_of(arrival, scheme), arrival.body)
        return Taken(await self._record(arrival, reading), reading.claim.challenge)

    async def _record(self, arrival: Arrival, reading: Reading) -> Recorded:
        key = arrival.key or reading.claim.delivery_id
        named, arrival = bool(key), replace(arrival, key=key or str(uuid4()))
        job_id = arrival.job.job_id
        if fits_a_message(arrival.body, reading.payload):
            return await self.inbox.record(verdict_of(arrival, reading))
        if named and (first := await self.inbox.first(job_id, arrival.key)):
            # Its body is kept already.
            return Recorded(first, duplicate=True)
        kept = await self.bodies.put(f"{job_id} {arrival.key}", arrival.body, arrival.content_type)
        return await self.inbox.record(verdict_of(replace(arrival, reference=kept), reading))


def question_of(arrival: Arrival, scheme: Producer) -> Question:
    webhook = arrival.job.webhook
    return Question(
        scheme=scheme,
        content_type=arrival.content_type,
        headers=arrival.headers,
        filter=webhook.filter if webhook else "",
        gather_by=webhook.gather_by if webhook and webhook.gather_seconds else "",
    )


def fits_a_message(body: bytes, payload: Any) -> bool:
    """Whether the body, and what was read from it, travel within messages."""
    if len(body) > LARGEST_INLINE:
        return False
    if len(body) * MOST_ESCAPES <= LARGEST_INLINE:
        return True
    return len(json.dumps(payload, ensure_ascii=False).encode()) <= LARGEST_INLINE
