"""Asking one worker to take nothing more, or to take work again."""

import re

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError

from lamplighter_contracts import subjects
from lamplighter_contracts.workers import DrainReply, DrainRequest
from lamplighter_gateway.web.problems import not_found, unavailable

TIMEOUT_SECONDS = 3.0
_NAME = re.compile(r"[A-Za-z0-9_-]{1,200}")
"""What is one token of a subject, and no pattern for several."""


async def drain(client: Client, worker: str, by: str, *, drained: bool) -> DrainReply:
    """Raises `Problem`: not-found (nobody has that name), unavailable (it does not answer)."""
    if not _NAME.fullmatch(worker):
        raise not_found("worker", worker)
    request = DrainRequest(worker=worker, drain=drained, requested_by=by)
    try:
        answer = await client.request(
            subjects.drain(worker),
            request.model_dump_json().encode(),
            timeout=TIMEOUT_SECONDS,
            headers={"content-type": "application/json"},
        )
    except NoRespondersError as error:
        raise not_found("worker", worker) from error
    except (NatsError, TimeoutError, ConnectionError) as error:
        raise unavailable(f"The worker {worker!r} does not answer; it may have heard. Ask again.") from error
    return DrainReply.model_validate_json(answer.data)
