"""What a job's schedule does next, and what may come into its way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lamplighter_contracts.gates import Waiting
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.timing import Overlap
from lamplighter_planning.agenda import is_exhausted, next_alarm
from lamplighter_planning.clock_words import Clock, span
from lamplighter_planning.forecast import Foreseen, forecast, left_out_for_good
from lamplighter_planning.inquiry import Inquiry
from lamplighter_planning.lanes import has_room, queue_of, running_in
from lamplighter_planning.obstacles import exhausted_words, pause_words
from lamplighter_planning.silences import BEING_DECIDED, deleted_words, unscheduled_words
from lamplighter_schedules import latest

_COUNTED = 100
"""Occurrences before the next one that are left out: more are `at least` so many."""
_LONG_AGO = timedelta(days=36_500)


@dataclass(frozen=True)
class Outlook:
    """`next_at` is when the schedule fires next, if nothing comes into its way."""

    next_at: datetime | None
    sentence: str
    provisos: str = ""
    """What may come into its way, or has come into the way of those before it."""
    reason: str = ""
    """Why nothing comes at all. Where it was told already, the sentence tells nothing new."""


def outlook(inquiry: Inquiry) -> Outlook:
    job, now = inquiry.job, inquiry.now
    standstill = next(_standstills(inquiry), None)
    if standstill is not None:
        return standstill
    ahead = forecast(job, inquiry.times, inquiry.gate, now, 1, removed=_COUNTED)
    following = next((one for one in ahead if one.removal is None), None)
    if following is None:
        return Outlook(None, _nothing_ahead(inquiry))
    at = following.effective_at
    sentence = f"{_paused(inquiry)}The next is {_first_named(inquiry, at)}, in {span(at - now)}."
    removed = [one for one in ahead if one.at < following.at]
    provisos = [*_overdue(inquiry), *_left_out(removed), *_contended(inquiry)]
    return Outlook(at, sentence, " ".join(provisos))


def _standstills(inquiry: Inquiry) -> Iterator[Outlook]:
    """Why nothing comes of the schedule at all."""
    job, clock = inquiry.job, inquiry.clock
    if job.deleted_at is not None:
        yield _nothing(
            "Nothing fires",
            deleted_words(
                job, clock.full(job.deleted_at) if inquiry.at is None else clock.brief(job.deleted_at)
            ),
        )
    if job.pause is not None and job.paused_at(inquiry.now) and job.pause.ends_at is None:
        yield Outlook(None, "Nothing fires until the job is resumed.", _paused(inquiry).rstrip())
    if not job.schedules:
        yield _nothing("Nothing is due by itself", unscheduled_words(job), " ".join(_waiting(inquiry)))
    if is_exhausted(job, inquiry.gate):
        yield _nothing("Nothing more fires", exhausted_words(job))


def _nothing(what: str, reason: str, provisos: str = "") -> Outlook:
    return Outlook(None, f"{what}: {reason}.", provisos, reason)


def _paused(inquiry: Inquiry) -> str:
    """Who paused the job, until when and why. Where one instant is asked about, only until when."""
    pause = inquiry.job.pause
    if pause is None or not inquiry.job.paused_at(inquiry.now):
        return ""
    if inquiry.at is not None:
        is_told = inquiry.record is None and pause.covers(inquiry.at)
        until = None if is_told else pause.ends_at
        return f"The job is paused until {inquiry.clock.brief(until)}. " if until else ""
    words = inquiry.clock.retold(pause_words(pause)).removesuffix(".")
    return f"{words[:1].upper()}{words[1:]}. "


def _first_named(inquiry: Inquiry, at: datetime) -> str:
    """In full where the answer names no other instant with its zone."""
    is_first = inquiry.at is None and inquiry.record is None
    return inquiry.clock.full(at) if is_first else inquiry.clock.brief(at)


def _nothing_ahead(inquiry: Inquiry) -> str:
    """Of a schedule that nothing holds up."""
    times, clock, now = inquiry.times, inquiry.clock, inquiry.now
    pause = inquiry.job.pause
    if pause is not None and pause.ends_at is not None and inquiry.job.paused_at(now):
        return f"{_paused(inquiry)}Nothing more is due: the schedule has nothing after that."
    if times.next_after(now) is not None:
        left_out = left_out_for_good(times, now)
        first = f": the first is {clock.brief(left_out[0])}, and {left_out[1].detail}" if left_out else ""
        return f"Everything that is due in the time to come is left out{first}."
    ends_at = times.window.ends_at
    if ends_at is not None:
        ended = "ended" if ends_at <= now else "ends"
        return f"Nothing more is due: the schedule {ended} on {clock.full(ends_at)}."
    last = latest(times.schedules, now - _LONG_AGO, now)
    return (
        f"Nothing more is due: the last time of the schedule was {clock.full(last)}."
        if last
        else "Nothing is due."
    )


def _overdue(inquiry: Inquiry) -> Iterator[str]:
    """Something has been due for longer than a scheduler takes."""
    alarm = next_alarm(inquiry.job, inquiry.gate)
    if alarm is not None and inquiry.now - alarm > BEING_DECIDED:
        since = f"{inquiry.clock.brief(alarm)}, {span(inquiry.now - alarm)} ago"
        yield f"Something has been due since {since}, and no scheduler has decided it: none seems to be at work."


def _left_out(removed: list[Foreseen]) -> Iterator[str]:
    if not removed:
        return
    detail = removed[0].removal.detail if removed[0].removal else ""
    many = f"At least {len(removed)}" if len(removed) >= _COUNTED else f"{len(removed)}"
    yield (
        f"One before it is left out: {detail}."
        if len(removed) == 1
        else f"{many} before it are left out, the first because {detail}."
    )


def _contended(inquiry: Inquiry) -> Iterator[str]:
    job, gate = inquiry.job, inquiry.gate
    if not has_room(job, gate, ""):
        first = running_in(gate, "")[0]
        since = inquiry.clock.brief(gate.running[first].since)
        yield f"Execution {first} has run since {since}: if it still does then, {_fate(job, len(queue_of(gate, '')))}."
    yield from _waiting(inquiry)


def _waiting(inquiry: Inquiry) -> Iterator[str]:
    gate = inquiry.gate
    gathering = [w for w in gate.waiting if w.gathers and w.not_before is not None]
    count = len(gate.waiting) - len(gathering)
    if count:
        yield "One waits for its turn." if count == 1 else f"{count} wait for their turn."
    if gathering:
        yield _gathering_words(gathering, inquiry.clock)


def _gathering_words(gathering: Sequence[Waiting], clock: Clock) -> str:
    deliveries = sum(len(waiting.joined) + 1 for waiting in gathering)
    until = clock.brief(min(waiting.not_before for waiting in gathering if waiting.not_before))
    what = "One delivery waits" if deliveries == 1 else f"{deliveries} deliveries wait"
    if len(gathering) == 1:
        return f"{what} for others until {until}."
    return f"{what} for others in {len(gathering)} groups, the first until {until}."


def _fate(job: Job, waiting: int) -> str:
    match job.concurrency.overlap:
        case Overlap.SKIP | Overlap.ALLOW:
            return "the next is skipped"
        case Overlap.QUEUE_ONE if waiting:
            return "the next is coalesced into the one that waits"
        case Overlap.QUEUE_ALL if waiting >= job.concurrency.max_queued:
            return "the next is skipped, unless one of those that wait has begun"
        case Overlap.QUEUE_ONE | Overlap.QUEUE_ALL:
            return "the next waits for its end"
        case Overlap.REPLACE:
            return "it is cancelled to make room"
