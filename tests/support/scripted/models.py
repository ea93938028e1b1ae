"""A model on a loopback port that says what a script says: over OpenAI's chat completions and Anthropic's messages.

Real sockets and real streams: a script may refuse, cut a stream, be slow, or call tools in ways that make no sense.
"""

import json
import select
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Lock, Thread
from typing import Any

PIECE = 6
"""Characters of text in one event."""


@dataclass(frozen=True)
class Turn:
    """What the model answers. `calls` are names and arguments; arguments that are text are sent as they are."""

    text: str = ""
    calls: tuple[tuple[str, Mapping[str, Any] | str], ...] = ()
    status: int = 200
    error: str = "this did not work"
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: float = 0
    """Seconds before the answer begins."""
    between: float = 0
    """Seconds between its events."""
    cut: int | None = None
    """After so many events the connection is closed."""
    usage: tuple[int, int] | None = (100, 20)
    """Tokens sent and received; None is not told."""
    finish: str = ""
    """Why it ended, in OpenAI's words; by itself `stop`, or `tool_calls`."""


@dataclass(frozen=True)
class Request:
    """What the model was sent."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def is_anthropic(self) -> bool:
        return self.path.endswith("/messages")

    @property
    def text(self) -> str:
        """All of it, as the model reads it."""
        return "\n".join(_texts(self.body))

    @property
    def system(self) -> str:
        if self.is_anthropic:
            return "\n".join(_texts(self.body.get("system", "")))
        return "\n".join(
            text
            for said in self.body["messages"]
            if said["role"] in ("system", "developer")
            for text in _texts(said)
        )

    @property
    def results(self) -> list[str]:
        """Of the tools that were called, in their order."""
        if not self.is_anthropic:
            return [
                "\n".join(_texts(said["content"])) for said in self.body["messages"] if said["role"] == "tool"
            ]
        parts = [
            part
            for said in self.body["messages"]
            if isinstance(said["content"], list)
            for part in said["content"]
        ]
        return ["\n".join(_texts(part["content"])) for part in parts if part["type"] == "tool_result"]

    @property
    def turns(self) -> int:
        """How often the model has answered before."""
        return sum(said["role"] == "assistant" for said in self.body["messages"])

    @property
    def tools(self) -> list[str]:
        offered = self.body.get("tools") or []
        return [tool["name"] if self.is_anthropic else tool["function"]["name"] for tool in offered]


Script = Callable[[Request], Turn]


@dataclass
class ScriptedModel:
    script: Script
    url: str = ""
    """Of Anthropic's protocol; OpenAI's is at `openai_url`."""
    requests: list[Request] = field(default_factory=list)
    disconnects: int = 0
    """Answers whose reader went away."""
    lock: Lock = field(default_factory=Lock)
    ids: Iterator[int] = field(default_factory=count)

    @property
    def openai_url(self) -> str:
        return f"{self.url}/v1"

    def take(self, request: Request) -> Turn:
        with self.lock:
            self.requests.append(request)
            return self.script(request)


def in_turn(*turns: Turn) -> Script:
    """One turn after the other, by how often the model has answered in this conversation; the last one stays."""
    return lambda request: turns[min(request.turns, len(turns) - 1)]


def one_by_one(*turns: Turn) -> Script:
    """One turn a request, also where the request is the same; the last one stays."""
    left = list(turns)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


@contextmanager
def scripted_model(script: Script) -> Iterator[ScriptedModel]:
    model = ScriptedModel(script)
    handler = type("Handler", (_Handler,), {"model": model})
    server = _Server(("127.0.0.1", 0), handler)
    model.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: object, client_address: object) -> None:
        """A reader that went away is counted, and not printed."""


class _Gone(Exception):
    """Whoever asked is not there any more."""


class _Handler(BaseHTTPRequestHandler):
    model: ScriptedModel
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        request = Request(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        turn = self.model.take(request)
        try:
            self._pause(turn.wait)
            if turn.status >= 400:
                self._refuse(request, turn)
            elif body.get("stream"):
                self._stream(request, turn)
            else:
                self._document(request, turn)
        except (_Gone, ConnectionError):
            with self.model.lock:
                self.model.disconnects += 1
            self.close_connection = True

    def _refuse(self, request: Request, turn: Turn) -> None:
        error = {"type": "error", "message": turn.error}
        whole = {"type": "error", "error": error} if request.is_anthropic else {"error": error}
        self._send(turn.status, json.dumps(whole).encode(), turn.headers)

    def _document(self, request: Request, turn: Turn) -> None:
        made = (
            _anthropic_message(self._id(), request, turn)
            if request.is_anthropic
            else _completion(self._id(), request, turn)
        )
        self._send(200, json.dumps(made).encode(), turn.headers)

    def _send(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {
            "content-type": "application/json",
            "content-length": str(len(content)),
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, request: Request, turn: Turn) -> None:
        events = _anthropic_events if request.is_anthropic else _openai_events
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        for number, event in enumerate(events(self._id(), request, turn)):
            if turn.cut is not None and number >= turn.cut:
                return
            self.wfile.write(event.encode())
            self.wfile.flush()
            self._pause(turn.between)

    def _id(self) -> str:
        with self.model.lock:
            return f"answer-{next(self.model.ids)}"

    def _pause(self, seconds: float) -> None:
        """Raises `_Gone` as soon as the other side closes."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            readable, _, _ = select.select([self.connection], [], [], left)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                raise _Gone

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server has
        """Quiet."""


