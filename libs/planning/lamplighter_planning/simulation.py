"""The scheduler's own decisions on a virtual clock: what a range of time would bring, over many jobs.

Jobs do not wait for one another, so each is played through alone. An occurrence that finds nothing running and
nothing waiting is due whatever the policy; every other one is decided as the scheduler decides it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush

from lamplighter_contracts.events import SkipReason
from lamplighter_contracts.gates import Gate, Running
from lamplighter_contracts.jobs import Job
from lamplighter_planning.agenda import Span, clipped, is_exhausted
from lamplighter_planning.decisions import decide
from lamplighter_planning.obstacles import removed
from lamplighter_planning.rulings import Asked, Decision, Due, Ended, Situation, Skipped
from lamplighter_planning.timetable import Surroundings, Timetable, timetable
from lamplighter_schedules import just_before, occurrences

MOST_OCCURRENCES = 5_000_000
"""In one simulation: some twenty seconds of work where few of them meet."""

TYPICAL_SECONDS = 60.0
"""How long an execution is taken to run where nothing is known of it."""


class TooMuch(ValueError):
    """The simulation would have more occurrences than one may have."""


@dataclass(frozen=True)
class Simulated:
    """A job to be played through. `seconds` is how long its executions are taken to run."""

    job: Job
    around: Surroundings
    seconds: float = TYPICAL_SECONDS


@dataclass
class Tale:
    """What became of the occurrences of one job. `fired` are the starts, in seconds since 1970, ascending."""

    job_id: str
    name: str
    seconds: float
    occurrences: int = 0
    fired: list[int] = field(default_factory=list)
    skipped: Counter[SkipReason] = field(default_factory=Counter)
    first_overlap: datetime | None = None

    def skip(self, ruling: Skipped) -> None:
        self.skipped[ruling.reason] += ruling.count
        if ruling.reason is SkipReason.OVERLAP and self.first_overlap is None:
            self.first_overlap = ruling.occurrence.firing.nominal_at


def simulate(jobs: Sequence[Simulated], after: datetime, until: datetime) -> list[Tale]:
    """What each job does in (after, until], beginning with nothing running.

    Raises `TooMuch`, and `ScheduleError` for a job that cannot be read.
    """
    left, tales = MOST_OCCURRENCES, []
    for simulated in jobs:
        tale = play(simulated, after, until, left)
        left -= tale.occurrences
        tales.append(tale)
    return tales


def play(simulated: Simulated, after: datetime, until: datetime, most: int = MOST_OCCURRENCES) -> Tale:
    """One job. Raises as `simulate` does."""
    job = simulated.job
    times = timetable(job, job.job_id, simulated.around)
    tale = Tale(job.job_id, job.name, simulated.seconds)
    course = _Virtual(simulated, times, tale)
    for nominal in _nominal(times, max(after, job.scheduled_from), until, most):
        tale.occurrences += 1
        course.meet(nominal)
    course.pass_ends(until)
    return tale


def _nominal(times: Timetable, after: datetime, until: datetime, most: int) -> Iterator[datetime]:
    span = clipped(Span(after, until), times.window)
    found = occurrences(times.schedules, span.after, span.until, most + 1)
    if len(found) > most:
        raise TooMuch(
            f"these jobs have more than {MOST_OCCURRENCES:,} occurrences in this range: "
            "choose a shorter one, or fewer jobs"
        )
    yield from found


class _Virtual:
    """A job and its gate as the clock goes on."""

    def __init__(self, simulated: Simulated, times: Timetable, tale: Tale) -> None:
        # What the prompt becomes has no part in when the job runs.
        self._job = simulated.job.model_copy(update={"prompt": "-"})
        self._around = simulated.around
        self._times = times
        self._tale = tale
        self._length = timedelta(seconds=simulated.seconds)
        self._bounded = self._job.concurrency.bound is not None
        self._gate = Gate(job_id=self._job.job_id)
        self._ends: list[tuple[datetime, str]] = []
        self._alone: datetime | None = None
        """The start of the only execution that runs, while the gate does not know of it."""

    def meet(self, nominal: datetime) -> None:
        """The occurrence takes effect: what ended before has made room."""
        at = self._times.effective(nominal)
        self.pass_ends(at)
        reason = self._left_out(nominal)
        if reason is not None:
            self._tale.skipped[reason] += 1
        elif self._job.window.max_runs is None and self._is_idle():
            self._tale.fired.append(int(at.timestamp()))
            self._alone = at if self._bounded else None
        else:
            self._decide(nominal, at)

    def pass_ends(self, now: datetime) -> None:
        """End what is over by now; what waited for it fires."""
        if self._alone is not None and self._alone + self._length <= now:
            self._alone = None
        while self._ends and self._ends[0][0] <= now:
            at, ended = heappop(self._ends)
            if ended in self._gate.running:
                self._end(ended, at)

    def _left_out(self, nominal: datetime) -> SkipReason | None:
        if self._job.paused_at(nominal):
            return SkipReason.PAUSED
        if is_exhausted(self._job, self._gate):
            return SkipReason.EXHAUSTED
        removal = self._times.removal(nominal) if self._times.exclusions else None
        return removed(removal).reason if removal else None

    def _is_idle(self) -> bool:
        return self._alone is None and not (self._gate.running or self._gate.waiting)

    def _decide(self, nominal: datetime, at: datetime) -> None:
        if self._alone is not None:
            self._hold(self._alone)
        gate = self._gate.model_copy(update={"cursor": just_before(nominal)})
        situation = Situation(self._job.job_id, self._job, gate, around=self._around)
        self._apply(decide(situation, Asked(self._job.job_id, ticked=True), at), gate, at)

    def _hold(self, since: datetime) -> None:
        """Tell the gate of the execution that ran alone."""
        execution = f"since {since.isoformat()}"
        self._gate = self._gate.model_copy(update={"running": {execution: Running(since=since)}})
        heappush(self._ends, (since + self._length, execution))
        self._alone = None

    def _apply(self, decision: Decision, gate: Gate, at: datetime) -> None:
        self._gate = decision.gate or gate
        for ruling in decision.rulings:
            if isinstance(ruling, Due):
                self._tale.fired.append(int(at.timestamp()))
                heappush(self._ends, (at + self._length, ruling.occurrence.execution_id))
            elif isinstance(ruling, Skipped):
                self._tale.skip(ruling)
        for stopped in decision.stops:
            # Who is asked to stop is taken to do so at once.
            self._end(stopped, at)

    def _end(self, ended: str, at: datetime) -> None:
        if not self._gate.waiting:
            running = {e: r for e, r in self._gate.running.items() if e != ended}
            self._gate = self._gate.model_copy(update={"running": running})
            return
        situation = Situation(self._job.job_id, self._job, self._gate, around=self._around)
        self._apply(decide(situation, Asked(self._job.job_id, ended=(Ended(ended),)), at), self._gate, at)
