"""What stands after `|`. Each gives a text that is hardly longer than what it was given, or refuses."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from minijinja import pass_state

from .errors import FilterError
from .facts import Facts
from .notation import Wrapped, as_json
from .printing import Printer
from .readings import Elements, Multitude, Record, pairs
from .vocabulary import LARGEST_RESULT
from .zones import zone_named

Filter = Callable[..., Any]
"""Of the facts, the value and the arguments."""

_LONGEST_FORMAT = 100
_SPANS = (
    (timedelta(days=2), timedelta(days=1), "day"),
    (timedelta(hours=1), timedelta(hours=1), "hour"),
    (timedelta(minutes=1), timedelta(minutes=1), "minute"),
)
"""From how long a span on it is counted in which unit."""


def replace(_: Facts, value: Any, old: Any, new: Any) -> str:
    text, old, new = (_text("replace", part) for part in (value, old, new))
    _refuse_large("replace", len(text) + (text.count(old) if len(new) > len(old) else 0) * len(new))
    return text.replace(old, new)


def truncate(_: Facts, value: Any, length: Any = 255, end: Any = "…") -> str:
    text = _text("truncate", value)
    if not isinstance(length, int) or length < 0:
        raise FilterError("truncate", "takes a number of characters: `truncate(200)`.")
    return text if len(text) <= length else text[:length] + _text("truncate", end)


def join(_: Facts, value: Any, between: Any = "") -> str:
    if not isinstance(value, Elements | Multitude | list):
        raise FilterError("join", "works on a list.")
    between, texts, size = _text("join", between), list[str](), 0
    for element in value:
        texts.append(element if isinstance(element, str) else as_json(element)[0])
        size += len(texts[-1]) + len(between)
        _refuse_large("join", size)
    return str(between).join(texts)


def items(_: Facts, value: Any) -> Elements:
    if not isinstance(value, Record):
        raise FilterError("items", "works on an object.")
    return pairs(value)


def to_json(_: Facts, value: Any) -> Any:
    """An object or a list is printed as JSON in any case."""
    return value if isinstance(value, Wrapped | list) else as_json(value)[0]


def date(facts: Facts, value: Any, pattern: Any = "%Y-%m-%d", zone: Any = "") -> str:
    """An instant in words, in the job's zone where no other is given. Of nothing it is nothing."""
    if value == "":
        return ""
    moment, pattern = _instant("date", value), _text("date", pattern)
    if len(pattern) > _LONGEST_FORMAT:
        raise FilterError("date", f"takes a format of at most {_LONGEST_FORMAT} characters.")
    wall = zone_named(_text("date", zone) or facts.timezone)
    if wall is None:
        raise FilterError("date", "was given a time zone that is not known.")
    try:
        return moment.astimezone(wall).strftime(pattern)
    except (ValueError, OverflowError):
        raise FilterError("date", "cannot write that time in that format.") from None


def ago(facts: Facts, value: Any) -> str:
    """How long before the decision: `3 hours ago`. Of nothing it is nothing."""
    if value == "":
        return ""
    span = facts.fired_at - _instant("ago", value)
    for least, unit, noun in _SPANS:
        if abs(span) >= least:
            count = abs(span) // unit
            words = f"{count} {noun}{'s' if count > 1 else ''}"
            return f"{words} ago" if span > timedelta() else f"in {words}"
    return "just now"


def _instant(name: str, value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(name, value))
    except ValueError:
        raise FilterError(name, "works on a time such as 2026-03-01T09:00:00Z.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(name: str, value: Any) -> str:
    match value:
        case str():
            return value
        case bool() | int() | float():
            return as_json(value)[0]
        case None:
            raise FilterError(
                name, 'was given nothing: where a value may be absent, put `| default("")` before it.'
            )
    raise FilterError(name, "works on text, and was given an object or a list.")


def _on_text(name: str, change: Callable[[str], str]) -> Filter:
    return lambda _, value: change(_text(name, value))


def _metered(work: Filter) -> Filter:
    """What a filter reads is counted, as the engine counts instructions."""

    @pass_state
    def run(state: Any, value: Any, *arguments: Any) -> Any:
        printer: Printer = state.lookup("__printer")
        printer.budget.take_text(value if isinstance(value, str) else "")
        return work(printer.facts, value, *arguments)

    return run


def _refuse_large(name: str, size: int) -> None:
    if size > LARGEST_RESULT:
        raise FilterError(name, f"would give more than {LARGEST_RESULT // 1024} KiB.")


_WORKING: dict[str, Filter] = {
    "ago": ago,
    "capitalize": _on_text("capitalize", str.capitalize),
    "date": date,
    "items": items,
    "join": join,
    "json": to_json,
    "lower": _on_text("lower", str.lower),
    "replace": replace,
    "title": _on_text("title", str.title),
    "tojson": to_json,
    "trim": _on_text("trim", str.strip),
    "truncate": truncate,
    "upper": _on_text("upper", str.upper),
}
WORKING: dict[str, Filter] = {name: _metered(work) for name, work in _WORKING.items()}
"""Those that are not the engine's own: it has `default`, `first`, `last` and `length`."""
