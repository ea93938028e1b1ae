"""Where a reader of the events is: the last sequence that it has had of each stream, and when that was. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from lamplighter_contracts.streams import CATALOG, DUE_TTL, EXECUTIONS, JOBS, Stream

SOURCES: tuple[Stream, ...] = (JOBS, EXECUTIONS, CATALOG)
"""The streams that are read, in the order in which a mark names them."""

KEPT = DUE_TTL
"""For how long everything that is told can be read back; some of it longer."""

SLACK = timedelta(minutes=5)
"""How far apart the streams' clocks and the order in which they were read may be."""

_MARK = re.compile(r"(\d{1,18})-(\d{1,18})-(\d{1,18})-(\d{1,13})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Mark:
    """`sequences` are in the order of `SOURCES`. The `id:` of each event."""

    sequences: tuple[int, ...]
    at: datetime

    def __str__(self) -> str:
        return f"{'-'.join(map(str, self.sequences))}-{int(self.at.timestamp() * 1000)}"

    def has(self, source: int, sequence: int) -> bool:
        return sequence <= self.sequences[source]

    def covers(self, other: "Mark") -> bool:
        """Whether it has all that the other has."""
        pairs = zip(self.sequences, other.sequences, strict=True)
        return all(mine >= theirs for mine, theirs in pairs)

    def after(self, source: int, sequence: int, at: datetime) -> "Mark":
        """With what came of one stream; never back."""
        known = self.sequences
        later = max(known[source], sequence)
        return Mark((*known[:source], later, *known[source + 1 :]), max(self.at, at))

    def joined(self, other: "Mark") -> "Mark":
        pairs = zip(self.sequences, other.sequences, strict=True)
        return Mark(tuple(max(pair) for pair in pairs), max(self.at, other.at))

    def cut(self, lasts: Sequence[int]) -> "Mark":
        """No stream further than it goes."""
        return replace(self, sequences=tuple(min(p) for p in zip(self.sequences, lasts, strict=True)))


def read_mark(text: str) -> Mark | None:
    """The mark in a Last-Event-ID; None where it is no id of ours."""
    found = _MARK.fullmatch(text.strip())
    if found is None:
        return None
    *sequences, milliseconds = (int(number) for number in found.groups())
    return Mark(tuple(sequences), datetime.fromtimestamp(milliseconds / 1000, UTC))


def is_partly_gone(mark: Mark, begun_at: datetime, now: datetime) -> bool:
    """Whether something that came after the mark may be kept no longer. `begun_at`: there was no bus before."""
    return max(mark.at, begun_at) < now - KEPT + SLACK
