"""The model of an agent, ready to be asked: whose protocol, which key, and the one host that it may speak to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import httpx2
from pydantic_ai.models import Model
from pydantic_ai.settings import ModelSettings

from lamplighter_contracts.environments import NetworkRules
from lamplighter_contracts.runners import LlmRunner
from lamplighter_outbound import Guard, guarded_client

TIMEOUT = httpx2.Timeout(connect=10, read=600, write=60, pool=None)
_LIMITS = httpx2.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=10)
MOST_BYTES = 64 << 20
"""Of one answer: more than any model says, and what a server that never ends is held to."""
_NO_KEY = "none"
"""What is sent to a server that asks for none. Without it the libraries look for one in this process' variables."""
_OWN = {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com"}


@dataclass
class _Shared:
    client: httpx2.AsyncClient
    users: int = 0


class Clients:
    """One HTTP client for all runs that speak to the same host. It is closed with the last of them."""

    def __init__(self) -> None:
        self._shared: dict[tuple[str, tuple[str, ...]], _Shared] = {}

    @asynccontextmanager
    async def use(self, url: str, network: NetworkRules) -> AsyncIterator[httpx2.AsyncClient]:
        """For the host of `url` alone, which may be a private one: whoever wrote the agent named it."""
        host = urlsplit(url).hostname or ""
        key = (host, network.ranges)
        if key not in self._shared:
            guard = Guard(NetworkRules(hosts=(host,), ranges=network.ranges))
            client = guarded_client(guard, timeout=TIMEOUT, limits=_LIMITS, most_bytes=MOST_BYTES)
            self._shared[key] = _Shared(client)
        shared = self._shared[key]
        shared.users += 1
        try:
            yield shared.client
        finally:
            shared.users -= 1
            if not shared.users:
                del self._shared[key]
                await shared.client.aclose()


def place(settings: LlmRunner) -> str:
    return settings.base_url or _OWN[settings.provider]


async def model(settings: LlmRunner, key: str | None, client: httpx2.AsyncClient) -> Model[Any]:
    # Imported in a thread: it takes a second, and meanwhile others run.
    await asyncio.to_thread(import_module, f"pydantic_ai.models.{settings.provider}")
    made = _anthropic if settings.provider == "anthropic" else _openai
    return made(settings, key or _NO_KEY, client)


def _openai(settings: LlmRunner, key: str, client: httpx2.AsyncClient) -> Model[Any]:
    from openai import AsyncOpenAI
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.profiles.openai import OpenAIModelProfile
    from pydantic_ai.providers.openai import OpenAIProvider
    from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

    api = AsyncOpenAI(api_key=key, base_url=place(settings), http_client=client, max_retries=0)
    # Read from this process' variables, and not meant for whatever address an agent names.
    api.organization = api.project = None
    api._custom_headers = {}  # noqa: SLF001 - there is no other way not to have them
    provider = (
        OpenAICompatibleProvider("openai-compatible", openai_client=api)
        if settings.base_url
        else OpenAIProvider(openai_client=api)
    )
    # By itself a stream that is cut looks like one that is over.
    whole = OpenAIModelProfile(openai_chat_streaming_requires_finish_reason=True)
    return OpenAIChatModel(settings.model, provider=provider, profile=whole, settings=_settings(settings))


def _anthropic(settings: LlmRunner, key: str, client: httpx2.AsyncClient) -> Model[Any]:
    from anthropic import AsyncAnthropic
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    api = AsyncAnthropic(api_key=key, base_url=place(settings), http_client=client, max_retries=0)
    api._custom_headers = {}  # noqa: SLF001 - as above
    return AnthropicModel(
        settings.model, provider=AnthropicProvider(anthropic_client=api), settings=_settings(settings)
    )


def _settings(settings: LlmRunner) -> ModelSettings:
    wanted = ModelSettings()
    if settings.temperature is not None:
        wanted["temperature"] = settings.temperature
    if settings.max_output_tokens is not None:
        wanted["max_tokens"] = settings.max_output_tokens
    return wanted
