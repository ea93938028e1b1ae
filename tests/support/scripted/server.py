"""The scripted gateway on a loopback port: real sockets, and live streams that break where a test says so."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.scripted.gateway import Asked, ScriptedGateway
from tests.support.scripted.routes import EXECUTION_PATH, ROUTES


@contextmanager
def scripted_gateway() -> Iterator[ScriptedGateway]:
    gateway = ScriptedGateway(routes=ROUTES)
    handler = type("Handler", (_Handler,), {"gateway": gateway})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    gateway.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    gateway: ScriptedGateway
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        target = urlsplit(self.path)
        stream = re.fullmatch(f"{EXECUTION_PATH}/stream", target.path)
        name = stream[1] if stream else target.path
        if name in self.gateway.streams:
            self._stream(self.gateway.streams[name])
        else:
            self._answer()

    def do_POST(self) -> None:
        self._answer()

    do_PATCH = do_PUT = do_DELETE = do_POST  # noqa: N815 - the names that http.server looks for

    def _answer(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        reply = self.gateway.answer(self._asked(json.loads(content) if content else None))
        raw = reply.document if isinstance(reply.document, bytes) else json.dumps(reply.document).encode()
        body = b"" if reply.document is None else raw
        self.send_response(reply.status)
        kind = "text/html" if isinstance(reply.document, bytes) else "application/json"
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _asked(self, body: Any) -> Asked:
        target = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(target.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Asked(self.command, target.path, query, body, headers)

    def _stream(self, events: list[tuple[str, str, Any]]) -> None:
        """The events after Last-Event-ID in chunks, as an ASGI server sends them; cut where the test says so."""
        last = self.headers.get("Last-Event-ID", "")
        asked = self._asked(None)
        self.gateway.asked.append(Asked("STREAM", asked.path, asked.query, None, {"last-event-id": last}))
        ids = [event_id for event_id, _, _ in events]
        rest = events[ids.index(last) + 1 :] if last in ids else events
        text = ": connected\n\n" + "".join(
            f"id: {event_id}\nevent: {name}\ndata: {json.dumps(data)}\n\n" for event_id, name, data in rest
        )
        cut = self.gateway.cuts.pop(0) if self.gateway.cuts else None
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        content = text.encode()[:cut]
        # The length names the whole chunk: a connection that breaks, breaks inside of it.
        self.wfile.write(f"{len(text.encode()):x}\r\n".encode() + content)
        if cut is None:
            self.wfile.write(b"\r\n0\r\n\r\n")
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server has
        """Quiet."""