def _raw(arguments: Mapping[str, Any] | str) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


def _pieces(text: str) -> list[str]:
    return [text[at : at + PIECE] for at in range(0, len(text), PIECE)]


def _finish(turn: Turn) -> str:
    return turn.finish or ("tool_calls" if turn.calls else "stop")


def _completion(answer_id: str, request: Request, turn: Turn) -> dict[str, Any]:
    calls = [
        {
            "id": f"{answer_id}-{number}",
            "type": "function",
            "function": {"name": name, "arguments": _raw(arguments)},
        }
        for number, (name, arguments) in enumerate(turn.calls)
    ]
    message = {"role": "assistant", "content": turn.text or None, **({"tool_calls": calls} if calls else {})}
    return {
        "id": answer_id,
        "object": "chat.completion",
        "created": 0,
        "model": request.body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": _finish(turn)}],
        "usage": _openai_usage(turn),
    }


def _openai_usage(turn: Turn) -> dict[str, int] | None:
    if turn.usage is None:
        return None
    sent, received = turn.usage
    return {"prompt_tokens": sent, "completion_tokens": received, "total_tokens": sent + received}


def _openai_events(answer_id: str, request: Request, turn: Turn) -> Iterator[str]:
    def event(delta: dict[str, Any], finish: str | None = None) -> str:
        return _openai_event(answer_id, request, [{"index": 0, "delta": delta, "finish_reason": finish}])

    yield event({"role": "assistant", "content": ""})
    for piece in _pieces(turn.text):
        yield event({"content": piece})
    for number, (name, arguments) in enumerate(turn.calls):
        function = {"name": name, "arguments": ""}
        call = {"index": number, "id": f"{answer_id}-{number}", "type": "function", "function": function}
        yield event({"tool_calls": [call]})
        for piece in _pieces(_raw(arguments)):
            yield event({"tool_calls": [{"index": number, "function": {"arguments": piece}}]})
    yield event({}, _finish(turn))
    if turn.usage is not None:
        yield _openai_event(answer_id, request, [], usage=_openai_usage(turn))
    yield "data: [DONE]\n\n"


def _openai_event(answer_id: str, request: Request, choices: list[dict[str, Any]], **more: Any) -> str:
    head = {"id": answer_id, "object": "chat.completion.chunk", "created": 0, "model": request.body["model"]}
    return f"data: {json.dumps({**head, 'choices': choices, **more})}\n\n"


_ANTHROPIC_WORDS = {
    "stop": "end_turn",
    "tool_calls": "tool_use",
    "length": "max_tokens",
    "content_filter": "refusal",
}


def _anthropic_message(answer_id: str, request: Request, turn: Turn) -> dict[str, Any]:
    text = [{"type": "text", "text": turn.text}] if turn.text else []
    calls = [
        {"type": "tool_use", "id": f"{answer_id}-{number}", "name": name, "input": arguments}
        for number, (name, arguments) in enumerate(turn.calls)
    ]
    sent, received = turn.usage or (0, 0)
    return {
        "id": answer_id,
        "type": "message",
        "role": "assistant",
        "model": request.body["model"],
        "content": [*text, *calls],
        "stop_reason": _ANTHROPIC_WORDS[_finish(turn)],
        "stop_sequence": None,
        "usage": {"input_tokens": sent, "output_tokens": received},
    }


def _anthropic_events(answer_id: str, request: Request, turn: Turn) -> Iterator[str]:
    sent, received = turn.usage or (0, 0)
    whole = _anthropic_message(answer_id, request, turn)
    begun = {**whole, "content": [], "stop_reason": None, "usage": {"input_tokens": sent, "output_tokens": 1}}
    yield _anthropic_event("message_start", message=begun)
    index = 0
    if turn.text:
        deltas = [{"type": "text_delta", "text": piece} for piece in _pieces(turn.text)]
        yield from _anthropic_block(index, {"type": "text", "text": ""}, deltas)
        index += 1
    for call, (_, arguments) in zip(whole["content"][index:], turn.calls, strict=True):
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in _pieces(_raw(arguments))]
        yield from _anthropic_block(index, {**call, "input": {}}, deltas)
        index += 1
    end = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    yield _anthropic_event("message_delta", delta=end, usage={"output_tokens": received})
    yield _anthropic_event("message_stop")


def _anthropic_block(index: int, block: dict[str, Any], deltas: list[dict[str, Any]]) -> Iterator[str]:
    yield _anthropic_event("content_block_start", index=index, content_block=block)
    for delta in deltas:
        yield _anthropic_event("content_block_delta", index=index, delta=delta)
    yield _anthropic_event("content_block_stop", index=index)


def _anthropic_event(name: str, **fields: Any) -> str:
    return f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n"


def _texts(value: Any) -> Iterator[str]:
    """All text in it; names of fields, and of kinds, aside."""
    match value:
        case str():
            yield value
        case dict():
            for name, inner in value.items():
                yield from _texts(inner) if name != "type" else ()
        case list():
            for inner in value:
                yield from _texts(inner)
