"""The gateway over HTTP: one request, one answer; or one live stream of lines."""

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import urlencode, urlsplit

from lamplighter_cli.connection import Connection
from lamplighter_cli.exits import LampError, Problem, Unreachable, WrongUse

ANSWER_SECONDS = 30
SILENCE_SECONDS = 45
"""A live stream says something every 15 seconds, if only a comment; after three times that it is dead."""

Query = Mapping[str, str | int | None]
Document = Any


@dataclass(frozen=True)
class Answer:
    document: Document
    headers: Message


class Client:
    # http.client instead of httpx: the import of httpx alone takes as long as a whole command may.
    def __init__(self, connection: Connection) -> None:
        self.url = connection.url
        self._token = connection.token

    def get(self, path: str, query: Query | None = None) -> Document:
        return self.request("GET", path, query=query).document

    def post(self, path: str, body: Document = None, headers: Mapping[str, str] | None = None) -> Document:
        return self.request("POST", path, body=body, headers=headers).document

    def put(self, path: str, body: Document) -> Document:
        return self.request("PUT", path, body=body).document

    def patch(self, path: str, body: Document, headers: Mapping[str, str] | None = None) -> Document:
        return self.request("PATCH", path, body=body, headers=headers).document

    def delete(self, path: str, query: Query | None = None) -> None:
        self.request("DELETE", path, query=query)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Document = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Raises `Problem` for what the gateway refuses, `Unreachable` where none answers."""
        response, content = self._whole(method, _target(path, query), body, headers or {})
        return Answer(self._document(response, content), response.headers)

    def download(self, path: str) -> bytes:
        """What is there, byte for byte. Raises as `request` does."""
        return self._whole("GET", path, None, {"Accept": "*/*"})[1]

    def _whole(
        self, method: str, target: str, body: Document, headers: Mapping[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        with self._exchange(method, target, body, headers, ANSWER_SECONDS) as response:
            try:
                content = response.read()
            except (OSError, http.client.HTTPException) as broken:
                raise self._unreachable(broken) from broken
        if response.status >= 300:
            raise self._problem(response, content)
        return response, content

    @contextmanager
    def stream(
        self, path: str, headers: Mapping[str, str], query: Query | None = None
    ) -> Iterator[Iterator[bytes]]:
        """The lines of a live stream, as they come. Raises as `request` does, and `Unreachable` when it breaks."""
        with self._exchange("GET", _target(path, query), None, headers, SILENCE_SECONDS) as response:
            if response.status != 200:
                raise self._problem(response, response.read())
            yield self._lines(response)

    def _lines(self, response: http.client.HTTPResponse) -> Iterator[bytes]:
        try:
            while line := response.readline():
                yield line
        except (OSError, http.client.HTTPException) as broken:
            raise self._unreachable(broken) from broken

    @contextmanager
    def _exchange(
        self, method: str, target: str, body: Document, headers: Mapping[str, str], seconds: float
    ) -> Iterator[http.client.HTTPResponse]:
        content, all_headers = self._message(body, headers)
        parts = urlsplit(self.url)
        assert parts.hostname is not None
        https = parts.scheme == "https"
        connect = http.client.HTTPSConnection if https else http.client.HTTPConnection
        with closing(connect(parts.hostname, parts.port, timeout=seconds)) as wire:
            try:
                wire.request(method, parts.path + target, content, all_headers)
                response = wire.getresponse()
            except (OSError, http.client.HTTPException) as broken:
                raise self._unreachable(broken) from broken
            with response:
                yield response

    def _message(self, body: Document, headers: Mapping[str, str]) -> tuple[bytes | None, dict[str, str]]:
        message = {"Accept": "application/json, application/problem+json", **headers}
        if self._token:
            message["Authorization"] = f"Bearer {self._token}"
        if body is None:
            return None, message
        message["Content-Type"] = "application/json"
        try:
            return json.dumps(body, ensure_ascii=False).encode(), message
        except UnicodeEncodeError as broken:
            raise WrongUse("the arguments hold bytes that are not UTF-8") from broken

    def _unreachable(self, broken: Exception) -> Unreachable:
        reason = broken.strerror if isinstance(broken, OSError) and broken.strerror else str(broken)
        return Unreachable(
            f"no answer from {self.url} ({reason or type(broken).__name__}):"
            " is the gateway running? Start one with `lamp up`, or set LAMP_URL"
        )

    def _document(self, response: http.client.HTTPResponse, content: bytes) -> Document:
        if not content:
            return None
        try:
            return json.loads(content)
        except ValueError as broken:
            kind = response.headers.get_content_type()
            raise LampError(
                f"{self.url} answered with {kind}, not JSON: is this a Lamplighter gateway?"
            ) from broken

    def _problem(self, response: http.client.HTTPResponse, content: bytes) -> LampError:
        try:
            document = json.loads(content)
            detail = str(document.get("detail") or document["title"])
            errors = [(str(e["field"]), str(e["problem"])) for e in document.get("errors") or ()]
        except (ValueError, KeyError, TypeError, AttributeError):
            detail, errors = f"{self.url} answered {response.status} {response.reason}".strip(), []
        return Problem(response.status, detail, errors)


def _target(path: str, query: Query | None = None) -> str:
    given = {name: value for name, value in (query or {}).items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path
