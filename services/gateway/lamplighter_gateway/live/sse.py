"""Server-sent events as they go over the wire (HTML Living Standard, 9.2), and where a reader of them is."""

import json
import re
from dataclasses import dataclass
from typing import Any

OPENING = b"retry: 1000\n: lamplighter\n\n"
HEARTBEAT = b": still here\n\n"

_POSITION = re.compile(r"(\d{1,19})-(\d{1,19})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Position:
    """What a reader has had: the last sequence in `EXECUTIONS`, and the last in `LOGS`. The `id:` of each event."""

    events: int = 0
    log: int = 0

    def __str__(self) -> str:
        return f"{self.events}-{self.log}"


def read_position(last_event_id: str | None) -> Position | None:
    """The position in a Last-Event-ID; the beginning where there is none; None where it is no id of ours."""
    if not last_event_id:
        return Position()
    match = _POSITION.fullmatch(last_event_id.strip())
    return Position(int(match[1]), int(match[2])) if match else None


def written(data: Any) -> bytes:
    """As it stands in a frame. JSON has no line break outside its strings, and escapes those inside: it is one line."""
    return json.dumps(data, ensure_ascii=False).encode()


def frame(event: str, data: bytes, position: object) -> tuple[bytes, bytes, bytes]:
    """In pieces, so that the data may be the same bytes for many readers."""
    return b"event: %b\nid: %b\ndata: " % (event.encode(), str(position).encode()), data, b"\n\n"
