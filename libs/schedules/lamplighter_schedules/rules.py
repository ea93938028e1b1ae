"""What each cron field may hold: its numbers, their names, and the day marks L, W and #."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from .errors import ScheduleError

_NEAREST_WEEKDAY = re.compile(r"(\d{1,2})w", re.ASCII)
_NTH_WEEKDAY = re.compile(r"(\w+)#([1-5])", re.ASCII)
_LAST_WEEKDAY = re.compile(r"l(?P<after>\w+)|(?P<before>\w+)l", re.ASCII)


@dataclass(frozen=True)
class Rule:
    """What one field may hold. `allowed` says it for people."""

    name: str
    low: int
    size: int
    allowed: str
    names: tuple[str, ...] = ()
    highest: int | None = None
    """The highest number read, where that is not simply the last of `size`: Sunday is 0 and 7."""
    mark_of: Callable[[str, "Rule"], str | None] = lambda item, rule: None

    @property
    def top(self) -> int:
        return self.low + self.size - 1

    def refusal(self, item: str, reason: str) -> ScheduleError:
        return ScheduleError("schedule", f"The {self.name} {item!r} {reason}: allowed is {self.allowed}.")

    def number(self, word: str) -> int:
        """The number that `word`, in small letters, writes or names. Raises ScheduleError."""
        if word in self.names:
            return self.low + self.names.index(word)
        if not word.isdecimal():
            raise self.refusal(word, "is not known")
        if len(word) > 4 or not self.low <= int(word) <= (self.highest or self.top):
            raise self.refusal(word, "is out of range")
        return int(word)

    def folded(self, number: int) -> int:
        """`number` counted around the field: the hour 25 is 1, the weekday 7 is 0."""
        return (number - self.low) % self.size + self.low


def _day_mark(item: str, rule: Rule) -> str | None:
    if item in ("l", "lw"):
        return item.upper()
    nearest = _NEAREST_WEEKDAY.fullmatch(item)
    if nearest is None:
        return None
    if not 1 <= int(nearest[1]) <= 28:
        raise rule.refusal(item.upper(), "is not in every month")
    return f"{int(nearest[1])}W"


def _weekday_mark(item: str, rule: Rule) -> str | None:
    if nth := _NTH_WEEKDAY.fullmatch(item):
        return f"{rule.folded(rule.number(nth[1]))}#{nth[2]}"
    if last := _LAST_WEEKDAY.fullmatch(item):
        return f"L{rule.folded(rule.number(last['after'] or last['before']))}"
    return None


SECOND = Rule("second", 0, 60, "0 to 59, with lists (0,30), ranges (0-15) and steps (*/5)")
MINUTE = Rule("minute", 0, 60, "0 to 59, with lists (0,30), ranges (0-15) and steps (*/5)")
HOUR = Rule("hour", 0, 24, "0 to 23, with lists (9,17), ranges (9-17) and steps (*/2)")
DAY = Rule(
    "day of month",
    1,
    31,
    "1 to 31 with lists, ranges and steps, L (the last day), LW (the last weekday) and 1W to 28W (the nearest weekday)",
    mark_of=_day_mark,
)
MONTH = Rule(
    "month",
    1,
    12,
    "1 to 12 or JAN to DEC, with lists, ranges and steps",
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
)
WEEKDAY = Rule(
    "day of week",
    0,
    7,
    "0 to 7 or SUN to SAT with lists, ranges and steps, 1#2 (the second Monday) and L5 (the last Friday)",
    ("sun", "mon", "tue", "wed", "thu", "fri", "sat"),
    highest=7,
    mark_of=_weekday_mark,
)
RULES = (SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY)
