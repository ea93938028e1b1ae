"""One cron field: which numbers and day marks its text allows."""

import re
from dataclasses import dataclass
from functools import lru_cache

from .rules import DAY, WEEKDAY, Rule

_ITEM = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d{1,4}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Field:
    """A field that was checked. `text` is canonical; `marks` are days that no number names, such as L or 1#2."""

    text: str
    numbers: tuple[int, ...]
    marks: tuple[str, ...] = ()

    @property
    def starred(self) -> bool:
        """Whether it begins with `*`, which is how Debian's cron tells a wildcard (cron.c, get_list)."""
        return self.text.startswith("*")


@lru_cache(maxsize=4096)
def read_field(text: str, rule: Rule) -> Field:
    """The field that `text`, in small letters, writes. Raises ScheduleError.

    A range may run past the end (`22-2`, `sat-sun`); its steps then count on around the field. Kept, because ten
    thousand schedules are written with a few hundred fields.
    """
    if text == "*" or (text == "?" and rule in (DAY, WEEKDAY)):
        return Field("*", tuple(range(rule.low, rule.top + 1)))
    written, numbers, marks = [], set[int](), []
    for item in text.split(","):
        if mark := rule.mark_of(item, rule):
            marks.append(mark)
            written.append(mark)
        else:
            canonical, matched = _read_item(item, rule)
            written.append(canonical)
            numbers |= matched
    _refuse_bad_company(text, rule, numbers, marks, written)
    return Field(",".join(written), tuple(sorted(numbers)), tuple(marks))


def _read_item(item: str, rule: Rule) -> tuple[str, set[int]]:
    """The canonical text and the numbers of one item between commas: `*`, `9`, `9-17`, `*/5`, `9-17/2` or `9/2`."""
    found = _ITEM.fullmatch(item)
    if found is None:
        raise rule.refusal(item, "cannot be read")
    step = int(found["step"] or 1)
    if not 1 <= step <= rule.size:
        raise rule.refusal(item, f"has a step of {step}, where a step is 1 to {rule.size}")
    low, high = _ends(found, rule)
    if low == high:
        return str(rule.folded(low)), {rule.folded(low)}
    end = high + rule.size if low > high else high
    numbers = {rule.folded(number) for number in range(low, end + 1, step)}
    span = f"{low}-{high}" if found["last"] else str(low) if found["first"] else "*"
    stepped = step > 1 or span == str(low)
    return f"{span}/{step}" if stepped else span, numbers


def _ends(found: re.Match[str], rule: Rule) -> tuple[int, int]:
    """The first and last number of an item. The first is the greater where its range runs past the end."""
    first, last = found["first"], found["last"]
    if first is None:
        return rule.low, rule.top
    low = rule.number(first)
    if last is None:
        low = rule.folded(low)
        return low, rule.top if found["step"] else low
    high = rule.number(last)
    return rule.folded(low) if low > high else low, high


def _refuse_bad_company(
    text: str, rule: Rule, numbers: set[int], marks: list[str], written: list[str]
) -> None:
    """Refuse lists whose meaning a reader would have to guess."""
    if "*" in written and len(written) > 1:
        raise rule.refusal(text, "lists '*', which already means every one")
    if any(mark.endswith("W") for mark in marks) and len(written) > 1:
        raise rule.refusal(text, "lists a W, which stands alone")
    if rule is WEEKDAY and marks and numbers:
        raise rule.refusal(text, "mixes weekdays of every week with weekdays of a month")
