"""`fri 18:00 - mon 06:00` and `mon-fri 09:00-17:00`: the same hours of every week, by the clocks on the wall."""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from .errors import ScheduleError

_DAY, _WEEK = 24 * 60, 7 * 24 * 60
_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_GROUPS = {"daily": range(7), "weekdays": range(5), "weekends": range(5, 7)}
_TIMES = r"(?P<start>\d\d?:\d\d)-(?:(?P<until>[a-z]+) )?(?P<end>\d\d?:\d\d)"
_WINDOW = re.compile(rf"(?P<days>[a-z]+(?:[-,][a-z]+)*) {_TIMES}", re.ASCII)
_EXAMPLES = (
    "such as 'mon-fri 09:00-17:00', 'sat,sun 00:00-24:00', 'daily 22:00-06:00' or 'fri 18:00 - mon 06:00'"
)

Span = tuple[int, int]
"""Minutes of the week from Monday 00:00, half-open."""


@dataclass(frozen=True, slots=True)
class Blackout:
    """Hours of every week in which a job must not run. `spans` ascend and do not touch."""

    text: str
    spans: tuple[Span, ...]

    def holds(self, wall: datetime) -> bool:
        """Whether the wall time is inside: a window begins with its first minute and ends just before its last."""
        minute = wall.weekday() * _DAY + wall.hour * 60 + wall.minute
        begun = bisect_right(self.spans, (minute, _WEEK))
        return begun > 0 and minute < self.spans[begun - 1][1]


def parse_blackout(text: str) -> Blackout:
    """The hours that `text` names. Raises ScheduleError.

    A window that ends at or before its start ends on the next day; one between two days is a single one.
    """
    # `fri 18:00 - mon 06:00` and `mon, tue 9:00-17:00` without the spaces that mean nothing.
    compact = re.sub(r"\s*([-,])\s*", r"\1", " ".join(text.lower().split()))
    found = _WINDOW.fullmatch(compact)
    if found is None:
        raise _refusal(text, "cannot be read: write days and hours")
    days = _days(found["days"], text)
    start, end = _minute(found["start"], text), _minute(found["end"], text)
    if start == _DAY:
        raise _refusal(text, "starts at 24:00, which is 00:00 of the next day: write that")
    spans = _merged(_windows(days, start, end, found["until"], text))
    if spans == ((0, _WEEK),):
        raise _refusal(text, "is the whole week, which leaves no time to run: write some hours of it")
    return Blackout(text.strip(), spans)


def _windows(days: list[int], start: int, end: int, until: str | None, text: str) -> Iterable[Span]:
    """Each window with its length, which may run over the end of the week."""
    if until is None:
        if start == end:
            raise _refusal(text, "is empty: it ends as it starts; write 00:00-24:00 for a whole day")
        return [(day * _DAY + start, day * _DAY + end + (_DAY if end < start else 0)) for day in days]
    if len(days) != 1:
        raise _refusal(text, "has several days before its start and one before its end: write one of each")
    begin, finish = days[0] * _DAY + start, _number(until, text) * _DAY + end
    if (finish - begin) % _WEEK == 0:
        raise _refusal(text, "ends as it starts: write two times that differ")
    return [(begin, begin + (finish - begin) % _WEEK)]


def _merged(windows: Iterable[Span]) -> tuple[Span, ...]:
    """The windows within one week, ascending; those that meet are one."""
    pieces = []
    for start, end in windows:
        pieces.append((start, min(end, _WEEK)))
        if end > _WEEK:
            pieces.append((0, end - _WEEK))
    merged: list[Span] = []
    for start, end in sorted(pieces):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)


def _days(written: str, text: str) -> list[int]:
    days: list[int] = []
    for item in written.split(","):
        if item in _GROUPS:
            days.extend(_GROUPS[item])
            continue
        first, _, last = item.partition("-")
        low, high = _number(first, text), _number(last or first, text)
        # A range may run past Sunday: `sat-mon`.
        days.extend(day % 7 for day in range(low, high + 1 + (7 if high < low else 0)))
    return days


def _number(name: str, text: str) -> int:
    if name not in _NAMES:
        raise _refusal(text, f"has the day {name!r}, where a day is one of {', '.join(_NAMES)}: write days")
    return _NAMES.index(name)


def _minute(written: str, text: str) -> int:
    hour, minute = map(int, written.split(":"))
    if minute > 59 or hour * 60 + minute > _DAY:
        raise _refusal(text, f"has the time {written}, where a time is 00:00 to 24:00: write hours")
    return hour * 60 + minute


def _refusal(text: str, problem: str) -> ScheduleError:
    return ScheduleError("blackouts", f"The blackout {text!r} {problem}, {_EXAMPLES}.")
