"""Why nothing is recorded of an instant: the first reason that holds, as a sentence."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from lamplighter_contracts.jobs import Job
from lamplighter_contracts.queries import OccurrenceRecord
from lamplighter_planning.accounts import in_short
from lamplighter_planning.agenda import is_exhausted
from lamplighter_planning.clock_words import span
from lamplighter_planning.inquiry import Inquiry
from lamplighter_planning.obstacles import exhausted_words, pause_words
from lamplighter_schedules import just_before, latest, next_after

BEING_DECIDED = timedelta(seconds=5)
"""For so long an occurrence may be under way between its instant and its record."""
BEING_RECORDED = timedelta(minutes=10)

_FAR = timedelta(days=400)


def silence(inquiry: Inquiry, at: datetime) -> str:
    """`at` is a whole second, and no record is of it."""
    return next(_reasons(inquiry, at))


def _reasons(inquiry: Inquiry, at: datetime) -> Iterator[str]:
    yield from _never_due(inquiry, at)
    full, is_past = inquiry.clock.full(at), at <= inquiry.now
    for obstacle in _obstacles(inquiry, at):
        yield f"It {'did' if is_past else 'will'} not fire on {full}: {obstacle}."
    if is_past:
        yield _undecided(inquiry, at, full)
    else:
        most = inquiry.job.window.max_runs
        often = "once" if most == 1 else f"{most} times"
        bound = f", unless the schedule has fired {often} by then" if most else ""
        yield f"It is due on {full}, in {span(at - inquiry.now)}{bound}."


def _obstacles(inquiry: Inquiry, at: datetime) -> Iterator[str]:
    job, gate = inquiry.job, inquiry.gate
    if job.deleted_at is not None and at >= job.deleted_at:
        yield deleted_words(job, inquiry.clock.brief(job.deleted_at))
    if job.pause is not None and job.pause.covers(at):
        yield inquiry.clock.retold(pause_words(job.pause))
    if gate.cursor is not None and at <= gate.cursor:
        # It was decided, by what held then.
        return
    if (removal := inquiry.times.removal(at)) is not None:
        yield removal.detail
    if is_exhausted(job, gate):
        yield exhausted_words(job)


def _never_due(inquiry: Inquiry, at: datetime) -> Iterator[str]:
    job, clock, window = inquiry.job, inquiry.clock, inquiry.job.window
    full, was = clock.full(at), "was" if at <= inquiry.now else "is"
    if not job.schedules:
        yield f"Nothing {was} due on {full}: {unscheduled_words(job)}."
    if next_after(inquiry.times.schedules, just_before(at)) != at:
        yield f"Nothing {was} due on {full}: it is no time of the schedule. {_neighbours(inquiry, at)}"
    if window.starts_at is not None and at < window.starts_at:
        yield f"Nothing {was} due on {full}: the schedule begins on {clock.brief(window.starts_at)}."
    if window.ends_at is not None and at >= window.ends_at:
        yield f"Nothing {was} due on {full}: the schedule ends on {clock.brief(window.ends_at)}."
    if at <= job.scheduled_from:
        made = "made" if job.scheduled_from == job.created_at else "changed, or restored,"
        since = clock.brief(job.scheduled_from)
        yield f"Nothing was due on {full}: the schedule was {made} on {since} and counts from then on."


def _undecided(inquiry: Inquiry, at: datetime, full: str) -> str:
    """An occurrence that is past, and of which nothing is known."""
    effective = inquiry.times.effective(at)
    age = inquiry.now - effective
    if age < timedelta(0):
        later = inquiry.clock.time(effective, at)
        return f"It was due on {full} and is put off by its spread: it starts at {later}, in {span(-age)}."
    if inquiry.gate.cursor is not None and at <= inquiry.gate.cursor:
        if age < BEING_RECORDED:
            return f"It was due on {full}; what became of it is being recorded: ask again in a moment."
        return f"It was due on {full}, and was decided; its record is not there yet, or is no longer kept."
    if age <= BEING_DECIDED:
        return f"It was due on {full}, just now, and is being decided: ask again in a moment."
    return (
        f"It was due on {full}, {span(age)} ago, and no scheduler has decided it: none seems to be at work."
    )


def _neighbours(inquiry: Inquiry, at: datetime) -> str:
    """The occurrences before and after, and what became of them."""
    schedules, ledger, clock = inquiry.times.schedules, inquiry.ledger, inquiry.clock
    before = latest(schedules, at - _FAR, at)
    after = inquiry.times.next_after(at)
    told = []
    if before is not None:
        told.append(f"The one before is {clock.brief(before)}{_outcome(ledger.before, before)}")
    if after is not None:
        told.append(f"the one after is {clock.brief(after)}{_outcome(ledger.after, after)}")
    sentence = "; ".join(told)
    return f"{sentence[:1].upper()}{sentence[1:]}." if sentence else ""


def _outcome(record: OccurrenceRecord | None, instant: datetime) -> str:
    if (
        record is None
        or not (record.first_at or record.firing.nominal_at) <= instant <= record.firing.nominal_at
    ):
        return ""
    return f", which {in_short(record)}"


def deleted_words(job: Job, deleted: str) -> str:
    """`deleted` says when."""
    return f"the job was deleted on {deleted}; `lamp job restore {job.job_id}` brings it back"


def unscheduled_words(job: Job) -> str:
    by_webhook = f"on deliveries to its webhook {job.webhook.path}, and " if job.webhook else ""
    return f"the job has no schedule; it runs {by_webhook}when somebody starts it"
