"""When a model turns in circles: the same call over and over, or calls that make no sense. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

SAME_CALLS = 5
NONSENSE_TOLD = 3


class GaveUp(Exception):
    """The conversation leads nowhere. `reason` is a word of `Failed`, `detail` a sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


@dataclass
class Watchfulness:
    """What is remembered of the calls so far."""

    last: str = ""
    """A hash of the last call."""
    times: int = 0
    nonsense: int = 0

    def sees(self, tool: str, arguments: Mapping[str, JsonValue]) -> None:
        """A call that makes sense. Raises `GaveUp` where it is the same for the fifth time in a row."""
        call = hashlib.sha256(json.dumps([tool, arguments], sort_keys=True).encode()).hexdigest()
        self.times = self.times + 1 if call == self.last else 1
        self.last, self.nonsense = call, 0
        if self.times >= SAME_CALLS:
            raise GaveUp(
                "tool_loop", f"It called {tool!r} with the same arguments {SAME_CALLS} times in a row."
            )

    def puzzled(self, tool: str, why: str) -> None:
        """A call that makes none. Raises `GaveUp` where the model was told so three times in a row before."""
        self.nonsense += 1
        if self.nonsense > NONSENSE_TOLD:
            raise GaveUp(
                "agent_error", f"It called {tool!r} in a way that makes no sense, and was told so: {why}"
            )
