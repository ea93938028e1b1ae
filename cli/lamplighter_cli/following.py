"""A live stream from its beginning to its end, over as many connections as that takes."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from lamplighter_cli.exits import Exit, Problem, Unreachable
from lamplighter_cli.paths import EXECUTIONS, item
from lamplighter_cli.sse import parse

if TYPE_CHECKING:
    from lamplighter_cli.client import Client, Query

PATIENCE_SECONDS = 120.0
"""How long to try again after the stream broke off."""

STEADY_SECONDS = 10.0
"""A connection that lasted so long was a good one, even if nothing happened meanwhile."""

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0


class LiveEvent(NamedTuple):
    name: str
    data: Any


@dataclass
class Patience:
    """How long to wait before the next connection. A good one begins the count anew."""

    down_since: float = 0.0
    pause: float = FIRST_PAUSE

    def next_pause(self, now: float, good: bool) -> float | None:
        """None when it has been long enough."""
        if good:
            self.down_since, self.pause = now, FIRST_PAUSE
        if now - self.down_since > PATIENCE_SECONDS:
            return None
        pause, self.pause = self.pause, min(self.pause * 2, LONGEST_PAUSE)
        return pause


def follow(
    client: "Client",
    execution_id: str,
    sleep: Callable[[float], None],
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[LiveEvent]:
    """Every event of an execution, `end` last. Raises as `follow_stream` does."""
    path = f"{item(EXECUTIONS, execution_id)}/stream"
    return follow_stream(client, path, {}, f"the live stream of {execution_id}", sleep, clock)


def follow_stream(
    client: "Client",
    path: str,
    query: "Query",
    name: str,
    sleep: Callable[[float], None],
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[LiveEvent]:
    """Every event, `end` last. A connection that breaks is made again, after the last event that came whole; so is
    one that a gateway ends because it leaves.

    Raises what the first connection raises; later, `Unreachable` when none succeeds in `PATIENCE_SECONDS`.
    """
    last_id, connected, patience = "", False, Patience(clock())
    while True:
        began, good = clock(), False
        try:
            with client.stream(path, _headers(last_id), query) as lines:
                good, connected = not connected, True
                for event in parse(lines, last_id):
                    data = _data(event.data)
                    if event.name and not _is_leaving(event.name, data):
                        yield LiveEvent(event.name, data)
                        if event.name == "end":
                            return
                    last_id, good = event.last_id, True
        except (Unreachable, Problem) as broken:
            if not connected or broken.exit is not Exit.UNAVAILABLE:
                raise
        pause = patience.next_pause(clock(), good or clock() - began > STEADY_SECONDS)
        if pause is None:
            raise Unreachable(f"{name} broke off and did not come back")
        sleep(pause)


def _is_leaving(name: str, data: Any) -> bool:
    return name == "end" and isinstance(data, dict) and data.get("reason") == "leaving"


def _headers(last_id: str) -> dict[str, str]:
    headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
    return {**headers, "Last-Event-ID": last_id} if last_id else headers


def _data(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
