"""A language model that a script plays, on a loopback port: it speaks OpenAI's protocol, and says what it is told to.

Real agents have a real model: `--base-url` and `--model` of any endpoint go where this one's stand.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

Turn = str | tuple[str, dict[str, Any]]
"""A text, or the call of a tool: its name and arguments."""


@contextmanager
def scripted_model(turns: Sequence[Turn]) -> Iterator[str]:
    """Its address, as long as it is there. A conversation is at the turn of so many answers as it has had."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            said = sum(message["role"] == "assistant" for message in asked["messages"])
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            for event in _events(turns[min(said, len(turns) - 1)], said):
                self.wfile.write(f"data: {event}\n\n".encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server has
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


def _events(turn: Turn, number: int) -> Iterator[str]:
    if isinstance(turn, str):
        yield _chunk({"role": "assistant", "content": turn})
        yield _chunk({}, finish="stop")
    else:
        name, arguments = turn
        function = {"name": name, "arguments": json.dumps(arguments)}
        call = {"index": 0, "id": f"call-{number}", "type": "function", "function": function}
        yield _chunk({"role": "assistant", "tool_calls": [call]})
        yield _chunk({}, finish="tool_calls")
    yield _chunk(None, usage={"prompt_tokens": 120, "completion_tokens": 20, "total_tokens": 140})
    yield "[DONE]"


def _chunk(delta: dict[str, Any] | None, finish: str | None = None, **more: Any) -> str:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    head = {"id": "answer", "object": "chat.completion.chunk", "created": 0, "model": "scripted"}
    return json.dumps({**head, "choices": choices, **more})
