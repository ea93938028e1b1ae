"""Questions to JetStream's own API (the `$JS.API` subjects), which the client library does not know all of."""

import json
from typing import Any

from nats.aio.client import Client
from nats.errors import Error as NatsError

from lamplighter_runtime.messages import BusUnavailable

TIMEOUT_SECONDS = 3.0

Reply = dict[str, Any]


async def ask(client: Client, path: str, request: dict[str, Any] | None = None) -> Reply:
    """The server's answer, which may be a refusal under `error`. Raises `BusUnavailable` where there is none."""
    body = json.dumps(request).encode() if request is not None else b""
    try:
        answer = await client.request(f"$JS.API.{path}", body, timeout=TIMEOUT_SECONDS)
    except (NatsError, TimeoutError, ConnectionError) as error:
        raise BusUnavailable(f"NATS did not answer {path!r}: {error!r}") from error
    reply: Reply = json.loads(answer.data)
    return reply


async def obtain(client: Client, path: str, request: dict[str, Any] | None = None) -> Reply:
    """As `ask`; a refusal is `BusUnavailable` too."""
    reply = await ask(client, path, request)
    if "error" in reply:
        raise BusUnavailable(f"NATS refused {path!r}: {reply['error'].get('description')}")
    return reply
