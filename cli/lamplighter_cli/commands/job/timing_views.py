"""How the timing of a job reads: only what is not as it would be anyway."""

from collections.abc import Iterable, Mapping
from typing import Any

from lamplighter_cli import spans
from lamplighter_cli.output import Record, Sheet
from lamplighter_cli.times import Clock

UNSAID: Mapping[str, Any] = {
    "overlap": "skip",
    "max_queued": 100,
    "missed": "last",
    "missed_limit": 10,
    "missed_every_seconds": 60,
}
"""What a job has of which nothing was said."""


def sheet(job: Record, clock: Clock) -> Sheet:
    yield "Window", _window(job, clock)
    yield "Not on", _exclusions(job)
    yield "Spread", _spread(job)
    yield "Overlap", _overlap(job)
    yield "Missed", _missed(job)


def pause(job: Record, clock: Clock) -> str | None:
    """Until when a job is paused and why; None where it is not."""
    found = _lasting(job, clock)
    if found is None:
        return None
    until = clock.local(found.get("until"))
    note = f": {found['note']}" if found.get("note") else ""
    return (f"until {until}" if until else "until it is resumed") + note


def pause_line(job: Record, clock: Clock) -> str | None:
    """The same, and since when."""
    found, words = _lasting(job, clock), pause(job, clock)
    if found is None:
        return None
    author = f" by {found['paused_by']}" if found.get("paused_by") else ""
    return f"since {clock.local(found.get('paused_at'))}{author}, {words}"


def is_annotated(job: Record, clock: Clock) -> bool:
    """Whether a pause lasts that has an end or a note."""
    found = _lasting(job, clock)
    return found is not None and bool(found.get("until") or found.get("note"))


def _lasting(job: Record, clock: Clock) -> Record | None:
    found = job.get("pause")
    if not isinstance(found, dict) or clock.is_past(found.get("until")) or found.get("resumed_at"):
        return None
    return found


def _said(job: Record, *fields: str) -> bool:
    """Whether one of these is not what it would be anyway."""
    return any(job.get(field) not in (None, UNSAID.get(field)) for field in fields)


def _joined(parts: Iterable[str | None]) -> str | None:
    return ", ".join(part for part in parts if part) or None


def _window(job: Record, clock: Clock) -> str | None:
    starts, ends = clock.local(job.get("starts_at")), clock.local(job.get("ends_at"))
    most = job.get("max_runs")
    return _joined([starts and f"from {starts}", ends and f"until {ends}", most and f"at most {most} runs"])


def _exclusions(job: Record) -> list[str]:
    calendars = [f"calendar {name}" for name in job.get("calendars") or ()]
    return [*(job.get("exclude_dates") or ()), *(job.get("blackouts") or ()), *calendars]


def _spread(job: Record) -> str | None:
    spread, jitter = job.get("spread_seconds"), job.get("jitter_seconds")
    return _joined(
        [
            spread and f"at its own place within {spans.words(spread)}",
            jitter and f"at any place within {spans.words(jitter)}",
        ]
    )


def _overlap(job: Record) -> str | None:
    if not _said(job, "overlap", "max_running", "max_queued", "concurrency_key"):
        return None
    running, waiting, key = job.get("max_running"), job.get("max_queued"), job.get("concurrency_key")
    return _joined(
        [
            str(job.get("overlap")).replace("_", "-"),
            running and f"at most {running} running",
            f"at most {waiting} waiting" if waiting and job.get("overlap") == "queue_all" else None,
            key and f"apart by {key}",
        ]
    )


def _missed(job: Record) -> str | None:
    if not _said(job, "missed", "missed_limit", "missed_window_seconds", "missed_every_seconds"):
        return None
    every = job.get("missed") == "all"
    window = spans.words(job.get("missed_window_seconds"))
    return _joined(
        [
            str(job.get("missed")),
            f"the latest {job.get('missed_limit')}" if every else None,
            f"up to {window} late" if window else None,
            f"one in each {spans.words(job.get('missed_every_seconds'))}" if every else None,
        ]
    )
