"""The tool `http`: requests to hosts that the agent and its environment both name."""

from urllib.parse import urlsplit

import httpx2
from pydantic import Field, JsonValue, field_validator

from lamplighter_contracts.environments import NetworkRules
from lamplighter_contracts.runners import HeaderName, HeaderValue, HttpUrl
from lamplighter_contracts.tools import HttpTool, Method
from lamplighter_dispatcher.llm.data import RAW_LIMIT
from lamplighter_dispatcher.llm.tools import Answer, Form, Tool
from lamplighter_outbound import Guard, NotAllowed, guarded_client

_OURS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect"}
)
_SHOWN = ("content-type", "location", "retry-after", "etag", "last-modified", "link")
_WITHOUT_EFFECT = ("GET", "HEAD")


class HttpForm(Form):
    url: HttpUrl
    method: Method = "GET"
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict, max_length=32)
    body: str = Field(default="", max_length=1 << 20)

    @field_validator("url")
    @classmethod
    def _can_be_read(cls, url: str) -> str:
        urlsplit(url)
        return url


class Http(Tool[HttpForm]):
    name, form, alone = "http", HttpForm, False

    def __init__(self, settings: HttpTool, network: NetworkRules) -> None:
        self._settings = settings
        self._guard = Guard(network, settings.hosts)
        self.description = (
            "Make an HTTP request. The answer has the status, some headers, and the first 64 kB of the body; redirects "
            f"are not followed. Hosts: {', '.join(settings.hosts)}. Methods: {', '.join(settings.methods)}."
        )

    def refusal(self, arguments: HttpForm) -> str:
        if arguments.method not in self._settings.methods:
            return f"the method {arguments.method} is not one of those allowed: {', '.join(self._settings.methods)}"
        if ours := _OURS & {name.lower() for name in arguments.headers}:
            return f"the header {min(ours)!r} is not for you to set"
        return ""

    def has_effect(self, arguments: HttpForm) -> bool:
        return arguments.method not in _WITHOUT_EFFECT

    def summary(self, arguments: HttpForm) -> str:
        parts = urlsplit(arguments.url)
        return f"{arguments.method} {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    async def call(self, arguments: HttpForm, state: JsonValue = None) -> Answer:
        try:
            async with (
                guarded_client(self._guard, timeout=self._settings.timeout_seconds) as client,
                client.stream(
                    arguments.method,
                    arguments.url,
                    headers=dict(arguments.headers),
                    content=arguments.body.encode() or None,
                ) as response,
            ):
                body, was_cut = await _beginning(response)
        except NotAllowed as refusal:
            return Answer(str(refusal), failed=True)
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            return Answer(f"it did not work: {error or type(error).__name__}", failed=True)
        head = [f"{name}: {response.headers[name]}" for name in _SHOWN if name in response.headers]
        text = "\n".join([f"status {response.status_code}", *head, "", body])
        return Answer(text, failed=response.status_code >= 400, edge=was_cut)


async def _beginning(response: httpx2.Response) -> tuple[str, bool]:
    kept = bytearray()
    async for chunk in response.aiter_bytes(16 * 1024):
        kept += chunk
        if len(kept) > RAW_LIMIT:
            return kept[:RAW_LIMIT].decode(response.encoding or "utf-8", errors="replace"), True
    return kept.decode(response.encoding or "utf-8", errors="replace"), False
