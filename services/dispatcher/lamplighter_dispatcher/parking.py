"""What a parked execution needs to go on: its due event, and what its runner left, in pieces. Pure."""

import base64
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from lamplighter_contracts.events import JobDue
from lamplighter_contracts.executions import Parked
from lamplighter_contracts.usage import Usage

PIECE = 256 * 1024
MOST_BYTES = 8 << 20
"""Of a state, packed. A conversation of that length is beyond every model."""
MOST_UNPACKED = 256 << 20


class TooLarge(ValueError):
    """The state is larger than what is kept of a parked execution."""


@dataclass(frozen=True, slots=True)
class Interim:
    """How far one agent's run has come: what its runner left, and what counts against the limits of the agent."""

    state: JsonValue = None
    used: Usage = Usage()
    seconds: float = 0

    @classmethod
    def of(cls, left: JsonValue) -> "Interim":
        if not isinstance(left, dict):
            return cls()
        seconds = left.get("seconds")
        return cls(
            left.get("state"),
            Usage.model_validate(left.get("used", {})),
            seconds if isinstance(seconds, float) else 0.0,
        )

    @property
    def as_json(self) -> JsonValue:
        return {"state": self.state, "used": self.used.model_dump(mode="json"), "seconds": self.seconds}


def pack(due: JobDue, attempt: int, state: JsonValue = None) -> list[Parked]:
    """The due event first, then the state, where it has begun. Raises `TooLarge`."""
    if state is None:
        return [Parked(execution_id=due.execution_id, attempt=attempt, number=1, total=1, due=due)]
    packed = base64.b64encode(zlib.compress(json.dumps(state).encode(errors="surrogatepass"))).decode()
    if len(packed) > MOST_BYTES:
        raise TooLarge(
            f"what its agent has to remember takes {len(packed):,} bytes, of at most {MOST_BYTES:,}"
        )
    texts = [packed[start : start + PIECE] for start in range(0, len(packed), PIECE)]
    total = 1 + len(texts)
    first = Parked(execution_id=due.execution_id, attempt=attempt, number=1, total=total, due=due)
    return [
        first,
        *(
            Parked(execution_id=due.execution_id, attempt=attempt, number=number, total=total, state=text)
            for number, text in enumerate(texts, 2)
        ),
    ]


def unpack(pieces: Sequence[Parked]) -> JsonValue:
    """The state. Raises `ValueError` where a piece is missing or does not belong to the others."""
    ordered = sorted(pieces, key=lambda piece: piece.number)
    if not ordered or [p.number for p in ordered] != list(range(1, ordered[0].total + 1)):
        raise ValueError("what is needed to go on is not all there")
    packed = base64.b64decode("".join(piece.state for piece in ordered))
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(packed, MOST_UNPACKED)
    except zlib.error as broken:
        raise ValueError("what is needed to go on is damaged") from broken
    if unpacker.unconsumed_tail:
        raise ValueError("what is needed to go on is larger than it may be")
    state: JsonValue = json.loads(text)
    return state
