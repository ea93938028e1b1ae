"""What a reader of a live log is told where it stands still: it is parked, tried again, goes on."""

from collections.abc import Iterator
from typing import Any

from lamplighter_cli.commands.approval import commands
from lamplighter_cli.times import Clock


def interruption(name: str, data: Any, clock: Clock) -> Iterator[str]:
    """Sentences for an event of the stream; none for most."""
    match name:
        case "waiting":
            yield from _waiting(data, clock)
        case "answered":
            yield from map(_answered, data.get("approvals", ()))
            yield "It goes on as soon as a dispatcher takes it."
        case "retrying":
            because = data.get("detail") or data.get("reason")
            yield f"Attempt {data.get('attempt')} failed: {because}"
            yield f"It is tried again: {clock.local(data.get('not_before'))}"
        case "status" if data.get("resumed"):
            yield f"It goes on, on {data.get('worker')}."


def _waiting(data: Any, clock: Clock) -> Iterator[str]:
    for one in data.get("approvals", ()):
        if one.get("state") == "pending":
            until = clock.local(one.get("deadline_at"))
            yield f"It is parked until {until}, and waits for a word: {one.get('summary')}"
            yield f"  {commands({**one, 'id': one.get('approval_id')})}"


def _answered(one: Any) -> str:
    note = f" ({one['note']})" if one.get("note") else ""
    author = f" by {one['answered_by']}" if one.get("answered_by") else ""
    return f"{str(one.get('state')).capitalize()}{author}{note}: {one.get('summary')}"
