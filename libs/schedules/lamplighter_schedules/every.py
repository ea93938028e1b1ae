"""`@every 90s`: a span of elapsed time again and again, whatever the clocks of any zone show."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from .errors import ScheduleError
from .moments import read_moment, rfc3339
from .spans import Blocks

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""What is counted from, unless it is stated."""

_UNITS = (("d", "day", 86_400), ("h", "hour", 3_600), ("m", "minute", 60), ("s", "second", 1))
# Of texts whose blanks are folded to one: patterns that could share out a run of them would try every way to.
_SPAN = re.compile(" ?".join(rf"(?:(\d{{1,9}}) ?{unit})?" for unit, _, _ in _UNITS), re.ASCII)
_WRITTEN = re.compile(r"@every (?P<span>.+?)(?: from (?P<anchor>.+))?")
_LONGEST = 366 * 86_400
_ALLOWED = "a span of whole seconds, minutes, hours or days (s, m, h, d) from 1s to 366d"
_EXAMPLES = "such as '@every 90s', '@every 1h30m' or '@every 2d from 2026-01-01T00:00:00Z'"
_PLAIN = 120
"""A span is told in one unit up to so many: 90 seconds, not 1 minute and 30 seconds."""
_BLOCK = 128


class Every:
    """Instants a `step` apart. The first is `anchor`."""

    __slots__ = ("_anchor", "_step")

    def __init__(self, step: timedelta, anchor: datetime) -> None:
        self._step, self._anchor = step, anchor

    @property
    def text(self) -> str:
        """The canonical form: `@every 90s`, `@every 90m from 2026-01-01T00:00:00Z`."""
        span = "".join(f"{count}{unit}" for count, unit, _ in _parts(self._step))
        return f"@every {span}" + (f" from {rfc3339(self._anchor)}" if self._anchor != EPOCH else "")

    def next_after(self, instant: datetime) -> datetime:
        """The first instant strictly after `instant`. Raises OverflowError where the calendar ends."""
        return self._anchor + max((instant - self._anchor) // self._step + 1, 0) * self._step

    def instants(self, low: datetime, high: datetime, *, newest_first: bool) -> Blocks:
        """The instants in [low, high)."""
        numbers = range(max(self._steps_to(low), 0), max(self._steps_to(high), 0))
        numbers = numbers[::-1] if newest_first else numbers
        for start in range(0, len(numbers), _BLOCK):
            yield [self._anchor + number * self._step for number in numbers[start : start + _BLOCK]]

    def _steps_to(self, instant: datetime) -> int:
        """How many steps from the anchor is the first at or after `instant`."""
        return -((self._anchor - instant) // self._step)

    def skipped_at(self, instant: datetime) -> list[datetime]:
        """None: it does not look at clocks."""
        return []

    def words(self, zone_name: str) -> str:
        """`Every 90 seconds, counted from 1970-01-01 00:00 UTC`: the same in every zone."""
        anchor = self._anchor.strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00")
        return f"Every {_span_words(self._step)}, counted from {anchor} UTC"


def read_every(expression: str, zone: ZoneInfo) -> Every:
    """What `@every ...` writes; a naive anchor is a local time in `zone`. Raises ScheduleError."""
    written = _WRITTEN.fullmatch(" ".join(expression.lower().split()))
    span = _SPAN.fullmatch(written["span"]) if written else None
    if written is None or span is None:
        raise ScheduleError(
            "schedule", f"The schedule {expression!r} cannot be read: write {_ALLOWED}, {_EXAMPLES}."
        )
    seconds = sum(int(count or 0) * size for count, (_, _, size) in zip(span.groups(), _UNITS, strict=True))
    if not 1 <= seconds <= _LONGEST:
        problem = "is over 366 days" if seconds else "is under a second"
        raise ScheduleError(
            "schedule", f"The schedule {expression!r} {problem}: write {_ALLOWED}, {_EXAMPLES}."
        )
    anchor = read_moment(written["anchor"], zone, expression).at if written["anchor"] else EPOCH
    return Every(timedelta(seconds=seconds), anchor)


def _parts(step: timedelta) -> list[tuple[int, str, str]]:
    """Count, unit and its name: one where a unit divides it and is not too many, else the largest first."""
    seconds = int(step.total_seconds())
    for unit, name, size in _UNITS:
        if seconds % size == 0 and seconds // size <= _PLAIN:
            return [(seconds // size, unit, name)]
    parts = []
    for unit, name, size in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append((count, unit, name))
    return parts


def _span_words(step: timedelta) -> str:
    parts = _parts(step)
    if len(parts) == 1 and parts[0][0] == 1:
        return parts[0][2]
    *most, last = [f"{count} {name}{'s' * (count != 1)}" for count, _, name in parts]
    return f"{', '.join(most)} and {last}" if most else last
