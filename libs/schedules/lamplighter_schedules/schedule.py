"""Schedule: an expression in a time zone, and the instants at which it is due."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from .cron import Cron, read_cron
from .errors import ScheduleError
from .firing import next_elapsed, next_fixed
from .presets import cron_of
from .wall import WallTimes
from .wording import schedule_words
from .zones import read_zone


@dataclass(frozen=True)
class Schedule:
    """A schedule that was checked. `parse` makes them."""

    expression: str
    """As it was given, such as `@weekdays 17:00`."""
    cron: str
    """The same as five canonical fields, such as `0 17 * * 1-5`."""
    timezone: str

    def next_after(self, instant: datetime) -> datetime:
        """The first occurrence strictly after `instant` (aware), in UTC."""
        if instant.utcoffset() is None:
            raise ValueError(f"{instant!r} has no zone: give an aware time")
        search = next_fixed if self._fields.fixed_time else next_elapsed
        return search(self._times, self._zone, instant.astimezone(UTC))

    def words(self) -> str:
        """When it fires, for people: `At 09:00, Monday to Friday, New York time`."""
        return schedule_words(self._fields, self.timezone)

    # Derived from the fields above, and so no part of what makes two schedules equal.

    @cached_property
    def _fields(self) -> Cron:
        return read_cron(self.cron)

    @cached_property
    def _times(self) -> WallTimes:
        return WallTimes(self._fields)

    @cached_property
    def _zone(self) -> ZoneInfo:
        return read_zone(self.timezone)


@lru_cache(maxsize=16_384)
def parse(expression: str, timezone: str) -> Schedule:
    """The schedule of `expression` (five cron fields or a preset) in `timezone` (an IANA name).

    Raises ScheduleError where either is wrong, and where the expression would never fire.
    """
    read_zone(timezone)
    text = expression.strip()
    cron = read_cron(cron_of(text) if text.startswith("@") else text)
    if not WallTimes(cron).ever():
        problem = f"no date is both day {cron.day.text} and weekday {cron.weekday.text} of its months"
        raise ScheduleError("schedule", f"The schedule {expression!r} never fires: {problem}.")
    return Schedule(expression, cron.text, timezone)
