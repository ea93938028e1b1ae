"""Asks dispatchers to cancel what has to make room."""

from collections.abc import Iterable

from nats.aio.client import Client
from nats.errors import Error as NatsError

from lamplighter_contracts import subjects
from lamplighter_contracts.control import CancelRequest
from lamplighter_runtime.logs import get_logger

log = get_logger()

_HEADERS = {"content-type": "application/json"}


class Stops:
    def __init__(self, client: Client) -> None:
        self._client = client

    async def ask(self, job_id: str, stopping: Iterable[tuple[str, str]]) -> None:
        """Of each execution, with the reason. Nobody waits for an answer: the end of the execution is the answer,
        and the reconciler asks again for one that does not end."""
        for execution_id, why in stopping:
            request = CancelRequest(
                execution_id=execution_id, job_id=job_id, requested_by=f"the scheduler ({why})"
            )
            try:
                body = request.model_dump_json().encode()
                await self._client.publish(subjects.CANCEL_EXECUTION, body, headers=_HEADERS)
            except NatsError as error:
                log.warning("stop.unasked", execution_id=execution_id, error=repr(error))
