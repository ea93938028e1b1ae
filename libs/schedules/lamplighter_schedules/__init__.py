"""When a job is due: schedules, time zones, exclusions and spreading, as pure functions. Time is an argument.

errors       ScheduleError: what is wrong with what someone wrote, in one sentence
presets      `@daily 09:00` and its like, each written as five cron fields
rules        what each cron field may hold, and the words that refuse the rest
fields       one cron field: which numbers and day marks it allows
cron         the fields together: their canonical text, and whether they ever fire
days         which days of a month match
wall         the matching times of a wall clock that never jumps: the next one, or all of a span
changes      when the clocks of a zone jump, and the stretches between
firing       the next instant in a zone whose clocks do jump, by the rules of Debian's cron
spans        all the instants of a span in such a zone
recurring    a cron expression in a zone: when it is due
moments      one moment as people write it, in UTC or by the clocks of a zone
every        `@every 90s`: a span of elapsed time again and again
once         `@at 2026-12-01 09:00`: a single instant
zones        the names of time zones, and the nearest to a wrong one
wording      a cron expression in words
notes        what a person should know of the clocks on the day of an occurrence
schedule     Schedule and parse: the two that most callers need
occurrences  several schedules together: the next instant, those of a span, the last, how many
weekly       `fri 18:00 - mon 06:00`: the same hours of every week
dates        `2026-12-24..2027-01-01`: local days
coverage     which of many spans holds a point
exclusions   when a job must not run: dates, weekly blackouts, calendars
spread       by how much a start is put off, so that not everything starts at minute zero
"""

from .dates import DateRange, parse_dates
from .errors import ScheduleError
from .exclusions import CalendarDays, CalendarEntry, Exclusions, Removal
from .notes import clock_note
from .occurrences import (
    COUNT_CAP,
    Tally,
    count_and_tail,
    just_before,
    latest,
    next_after,
    normal_gap,
    occurrences,
)
from .schedule import Schedule, check_future, parse
from .spread import offset
from .weekly import Blackout, parse_blackout

__all__ = [
    "COUNT_CAP",
    "Blackout",
    "CalendarDays",
    "CalendarEntry",
    "DateRange",
    "Exclusions",
    "Removal",
    "Schedule",
    "ScheduleError",
    "Tally",
    "check_future",
    "clock_note",
    "count_and_tail",
    "just_before",
    "latest",
    "next_after",
    "normal_gap",
    "occurrences",
    "offset",
    "parse",
    "parse_blackout",
    "parse_dates",
]
