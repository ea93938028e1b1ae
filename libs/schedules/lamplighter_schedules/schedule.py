"""Schedule: an expression in a time zone, and the instants at which it is due."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain
from zoneinfo import ZoneInfo

from .cron import read_cron
from .errors import ScheduleError
from .every import Every, read_every
from .notes import clock_note, latest_jump
from .once import Once, read_once
from .presets import cron_of
from .recurring import Recurring
from .wall import WallTimes
from .zones import read_zone

LONGEST_EXPRESSION = 200
"""Characters. What is parsed is kept, in thousands."""

_SECOND = timedelta(seconds=1)
# Within these, no zone and no search leaves the years that datetime knows.
_BEGIN, _END = datetime(3, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule that was checked. `parse` makes them."""

    expression: str
    """As it was given, such as `@weekdays 17:00`."""
    cron: str
    """The same in one canonical way: `0 17 * * 1-5`, `30 0 9 * * *`, `@every 90s`, `@at 2026-12-01T09:00:00Z`."""
    timezone: str
    # Made of the fields above, and so no part of what makes two schedules equal.
    _due: Recurring | Every | Once = field(repr=False, compare=False)

    @property
    def once(self) -> datetime | None:
        """The only instant of a one-shot, in UTC. None for what recurs."""
        return self._due.at if isinstance(self._due, Once) else None

    def next_after(self, instant: datetime) -> datetime | None:
        """The first occurrence strictly after `instant` (aware), in UTC. None where a one-shot is over."""
        try:
            found = self._due.next_after(_utc(instant))
        except OverflowError:
            return None
        return found if found and found < _END else None

    def between(self, after: datetime, until: datetime, *, newest_first: bool = False) -> Iterator[datetime]:
        """The occurrences in (after, until], in UTC, as they are asked for: some millions a second."""
        # Occurrences are whole seconds.
        low, high = (_utc(end).replace(microsecond=0) + _SECOND for end in (after, until))
        return chain.from_iterable(self._due.instants(low, high, newest_first=newest_first))

    def words(self) -> str:
        """When it fires, for people: `At 09:00, Monday to Friday, New York time`."""
        return self._due.words(self.timezone)

    def note(self, instant: datetime) -> str:
        """What a person should know of the clocks on the day of the occurrence `instant`. Mostly nothing: ""."""
        jump = latest_jump(instant, self.timezone)
        first = jump is not None and next(self.between(jump - _SECOND, instant), None) == instant
        return clock_note(instant, self.timezone, skipped=self._due.skipped_at(instant), first=first)


def _utc(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError(f"{instant!r} has no zone: give an aware time")
    return min(max(instant, _BEGIN), _END).astimezone(UTC)


def parse(expression: str, timezone: str, *, seconds: bool = False) -> Schedule:
    """The schedule of `expression` in `timezone` (an IANA name).

    It is five cron fields, with `seconds` also six with the second first, a preset, `@every 90s` or
    `@at 2026-12-01 09:00`. Raises ScheduleError where either is wrong, and where the expression would never fire.
    """
    if len(expression) > LONGEST_EXPRESSION:
        size = f"{len(expression):,} characters, where {LONGEST_EXPRESSION} is the most"
        raise ScheduleError("schedule", f"The schedule {expression[:40]!r}... has {size}.")
    return _parsed(expression, timezone, seconds)


# Under a kilobyte each, with the text: full, it takes some ten megabytes.
@lru_cache(maxsize=16_384)
def _parsed(expression: str, timezone: str, seconds: bool) -> Schedule:
    zone = read_zone(timezone)
    text = expression.strip()
    match text.lower().split():
        case ["@every", *_]:
            every = read_every(text, zone)
            return Schedule(expression, every.text, timezone, every)
        case ["@at", *_]:
            once = read_once(text, zone)
            return Schedule(expression, once.text, timezone, once)
        case _:
            return _recurring(expression, timezone, zone, seconds)


def _recurring(expression: str, timezone: str, zone: ZoneInfo, seconds: bool) -> Schedule:
    text = expression.strip()
    cron = read_cron(cron_of(text) if text.startswith("@") else text, seconds=seconds)
    times = WallTimes(cron)
    if not times.ever():
        problem = f"no date is both day {cron.day.text} and weekday {cron.weekday.text} of its months"
        raise ScheduleError("schedule", f"The schedule {expression!r} never fires: {problem}.")
    canonical = cron.text
    # One string where the two are equal: most expressions are canonical.
    return Schedule(
        expression,
        expression if canonical == expression else canonical,
        timezone,
        Recurring(cron, times, zone),
    )


def check_future(schedule: Schedule, now: datetime) -> None:
    """Raises ScheduleError for a one-shot that is not after `now`: it would never fire. What recurs always may."""
    if schedule.once is not None and schedule.once <= now:
        tomorrow = now.astimezone(read_zone(schedule.timezone)) + timedelta(days=1)
        raise ScheduleError(
            "schedule",
            f"The schedule {schedule.expression!r} is past: it was {schedule.words().removeprefix('Once, ')}; "
            f"write a time to come, such as '@at {tomorrow:%Y-%m-%d} 09:00'.",
        )
