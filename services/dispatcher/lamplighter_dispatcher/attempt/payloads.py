"""What an execution was started with, where that is too large for its message: read back before it runs."""

import asyncio
from dataclasses import dataclass
from typing import Any

from nats.aio.client import Client

from lamplighter_contracts.events import Firing
from lamplighter_contracts.payloads import MalformedBody, read_payload
from lamplighter_contracts.reasons import Failed
from lamplighter_dispatcher.admission.plans import Plan
from lamplighter_dispatcher.outcomes import Unsuccessful
from lamplighter_runtime.bodies import Bodies, BodyGone
from lamplighter_runtime.messages import BusUnavailable

_PROMPTED = frozenset({"llm", "noop"})
"""Runners to whom the prompt says all that they hear of a payload."""


@dataclass(frozen=True, slots=True)
class Payload:
    value: Any


class Payloads:
    """One for a process. One body is read at a time: as it is read it takes several times its size."""

    def __init__(self, client: Client) -> None:
        self._bodies = Bodies(client)
        self._turn = asyncio.Lock()

    async def of(self, firing: Firing, plan: Plan) -> Payload | Unsuccessful:
        """As JSON. Of a large one nothing is read for agents to whom it is not handed."""
        if firing.body is None or all(agent.runner.kind in _PROMPTED for agent in plan.everyone):
            return Payload(firing.payload)
        try:
            async with self._turn:
                raw = await self._bodies.get(firing.body)
                return Payload(await asyncio.to_thread(read_payload, firing.body.content_type, raw))
        except (BodyGone, MalformedBody) as gone:
            return Unsuccessful(Failed.BODY.value, f"What it was started with cannot be read back: {gone}.")
        except BusUnavailable as unavailable:
            detail = f"What it was started with could not be read back now: {unavailable}."
            return Unsuccessful(Failed.UNAVAILABLE.value, detail)
