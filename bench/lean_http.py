"""A keep-alive HTTP client that costs little, so that what is measured is the server."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit


class LeanClient:
    """One connection; one request at a time."""

    def __init__(self, url: str, token: str = "") -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self._address = (parts.hostname, parts.port or 80)
        self._head = f"Host: {parts.netloc}\r\n"
        if token:
            self._head += f"Authorization: Bearer {token}\r\n"

    async def open(self) -> "LeanClient":
        self._reader, self._writer = await asyncio.open_connection(*self._address)
        return self

    def close(self) -> None:
        self._writer.close()

    async def post(
        self, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        kind = {"Content-Type": "application/json"} if body else {}
        self._send("POST", path, {**kind, **(headers or {}), "Content-Length": str(len(body))}, body)
        return await self._answer()

    async def get(self, path: str) -> tuple[int, Any]:
        self._send("GET", path, {})
        return await self._answer()

    async def count(self, path: str, marks: tuple[bytes, bytes]) -> int:
        """Read an endless answer until the second mark has come in it; how often the first one came."""
        self._send("GET", path, {})
        await self._head_of_answer()
        counted, (wanted, last), before = 0, marks, b""
        while size := int(await self._reader.readline(), 16):
            portion = await self._reader.readexactly(size)
            await self._reader.readline()
            # A mark may be cut in two: what is kept is too short to be counted twice.
            counted += (before[-(len(wanted) - 1) :] + portion).count(wanted)
            if last in before + portion:
                return counted
            before = (before + portion)[-max(len(wanted), len(last)) :]
        raise ConnectionError(f"the answer to {path} ended before it was over")

    def _send(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> None:
        more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._writer.write(f"{method} {path} HTTP/1.1\r\n{self._head}{more}\r\n".encode() + body)

    async def _answer(self) -> tuple[int, Any]:
        status, length = await self._head_of_answer()
        return status, json.loads(await self._reader.readexactly(length))

    async def _head_of_answer(self) -> tuple[int, int]:
        """Its status, and its length where it says one."""
        status, length = int((await self._reader.readline()).split()[1]), 0
        while (line := await self._reader.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return status, length
