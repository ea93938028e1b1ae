"""A slow model of Debian's cron to hold the library against: every minute of a span is looked at, one by one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Part:
    """A field as text, with the numbers it means. Days may have a rule of their own, such as L."""

    text: str
    numbers: frozenset[int] = frozenset()
    on: Callable[[date], bool] | None = None

    @property
    def starred(self) -> bool:
        return self.text.startswith("*")


@dataclass(frozen=True)
class Model:
    """Five parts, and whether a wall time matches them."""

    minute: Part
    hour: Part
    day: Part
    month: Part
    weekday: Part

    @property
    def text(self) -> str:
        return " ".join(p.text for p in (self.minute, self.hour, self.day, self.month, self.weekday))

    def matches(self, wall: datetime) -> bool:
        return (
            wall.minute in self.minute.numbers
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
def timeline(zone: str, start: datetime, days: int) -> list[tuple[datetime, datetime]]:
    """Each minute of the span as (UTC, wall)."""
    tz = ZoneInfo(zone)
    minutes = (start + MINUTE * n for n in range(days * 24 * 60))
    return [(minute, minute.astimezone(tz).replace(tzinfo=None)) for minute in minutes]


def firings(model: Model, zone: str, start: datetime, days: int) -> Iterator[datetime]:
    """What Debian's cron would run. `start` (UTC) must not lie in a repeated hour."""
    fixed = not (model.minute.starred or model.hour.starred)
    (_, shown), *rest = timeline(zone, start, days)
    for instant, wall in rest:
        if fixed and wall > shown:
            # Every wall minute since the latest one shown, so those that were skipped too.
            due = any(model.matches(shown + MINUTE * (n + 1)) for n in range((wall - shown) // MINUTE))
        else:
            due = not fixed and model.matches(wall)
        shown = max(shown, wall)
        if due:
            yield instant


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
