"""When a job is due: cron expressions, presets and time zones, as pure functions. Time is an argument.

errors       ScheduleError: what is wrong with a schedule or a time zone, in one sentence
presets      `@daily 09:00` and its like, each written as five cron fields
rules        what each of the five fields may hold, and the words that refuse the rest
fields       one cron field: which numbers and day marks it allows
cron         the five fields together: their canonical text, and whether they ever fire
wall         the next matching time on a wall clock that never jumps
changes      when the clocks of a zone jump
firing       the next instant in a zone whose clocks do jump, by the rules of Debian's cron
zones        the names of time zones, and the nearest to a wrong one
wording      a schedule in words
schedule     Schedule and parse: the two that most callers need
occurrences  several schedules together: the next instant, those of a span, the last, how many
"""

from .errors import ScheduleError
from .occurrences import COUNT_CAP, Tally, count_and_tail, latest, next_after, normal_gap, occurrences
from .schedule import Schedule, parse

__all__ = [
    "COUNT_CAP",
    "Schedule",
    "ScheduleError",
    "Tally",
    "count_and_tail",
    "latest",
    "next_after",
    "normal_gap",
    "occurrences",
    "parse",
]
