"""What a gate does not hold, read back: what started those that wait, and bodies too large for a message."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from nats.aio.client import Client

from lamplighter_contracts import envelope, subjects
from lamplighter_contracts.bodies import BodyReference
from lamplighter_contracts.events import JobTriggered
from lamplighter_contracts.gates import Waiting
from lamplighter_contracts.payloads import MalformedBody, read_payload
from lamplighter_contracts.streams import JOBS
from lamplighter_planning.bodies import bodies_needed
from lamplighter_planning.gathering import GATHERED_BYTES
from lamplighter_planning.lanes import admissible, is_parked
from lamplighter_planning.rulings import Asked, Body, Situation
from lamplighter_runtime.bodies import Bodies, BodyGone
from lamplighter_runtime.latest import Last, last_messages, some_messages

PARKED_AT_ONCE = 50
"""Triggers that are read back for one job in one decision: each may have a payload of its own."""

GROUPS_AT_ONCE = 16
"""Groups whose deliveries are read back at a time. Others have their turn after them."""

JOINED_BYTES = 4 * GATHERED_BYTES
"""Read back of one group: as messages they have more than their payloads."""

BODIES_AT_ONCE = 8 << 20
"""Bytes of bodies that decisions made together may need. One may be larger alone; as values they take several times
as much."""

Triggers = dict[str, JobTriggered | None]


class Parked:
    """Raises `BusUnavailable`, and pydantic's `ValidationError` for a trigger that cannot be read."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._bodies = Bodies(client)

    async def recalled(
        self, situations: Sequence[Situation], asked: Sequence[Asked], now: datetime
    ) -> list[Situation]:
        """With the triggers of what may fire now, with those that were gathered with them, and with their bodies."""
        ready = [_ready(s, one, now) for s, one in zip(situations, asked, strict=True)]
        triggers, joined = await asyncio.gather(
            self._triggers(situations, ready), self._joined(situations, ready)
        )
        known = [
            replace(situation, parked=parked, joined=gathered)
            for situation, parked, gathered in zip(situations, _within_reach(triggers), joined, strict=True)
        ]
        return [
            replace(s, bodies=await self._read(bodies_needed(s, one, now)))
            for s, one in zip(known, asked, strict=True)
        ]

    async def _triggers(
        self, situations: Sequence[Situation], ready: Sequence[Sequence[Waiting]]
    ) -> list[Triggers]:
        named = [
            {waiting.key: subjects.trigger(s.job_id, waiting.key) for waiting in waits}
            for s, waits in zip(situations, ready, strict=True)
        ]
        wanted = [subject for of_job in named for subject in of_job.values()]
        found = await last_messages(self._client, JOBS.name, wanted) if wanted else {}
        return [_named(of_job, found) for of_job in named]

    async def _joined(
        self, situations: Sequence[Situation], ready: Sequence[Sequence[Waiting]]
    ) -> list[Triggers]:
        groups = [
            (place, {token: subjects.trigger_at(s.job_id, token) for token in waiting.joined})
            for place, (s, waits) in enumerate(zip(situations, ready, strict=True))
            for waiting in waits
            if waiting.joined
        ][:GROUPS_AT_ONCE]
        answers = await asyncio.gather(
            *(some_messages(self._client, JOBS.name, list(g.values()), JOINED_BYTES) for _, g in groups)
        )
        found: list[Triggers] = [{} for _ in situations]
        for (place, named), answer in zip(groups, answers, strict=True):
            found[place] |= _named(named, answer)
        return found

    async def _read(self, references: Iterable[BodyReference]) -> dict[str, Body]:
        return {reference.name: await self._body(reference) for reference in references}

    async def _body(self, reference: BodyReference) -> Body:
        try:
            raw = await self._bodies.get(reference)
            return Body(await asyncio.to_thread(read_payload, reference.content_type, raw))
        except (BodyGone, MalformedBody) as gone:
            return Body(gone=f"what was delivered cannot be read back: {gone}")


def _ready(situation: Situation, asked: Asked, now: datetime) -> list[Waiting]:
    if situation.job is None or not situation.gate.waiting:
        return []
    ended = {end.execution_id for end in asked.ended}
    ready = admissible(situation.job, situation.gate, ended, now)
    return list(islice(filter(is_parked, ready), PARKED_AT_ONCE))


def _named(names: Mapping[str, str], found: Mapping[str, Last]) -> Triggers:
    return {name: _trigger(found.get(subject)) for name, subject in names.items()}


def _trigger(last: Last | None) -> JobTriggered | None:
    return envelope.read(JobTriggered, last.body, last.headers) if last else None


def _within_reach(found: Sequence[Triggers]) -> Iterator[Triggers]:
    """Without those whose bodies would be too much at a time: they keep their turn until the others have fired."""
    room, has_one = BODIES_AT_ONCE, False
    for triggers in found:
        kept: Triggers = {}
        for key, trigger in triggers.items():
            size = trigger.body.size if trigger and trigger.body else 0
            if not size or size <= room or not has_one:
                has_one |= size > 0
                room -= size
                kept[key] = trigger
        yield kept
