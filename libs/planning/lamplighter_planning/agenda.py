"""When a job's timer must wake, and what came due since its gate's cursor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.timing import Pause, Window
from lamplighter_planning.lanes import has_room
from lamplighter_planning.timetable import Timetable, timetable
from lamplighter_schedules import count_and_tail, just_before


@dataclass(frozen=True)
class Lump:
    """Occurrences that share a record. `exact` is false where there are more of them than were counted."""

    first: datetime
    last: datetime
    count: int
    exact: bool = True


@dataclass(frozen=True)
class Passed:
    """What came due since the cursor: those of a pause, those too many to list, and the rest, ascending."""

    paused: Lump | None = None
    unlisted: Lump | None = None
    listed: tuple[datetime, ...] = ()

    @property
    def cursor(self) -> datetime | None:
        lasts = [lump.last for lump in (self.paused, self.unlisted) if lump]
        return max([*lasts, *self.listed[-1:]], default=None)


NOTHING = Passed()


def next_alarm(job: Job | None, gate: Gate) -> datetime | None:
    """When the scheduler must look at the job next, which may be past. None where it must not have a timer.

    Raises `ScheduleError` for a schedule that cannot be read.
    """
    if job is None or job.deleted_at is not None:
        return None
    alarms = [_next_occurrence(job, gate), _next_waiting(job, gate)]
    return min((alarm for alarm in alarms if alarm is not None), default=None)


def _next_occurrence(job: Job, gate: Gate) -> datetime | None:
    if not job.is_scheduled or is_exhausted(job, gate):
        return None
    times = timetable(job, job.job_id)
    nominal = times.next_after(begins(job, gate))
    if nominal is None:
        return None
    if job.pause is not None and job.pause.covers(nominal):
        # What a pause passes over is recorded once, when it is over.
        return job.pause.ends_at
    return times.effective(nominal)


def _next_waiting(job: Job, gate: Gate) -> datetime | None:
    """When something that waits for its time has it. Those that wait for room are woken by what ends; of a group
    that has gathered it is decided in any case."""
    timed = ((w.not_before, w) for w in gate.waiting if w.not_before is not None)
    return min((at for at, w in timed if w.gathers or has_room(job, gate, w.lane)), default=None)


def is_timed(gate: Gate) -> bool:
    """Whether something waits for its time: then the alarm depends on what runs, and changes with what ends."""
    return any(waiting.not_before is not None for waiting in gate.waiting)


def begins(job: Job, gate: Gate) -> datetime:
    """Occurrences at or before this are decided, or were never this schedule's."""
    began = max(gate.cursor or job.scheduled_from, job.scheduled_from)
    # Of one that may fire more often now, nobody knows any more what it was before: it goes on from its change.
    return max(began, job.updated_at) if gate.exhausted else began


def runs_so_far(job: Job, gate: Gate) -> int:
    """How often the schedule has fired since it was made or changed."""
    return gate.runs if gate.counted_from == job.scheduled_from else 0


def is_exhausted(job: Job, gate: Gate) -> bool:
    most = job.window.max_runs
    return most is not None and runs_so_far(job, gate) >= most


def is_released(job: Job, gate: Gate) -> bool:
    """Whether it may fire again, and its gate does not say so yet."""
    return gate.exhausted and job.is_scheduled and not is_exhausted(job, gate)


def passed(job: Job, gate: Gate, times: Timetable, now: datetime, keep: int) -> Passed:
    """What came due after the cursor and took effect up to `now`; of what no pause covers, the last `keep` listed."""
    if not job.is_scheduled or is_exhausted(job, gate):
        return NOTHING
    due = clipped(Span(begins(job, gate), now), job.window)
    if due.is_empty:
        return NOTHING
    pause = _covered(job.pause, now)
    if pause is None:
        return _listed(times, [due], None, now, keep)
    paused = due.within(pause)
    active = [due.within(Span(due.after, pause.after)), due.within(Span(pause.until, now))]
    return _listed(times, active, _lump(times, paused), now, keep)


@dataclass(frozen=True)
class Span:
    """The instants in (after, until]."""

    after: datetime
    until: datetime

    @property
    def is_empty(self) -> bool:
        return self.until <= self.after

    def within(self, other: "Span") -> "Span":
        return Span(max(self.after, other.after), min(self.until, other.until))


def clipped(span: Span, window: Window) -> Span:
    """What of the span lies inside the window."""
    starts_at, ends_at = window.starts_at, window.ends_at
    return span.within(
        Span(
            just_before(starts_at) if starts_at else span.after,
            just_before(ends_at) if ends_at else span.until,
        )
    )


def _covered(pause: Pause | None, now: datetime) -> Span | None:
    """The instants that a pause covers, those still to come left out."""
    ends_at = pause.ends_at if pause else None
    if pause is None or (ends_at is not None and ends_at <= pause.paused_at):
        return None
    return Span(just_before(pause.paused_at), just_before(ends_at) if ends_at and ends_at <= now else now)


def _lump(times: Timetable, span: Span) -> Lump | None:
    first = None if span.is_empty else times.next_after(span.after)
    if first is None or first > span.until:
        return None
    tally = count_and_tail(times.schedules, span.after, span.until, 1)
    return Lump(first, tally.tail[-1], tally.count, tally.exact)


def _listed(times: Timetable, spans: Sequence[Span], paused: Lump | None, now: datetime, keep: int) -> Passed:
    # Those kept, the last of those before them, and one that may be still to come.
    tallies = [count_and_tail(times.schedules, s.after, s.until, keep + 2) for s in spans if not s.is_empty]
    tail = [instant for tally in tallies for instant in tally.tail]
    count = sum(tally.count for tally in tallies)
    if tail and times.effective(tail[-1]) > now:
        # Spread keeps the order: only the last one may be still to come.
        tail.pop()
        count -= 1
    listed, unlisted = tail[-keep:], None
    if count > len(listed):
        first = next(first for s in spans if (first := times.next_after(s.after)) and first <= s.until)
        exact = all(tally.exact for tally in tallies)
        unlisted = Lump(first, tail[-keep - 1], count - len(listed), exact)
    return Passed(paused, unlisted, tuple(listed))
