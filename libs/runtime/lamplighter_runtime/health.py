"""Is it alive, can it work, what does it count: `/healthz`, `/readyz` and `/metrics`, the same for every service."""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from nats.aio.client import Client
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from lamplighter_runtime.metrics import READY

Check = Callable[[], str | None]
"""What is wrong, in a phrase, or None."""

Receive = Callable[[], Any]
Send = Callable[[dict[str, Any]], Any]


class Health:
    """Collects the checks of one service. Ready means that every one of them finds nothing wrong."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}

    def add(self, name: str, check: Check) -> None:
        self._checks[name] = check

    def watch_nats(self, client: Client) -> None:
        self.add("nats", lambda: None if client.is_connected else "not connected")

    def problems(self) -> dict[str, str]:
        found = {name: problem for name, check in self._checks.items() if (problem := check()) is not None}
        READY.set(0 if found else 1)
        return found

    def readiness(self) -> tuple[HTTPStatus, dict[str, Any]]:
        problems = self.problems()
        if problems:
            return HTTPStatus.SERVICE_UNAVAILABLE, {"status": "not ready", "problems": problems}
        return HTTPStatus.OK, {"status": "ready"}

    def routes(self) -> list[tuple[str, Any]]:
        """For FastStream's ASGI application."""
        return [("/healthz", self._healthz), ("/readyz", self._readyz), ("/metrics", self._metrics)]

    async def _healthz(self, scope: Any, receive: Receive, send: Send) -> None:
        await _answer(send, HTTPStatus.OK, json.dumps({"status": "ok"}).encode(), "application/json")

    async def _readyz(self, scope: Any, receive: Receive, send: Send) -> None:
        status, document = self.readiness()
        await _answer(send, status, json.dumps(document).encode(), "application/json")

    async def _metrics(self, scope: Any, receive: Receive, send: Send) -> None:
        self.problems()
        await _answer(send, HTTPStatus.OK, generate_latest(), CONTENT_TYPE_LATEST)


async def _answer(send: Send, status: HTTPStatus, body: bytes, content_type: str) -> None:
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": body})
