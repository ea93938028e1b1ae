"""A slow model of Debian's cron to hold the library against: each minute, or second, of a span is looked at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Part:
    """A field as text, with the numbers it means. Days may have a rule of their own, such as L."""

    text: str
    numbers: frozenset[int] = frozenset()
    on: Callable[[date], bool] | None = None

    @property
    def starred(self) -> bool:
        return self.text.startswith("*")


_ON_THE_MINUTE = Part("0", frozenset([0]))


@dataclass(frozen=True)
class Model:
    """The parts of an expression, and whether a wall time matches them."""

    minute: Part
    hour: Part
    day: Part
    month: Part
    weekday: Part
    second: Part = _ON_THE_MINUTE

    @property
    def text(self) -> str:
        five = " ".join(p.text for p in (self.minute, self.hour, self.day, self.month, self.weekday))
        return five if self.second is _ON_THE_MINUTE else f"{self.second.text} {five}"

    @property
    def fixed(self) -> bool:
        return not (self.second.starred or self.minute.starred or self.hour.starred)

    def matches(self, wall: datetime) -> bool:
        return (
            wall.second in self.second.numbers
            and wall.minute in self.minute.numbers
            and wall.hour in self.hour.numbers
            and wall.month in self.month.numbers
            and self._day_matches(wall)
        )

    def _day_matches(self, wall: datetime) -> bool:
        day = self.day.on(wall) if self.day.on else wall.day in self.day.numbers
        weekday = self.weekday.on(wall) if self.weekday.on else wall.isoweekday() % 7 in self.weekday.numbers
        both = self.day.starred or self.weekday.starred
        return (day and weekday) if both else (day or weekday)


@lru_cache(maxsize=64)
def timeline(zone: str, start: datetime, span: timedelta, step: timedelta) -> list[tuple[datetime, datetime]]:
    """Each step of the span as (UTC, wall)."""
    tz = ZoneInfo(zone)
    instants = (start + step * n for n in range(span // step))
    return [(instant, instant.astimezone(tz).replace(tzinfo=None)) for instant in instants]


def firings(
    model: Model, zone: str, start: datetime, span: timedelta, step: timedelta = MINUTE
) -> Iterator[datetime]:
    """What Debian's cron would run. `start` (UTC) must not lie in a repeated hour."""
    (_, shown), *rest = timeline(zone, start, span, step)
    for instant, wall in rest:
        if model.fixed and wall > shown:
            # Every wall time since the latest one shown, so those that were skipped too.
            due = any(model.matches(shown + step * (n + 1)) for n in range((wall - shown) // step))
        else:
            due = not model.fixed and model.matches(wall)
        shown = max(shown, wall)
        if due:
            yield instant


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
