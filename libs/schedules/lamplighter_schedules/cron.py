"""The fields of a cron expression together: their canonical text, and whether they ever fire."""

from calendar import month_name
from collections.abc import Sequence
from dataclasses import dataclass

from .errors import ScheduleError
from .fields import Field, read_field
from .rules import RULES

_LONGEST = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FIVE, _SIX = 5, 6


@dataclass(frozen=True, slots=True)
class Cron:
    """Six fields that were checked. Where only five were written, the second is 0."""

    second: Field
    minute: Field
    hour: Field
    day: Field
    month: Field
    weekday: Field

    @property
    def text(self) -> str:
        """The canonical fields: names as numbers, single spaces, nothing that means the same in two ways.

        Five of them, unless a second other than 0 needs the sixth.
        """
        fields = (self.minute, self.hour, self.day, self.month, self.weekday)
        five = " ".join(field.text for field in fields)
        return five if self.second.text == "0" else f"{self.second.text} {five}"

    @property
    def fixed_time(self) -> bool:
        """Whether it names its time of day, so that a jump of the clocks must neither lose nor repeat it."""
        return not (self.second.starred or self.minute.starred or self.hour.starred)

    @property
    def either_day(self) -> bool:
        """Whether one of day and weekday is enough: both are restricted. `*/2` is a star (Debian, crontab(5))."""
        return not (self.day.starred or self.weekday.starred)

    @property
    def day_exists(self) -> bool:
        """Whether any of the months has any of the days."""
        longest = max(_LONGEST[month] for month in self.month.numbers)
        return bool(self.day.marks) or self.day.numbers[0] <= longest


def read_cron(expression: str, *, seconds: bool = False) -> Cron:
    """The fields that `expression` writes: five, and with `seconds` also six, the second first.

    Raises ScheduleError: also where no month has its day.
    """
    texts = expression.lower().split()
    if len(texts) == _FIVE:
        texts.insert(0, "0")
    elif len(texts) != _SIX or not seconds:
        raise _wrong_count(expression, len(texts), seconds)
    cron = Cron(*(read_field(text, rule) for text, rule in zip(texts, RULES, strict=True)))
    if not cron.day_exists and not cron.either_day:
        raise _never_fires(expression, cron)
    return cron


def _wrong_count(expression: str, count: int, seconds: bool) -> ScheduleError:
    five = "five (minute, hour, day of month, month, day of week), such as '0 9 * * 1-5'"
    six = "six (second, minute, hour, day of month, month, day of week), such as '30 0 9 * * 1-5'"
    if seconds:
        advice = f"write {six}, or {five}"
    elif count == _SIX:
        advice = f"write {five}, or set `seconds: true` for a first field that is the second"
    else:
        advice = f"write {five}, or a preset, such as '@daily 09:00'"
    fields = f"{count} field{'s' * (count != 1)}"
    return ScheduleError("schedule", f"The schedule {expression!r} has {fields}: {advice}.")


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
