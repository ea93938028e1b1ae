"""Server-sent events out of lines, as the HTML standard reads them (9.2.6)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class ServerEvent:
    """`last_id` is what to send as Last-Event-ID to go on after this event.

    One without a name moves the reader on, and tells nothing.
    """

    name: str
    data: str
    last_id: str


def parse(lines: Iterable[bytes], last_id: str = "") -> Iterator[ServerEvent]:
    """Each event that its blank line ended. What a cut connection left of one is dropped: it comes again."""
    name, data, told = "", list[str](), last_id
    for raw in lines:
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        if not line:
            if data:
                yield ServerEvent(name or "message", "\n".join(data), last_id)
            elif last_id != told:
                yield ServerEvent("", "", last_id)
            name, data, told = "", [], last_id
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "event":
                name = value
            case "data":
                data.append(value)
            case "id" if "\0" not in value:
                last_id = value
            case _:
                pass  # a comment (the heartbeat), `retry`, or a field of a later day
