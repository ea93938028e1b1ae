"""One delivery, found wherever it is known, and its body as long as it is kept."""

import base64
from typing import Any

from lamplighter_contracts.deliveries import DeliveryReceived
from lamplighter_contracts.ids import is_execution_id
from lamplighter_contracts.payloads import MalformedBody, read_payload
from lamplighter_contracts.queries import DeliveryRecord
from lamplighter_gateway.catalog.contents import Catalog
from lamplighter_gateway.past.history import History
from lamplighter_gateway.past.sightings import Sightings
from lamplighter_gateway.web.problems import Problem, not_found
from lamplighter_runtime.bodies import Bodies, BodyGone


class Deliveries:
    def __init__(self, history: History, sightings: Sightings, bodies: Bodies, catalog: Catalog) -> None:
        self._history = history
        self._sightings = sightings
        self._bodies = bodies
        self._catalog = catalog

    def seen_in(self, history: History, catalog: Catalog) -> "Deliveries":
        """For somebody who sees no more than these: what is out of reach is not there."""
        return Deliveries(history, self._sightings, self._bodies, catalog)

    async def record(self, delivery_id: str) -> DeliveryRecord:
        """As history has it; of one that has not come to history yet, what the bus knows.

        Raises `Problem`: not-found, unavailable (history).
        """
        # A delivery's id is made as an execution's is.
        if not is_execution_id(delivery_id):
            raise not_found("delivery", delivery_id)
        record = await self._history.delivery(delivery_id)
        if record is not None:
            return record
        received = await self._sightings.delivery(delivery_id)
        if received is None or not self._catalog.reaches(received.project):
            raise not_found("delivery", delivery_id)
        return DeliveryRecord(received=received)

    async def body(self, received: DeliveryReceived) -> bytes:
        """The bytes as they came. Raises `Problem` (body-gone), `BusUnavailable`."""
        if received.reference is not None:
            try:
                return await self._bodies.get(received.reference)
            except BodyGone as gone:
                raise _gone(received) from gone
        if received.size and not received.body:
            raise _gone(received)
        return base64.b64decode(received.body)


def payload_of(received: DeliveryReceived) -> Any:
    """What the job was told of the body; None where it was too large for that, or is not kept any more."""
    try:
        return read_payload(received.content_type, base64.b64decode(received.body))
    except MalformedBody:
        return None


def _gone(received: DeliveryReceived) -> Problem:
    return Problem("body-gone", f"The body of the delivery {received.delivery_id!r} is no longer kept.")
