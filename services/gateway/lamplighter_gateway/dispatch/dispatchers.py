"""Asking the dispatchers: one of them answers for all."""

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError

from lamplighter_contracts.fields import Model
from lamplighter_gateway.web.problems import unavailable

TIMEOUT_SECONDS = 3.0


async def ask(client: Client, subject: str, request: Model, done: str) -> bytes:
    """The reply. `done` is what was asked for, as `cancelled`. Raises `Problem` (unavailable)."""
    try:
        answer = await client.request(
            subject,
            request.model_dump_json().encode(),
            timeout=TIMEOUT_SECONDS,
            headers={"content-type": "application/json"},
        )
    except NoRespondersError as error:
        raise unavailable(f"No dispatcher is running: nothing was {done}.") from error
    except (NatsError, TimeoutError, ConnectionError) as error:
        raise unavailable(f"No dispatcher answers; it may have been {done}. Ask again.") from error
    return answer.data
