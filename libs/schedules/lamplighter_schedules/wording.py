"""A cron expression in words, for people."""

import re
from functools import lru_cache

from cron_descriptor import Options, get_description

from .cron import Cron
from .zones import zone_words

_ORDINALS = {"1": "first", "2": "second", "3": "third", "4": "fourth", "5": "fifth", "L": "last"}
_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


def cron_words(cron: Cron, timezone: str) -> str:
    """When it fires, in 24-hour time: `At 09:00, Monday to Friday, New York time`."""
    marked = bool(cron.weekday.marks)
    described = cron.text.rpartition(" ")[0] + " *" if marked else cron.text
    words = _described(described).replace(" through ", " to ")
    words = re.sub(r"\bL of the month", "the last of the month", words)
    if not cron.either_day:
        words = words.replace(", or on ", ", but only on ")
    parts = [words, _marked_weekdays(cron), zone_words(timezone)]
    return ", ".join(part for part in parts if part)


@lru_cache(maxsize=2048)
def _described(text: str) -> str:
    # Kept: a quarter of a millisecond each, and a page of jobs asks for many. Given a locale, the describer does
    # not look for one in the environment.
    return str(get_description(text, Options(use_24hour_time_format=True, locale_code="en_US")))


def _marked_weekdays(cron: Cron) -> str:
    """`on the first Monday and last Friday of the month`: the describer drops the ordinals of a list."""
    if not cron.weekday.marks:
        return ""
    days = [f"{_ordinal(mark)} {_WEEKDAYS[_weekday(mark)]}" for mark in cron.weekday.marks]
    lead = "or on" if cron.either_day else "on"
    return f"{lead} the {' and '.join(days)} of the month"


def _ordinal(mark: str) -> str:
    return _ORDINALS["L" if mark.startswith("L") else mark[-1]]


def _weekday(mark: str) -> int:
    return int(mark[1] if mark.startswith("L") else mark[0])
