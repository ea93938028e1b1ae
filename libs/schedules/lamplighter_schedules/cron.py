"""The five fields of a cron expression together: their canonical text, and whether they ever fire."""

from calendar import month_name
from collections.abc import Sequence
from dataclasses import dataclass

from .errors import ScheduleError
from .fields import Field, read_field
from .rules import RULES

_LONGEST = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True)
class Cron:
    """Five fields that were checked, and that fire."""

    minute: Field
    hour: Field
    day: Field
    month: Field
    weekday: Field

    @property
    def text(self) -> str:
        """The canonical five fields: names as numbers, single spaces, nothing that means the same in two ways."""
        fields = (self.minute, self.hour, self.day, self.month, self.weekday)
        return " ".join(field.text for field in fields)

    @property
    def fixed_time(self) -> bool:
        """Whether it names its minutes and hours, so that a jump of the clocks must neither lose nor repeat it."""
        return not (self.minute.starred or self.hour.starred)

    @property
    def either_day(self) -> bool:
        """Whether one of day and weekday is enough: both are restricted. `*/2` is a star (Debian, crontab(5))."""
        return not (self.day.starred or self.weekday.starred)

    @property
    def day_exists(self) -> bool:
        """Whether any of the months has any of the days."""
        longest = max(_LONGEST[month] for month in self.month.numbers)
        return bool(self.day.marks) or self.day.numbers[0] <= longest


def read_cron(expression: str) -> Cron:
    """The five fields that `expression` writes. Raises ScheduleError: also where it would never fire."""
    texts = expression.lower().split()
    if len(texts) != len(RULES):
        raise ScheduleError(
            "schedule",
            f"The schedule {expression!r} has {len(texts)} field{'s' * (len(texts) != 1)}: write five "
            "(minute, hour, day of month, month, day of week), such as '0 9 * * 1-5', "
            "or a preset, such as '@daily 09:00'.",
        )
    cron = Cron(*(read_field(text, rule) for text, rule in zip(texts, RULES, strict=True)))
    if not cron.day_exists and not cron.either_day:
        raise _never_fires(expression, cron)
    return cron


def _never_fires(expression: str, cron: Cron) -> ScheduleError:
    months = [month_name[month] for month in cron.month.numbers]
    verb = "has" if len(months) == 1 else "have"
    days = _listed([str(day) for day in cron.day.numbers], "or")
    problem = f"never fires: {_listed(months, 'and')} {verb} no day {days}"
    return ScheduleError(
        "schedule", f"The schedule {expression!r} {problem}; L is the last day of any month."
    )


def _listed(words: Sequence[str], joint: str) -> str:
    *most, last = words
    return f"{', '.join(most)} {joint} {last}" if most else last
