"""A server of Open Policy Agent, asked over its data API: `POST <url> {"input": ...}` -> `{"result": ...}`."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx2

from lamplighter_contracts.environments import DEFAULT_ENVIRONMENT, NetworkRules
from lamplighter_contracts.policies import Opa, PolicyInput
from lamplighter_outbound import Guard, guarded_client, read_limited
from lamplighter_policies.answers import read
from lamplighter_policies.opinions import Opinion, PolicyFailed
from lamplighter_policies.wire import as_json

ANSWER_LIMIT = 1 << 20
"""The most bytes of an answer that are read."""

Token = Callable[[str], str | None]
"""The value of a secret of the policy's environment by its name, None where there is no such secret."""


class Server:
    """One server, and the connections to it."""

    def __init__(self, opa: Opa, token: Token, environment: str = DEFAULT_ENVIRONMENT) -> None:
        self._opa, self._token, self._environment = opa, token, environment
        self._client: httpx2.AsyncClient | None = None

    async def ask(self, document: PolicyInput) -> Opinion:
        """Raises PolicyFailed for whatever is not a clear decision in time."""
        headers = {"Content-Type": "application/json", **self._authorization()}
        body = b'{"input":' + as_json(document).encode() + b"}"
        try:
            async with asyncio.timeout(self._opa.timeout_seconds):
                answer = await self._post(body, headers)
        except TimeoutError as late:
            raise PolicyFailed(
                f"{self._host} gave no answer within {self._opa.timeout_seconds:g} s."
            ) from late
        except httpx2.HTTPError as broken:
            raise PolicyFailed(
                f"{self._host} cannot be asked: {str(broken) or type(broken).__name__}."
            ) from broken
        if not isinstance(answer, dict):
            raise PolicyFailed(f"The answer of {self._host} is not a JSON object.")
        return read(answer.get("result"))

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def _post(self, body: bytes, headers: dict[str, str]) -> Any:
        if self._client is None:
            self._client = self._connect()
        async with self._client.stream("POST", self._opa.url, content=body, headers=headers) as response:
            if response.status_code != 200:
                raise PolicyFailed(f"{self._host} answered {response.status_code}.")
            content = await read_limited(response, ANSWER_LIMIT)
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as broken:
            raise PolicyFailed(f"The answer of {self._host} is not JSON.") from broken

    def _connect(self) -> httpx2.AsyncClient:
        # Whoever wrote the policy has named the server: it may be a private one, and no other is asked.
        hosts = (urlsplit(self._opa.url).hostname or "",)
        return guarded_client(Guard(NetworkRules(hosts=hosts), hosts), timeout=self._opa.timeout_seconds)

    def _authorization(self) -> dict[str, str]:
        name = self._opa.token
        if name is None:
            return {}
        value = self._token(name)
        if value is None:
            raise PolicyFailed(
                f"It needs the secret {name!r} of the environment {self._environment!r}, which is not there."
            )
        return {"Authorization": f"Bearer {value}"}

    @property
    def _host(self) -> str:
        return urlsplit(self._opa.url).netloc.rpartition("@")[2]
