"""How a simulation reads: totals, the load over time, collisions, overlaps, and what would not run."""

from collections.abc import Iterator

from lamplighter_cli import spans
from lamplighter_cli.commands.simulate.chart import Bar, bars, lengths
from lamplighter_cli.output import Column, Output, Record, Sheet
from lamplighter_cli.times import Clock, moment_of

ROWS, WIDTH = 24, 40
NAMED = 10
"""The most jobs that the gateway names of one minute."""
SHOWN = 10
"""Rows of each table that a person is shown."""

MINUTES = (
    Column("MINUTE", lambda one, clock: clock.local(one.get("at"))),
    Column("STARTS", lambda one, _: one.get("count")),
    Column("JOBS", lambda one, _: _jobs(one), flexible=True),
)
_WHO = (
    Column("JOB", lambda one, _: one.get("job_id"), flexible=True),
    Column("NAME", lambda one, _: one.get("name"), flexible=True),
)
OVERLAPS = (
    *_WHO,
    Column("TIMES", lambda one, _: one.get("count")),
    Column("FIRST", lambda one, clock: clock.local(one.get("first_at"))),
)
REMOVED = (
    *_WHO,
    Column("REASON", lambda one, _: str(one.get("reason")).replace("_", " ")),
    Column("TIMES", lambda one, _: one.get("count")),
)
JOBS = (
    *_WHO,
    Column("DUE", lambda one, _: one.get("occurrences")),
    Column("STARTED", lambda one, _: one.get("fired")),
    Column("SKIPPED", lambda one, _: _number(one.get("skipped"))),
    Column("EACH TAKES", lambda one, _: spans.words(one.get("assumed_seconds"))),
)


def show(output: Output, report: Record) -> None:
    output.sheet(_totals(report, output.clock))
    _chart(output, report)
    collisions = [one for one in report.get("busiest_minutes") or () if one.get("count", 0) > 1]
    _table(output, "Busiest minutes", collisions, MINUTES)
    _table(output, "Due while it still runs", report.get("overlaps") or [], OVERLAPS)
    _table(output, "Left out", report.get("removed") or [], REMOVED)
    _table(output, "Jobs", report.get("per_job") or [], JOBS)


def _totals(report: Record, clock: Clock) -> Sheet:
    yield "From", clock.local(report.get("from"))
    yield "To", clock.local(report.get("to"))
    yield "Jobs", _number(report.get("jobs"))
    yield "Due", report.get("occurrences")
    yield "Started", report.get("fired")
    yield "Skipped", _skipped(report.get("skipped"))
    yield "Most running", _peak(report.get("running_peak"), clock)


def _skipped(counts: object) -> str | None:
    if not isinstance(counts, dict):
        return None
    total = sum(counts.values())
    reasons = ", ".join(f"{reason.replace('_', ' ')} {count}" for reason, count in counts.items() if count)
    return f"{total} ({reasons})" if total else "0"


def _peak(peak: object, clock: Clock) -> str | None:
    if not isinstance(peak, dict) or not peak.get("count"):
        return None
    return f"{peak['count']}, at {clock.local(peak.get('at'))}"


def _chart(output: Output, report: Record) -> None:
    load = report.get("load") or {}
    span, found = bars(_points(load, output.clock), ROWS)
    if not found:
        return
    each = spans.words(load.get("bucket_seconds"))
    output.line()
    output.title(f"Starts in {each}, the most in each {spans.words(span.total_seconds())}")
    for (at, count), length in zip(found, lengths([bar.load for bar in found], WIDTH), strict=True):
        bar = f"{'#' * length} {count}" if count else ""
        output.line(f"{at:%a %Y-%m-%d %H:%M}   {bar}".rstrip())


def _points(load: Record, clock: Clock) -> Iterator[Bar]:
    for at, count in load.get("buckets") or ():
        if moment := moment_of(at):
            yield Bar(moment.astimezone(clock.zone), int(count))


def _table(output: Output, title: str, rows: list[Record], columns: tuple[Column, ...]) -> None:
    if rows:
        output.line()
        output.title(title)
        output.first(rows, columns, SHOWN)


def _jobs(minute: Record) -> str:
    named = [str(one) for one in minute.get("job_ids") or ()]
    return ", ".join(named) + (", ..." if len(named) >= NAMED else "")


def _number(value: object) -> object:
    """A count, however it is told: as a number, a list, or counts by reason."""
    match value:
        case dict():
            return sum(value.values())
        case list():
            return len(value)
        case _:
            return value
