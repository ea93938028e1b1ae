"""When a job must not run although it is due: on dates, in weekly blackouts, on the days of calendars."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

from .coverage import Coverage
from .dates import DateRange
from .errors import ScheduleError
from .weekly import Blackout
from .zones import read_zone


@dataclass(frozen=True, slots=True)
class Removal:
    """Why an occurrence is left out. `detail` is a sentence for people, without its full stop."""

    reason: Literal["date", "blackout", "calendar"]
    detail: str


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """Half-open, from `start` to just before `end`: both dates (whole local days) or both aware times."""

    start: date | datetime
    end: date | datetime
    name: str = ""

    def __post_init__(self) -> None:
        kinds = {_kind(self.start), _kind(self.end)}
        if len(kinds) > 1 or "naive" in kinds:
            problem = "needs two dates, or two times with their offset from UTC, as its start and its end"
        elif not self.start < self.end:
            problem = f"ends at {self.end}, which is not after its start {self.start}"
        else:
            return
        raise ScheduleError("calendars", f"The calendar entry {self.name!r} {problem}.")


def _kind(end: date | datetime) -> Literal["day", "naive", "aware"]:
    if not isinstance(end, datetime):
        return "day"
    return "naive" if end.utcoffset() is None else "aware"


@dataclass(frozen=True)
class CalendarDays:
    """A named calendar, as plain data."""

    name: str
    entries: tuple[CalendarEntry, ...] = ()

    def entry_at(self, instant: datetime, day: date) -> CalendarEntry | None:
        """The entry that holds `instant`, or `day`, which is its local day. One search each in thousands."""
        return self._days.at(day.toordinal()) or self._times.at(instant)

    @cached_property
    def _days(self) -> Coverage[int, CalendarEntry]:
        days = (entry for entry in self.entries if not isinstance(entry.start, datetime))
        return Coverage((entry.start.toordinal(), entry.end.toordinal(), entry) for entry in days)

    @cached_property
    def _times(self) -> Coverage[datetime, CalendarEntry]:
        return Coverage(
            (entry.start, entry.end, entry)
            for entry in self.entries
            if isinstance(entry.start, datetime) and isinstance(entry.end, datetime)
        )


@dataclass(frozen=True)
class Exclusions:
    """All that keeps a job of one time zone from running."""

    timezone: str
    dates: tuple[DateRange, ...] = ()
    blackouts: tuple[Blackout, ...] = ()
    calendars: tuple[CalendarDays, ...] = ()

    def removes(self, instant: datetime) -> Removal | None:
        """Why the occurrence `instant` (aware) is left out; None where it stays. Clocks are those of the zone."""
        wall = instant.astimezone(self._zone)
        return self._by_date(wall) or self._by_blackout(wall) or self._by_calendar(instant, wall)

    def _by_date(self, wall: datetime) -> Removal | None:
        found = self._dates.at(wall.toordinal())
        if found is None:
            return None
        one = found.first == found.last
        where = "is an excluded date" if one else f"is in the excluded dates {found}"
        return Removal("date", f"{wall.date()} {where}")

    def _by_blackout(self, wall: datetime) -> Removal | None:
        for blackout in self.blackouts:
            if blackout.holds(wall):
                return Removal("blackout", f"{wall:%A %H:%M} is in the blackout {blackout.text!r}")
        return None

    def _by_calendar(self, instant: datetime, wall: datetime) -> Removal | None:
        for calendar in self.calendars:
            entry = calendar.entry_at(instant, wall.date())
            if entry:
                shown = f"{wall:%Y-%m-%d %H:%M}" if isinstance(entry.start, datetime) else f"{wall.date()}"
                named = f" ({entry.name})" if entry.name else ""
                return Removal("calendar", f"{shown} is in the calendar {calendar.name!r}{named}")
        return None

    @cached_property
    def _dates(self) -> Coverage[int, DateRange]:
        return Coverage((days.first.toordinal(), days.last.toordinal() + 1, days) for days in self.dates)

    @cached_property
    def _zone(self) -> ZoneInfo:
        return read_zone(self.timezone)
