"""When a job's occurrences are, when they take effect, and which of them its calendars leave out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache

from lamplighter_contracts.calendars import Calendar, DaysEntry
from lamplighter_contracts.calendars import CalendarEntry as Entry
from lamplighter_contracts.environments import Environment
from lamplighter_contracts.jobs import JobSpec, ScheduleTrigger
from lamplighter_contracts.timing import Exclusions as Excluded
from lamplighter_contracts.timing import Spread, Window
from lamplighter_schedules import (
    CalendarDays,
    CalendarEntry,
    Exclusions,
    Removal,
    Schedule,
    just_before,
    next_after,
    offset,
    parse,
    parse_blackout,
    parse_dates,
)


@dataclass(frozen=True)
class Surroundings:
    """What lies around a job in the catalog: its environment, and the calendars that it or the environment names."""

    environment: Environment | None = None
    calendars: Mapping[str, Calendar] = field(default_factory=dict)


NOWHERE = Surroundings()


def own_surroundings(
    job: JobSpec, environment: Environment | None, calendars: Mapping[str, Calendar | None]
) -> Surroundings:
    """What of these lies around the job: what it or its environment names, and is of its project."""
    own = environment if environment and environment.project == job.project else None
    named = {*job.exclusions.calendars, *(own.exclusions.calendars if own else ())}
    known = ((name, calendars.get(name)) for name in named)
    return Surroundings(own, {name: one for name, one in known if one and one.project == job.project})


@dataclass(frozen=True)
class Timetable:
    """The occurrences of one job. `timetable` makes them."""

    job_id: str
    schedules: tuple[Schedule, ...]
    window: Window
    spread: Spread
    exclusions: tuple[Exclusions, ...]

    def next_after(self, instant: datetime) -> datetime | None:
        """The first nominal instant strictly after `instant`, whether or not a calendar leaves it out."""
        starts_at, ends_at = self.window.starts_at, self.window.ends_at
        following = next_after(self.schedules, max(instant, just_before(starts_at)) if starts_at else instant)
        if following is None or (ends_at is not None and following >= ends_at):
            return None
        return following

    def next_from(self, instant: datetime) -> datetime | None:
        """As `next_after`, `instant` itself included."""
        return self.next_after(just_before(instant))

    def effective(self, nominal: datetime) -> datetime:
        """When the occurrence takes effect: never as late as the next one's nominal instant."""
        if self.spread.is_none:
            return nominal
        following = next_after(self.schedules, nominal)
        return nominal + offset(
            self.job_id,
            nominal,
            spread=timedelta(seconds=self.spread.spread_seconds),
            jitter=timedelta(seconds=self.spread.jitter_seconds),
            gap=following - nominal if following else None,
        )

    def removal(self, nominal: datetime) -> Removal | None:
        """What leaves this occurrence out, where anything does."""
        found = (exclusions.removes(nominal) for exclusions in self.exclusions)
        return next((removal for removal in found if removal is not None), None)

    @cached_property
    def recurs(self) -> bool:
        return any(schedule.once is None for schedule in self.schedules)


def timetable(job: JobSpec, job_id: str, around: Surroundings = NOWHERE) -> Timetable:
    """Raises `ScheduleError` for a schedule or an exclusion that cannot be read."""
    return Timetable(
        job_id=job_id,
        schedules=read_schedules(job.schedules, job.timezone),
        window=job.window,
        spread=job.spread,
        exclusions=tuple(_exclusions(job, around)),
    )


def read_schedules(triggers: Sequence[ScheduleTrigger], timezone: str) -> tuple[Schedule, ...]:
    """Raises `ScheduleError`."""
    return tuple(parse(trigger.schedule, timezone, seconds=trigger.seconds) for trigger in triggers)


def _exclusions(job: JobSpec, around: Surroundings) -> Iterator[Exclusions]:
    environment = around.environment
    for excluded, timezone in (
        (job.exclusions, job.timezone),
        *([(environment.exclusions, environment.timezone)] if environment else []),
    ):
        if excluded.dates or excluded.blackouts or excluded.calendars:
            known = (around.calendars[name] for name in excluded.calendars if name in around.calendars)
            revisions = tuple(_Revision(each.calendar_id, each.revision, each) for each in known)
            yield _read_exclusions(excluded, timezone, revisions)


@dataclass(frozen=True)
class _Revision:
    """A calendar as the key of a cache: it has thousands of entries, and its revision says as much as they do."""

    calendar_id: str
    revision: int
    calendar: Calendar = field(compare=False)


@lru_cache(maxsize=256)
def _read_exclusions(excluded: Excluded, timezone: str, calendars: tuple[_Revision, ...]) -> Exclusions:
    return Exclusions(
        timezone=timezone,
        dates=tuple(map(parse_dates, excluded.dates)),
        blackouts=tuple(map(parse_blackout, excluded.blackouts)),
        calendars=tuple(map(_days, calendars)),
    )


@lru_cache(maxsize=256)
def _days(revision: _Revision) -> CalendarDays:
    calendar = revision.calendar
    return CalendarDays(calendar.name, tuple(map(_entry, calendar.entries)))


def _entry(entry: Entry) -> CalendarEntry:
    if isinstance(entry, DaysEntry):
        return CalendarEntry(entry.first, _day_after(entry.last), entry.name)
    return CalendarEntry(entry.starts_at, entry.ends_at, entry.name)


def _day_after(day: date) -> date:
    return day + timedelta(days=1) if day < date.max else day
