"""What the bus would hold of one job, with everything that must be true of it after each decision."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from lamplighter_contracts.events import JobBackfill, JobTriggered, TriggerKind
from lamplighter_contracts.gates import Gate, Waiting
from lamplighter_contracts.ids import subject_token
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.streams import DEDUPE_WINDOW, MESSAGE_LIMIT
from lamplighter_contracts.timing import MOST_WAITING, Overlap
from lamplighter_planning.agenda import next_alarm
from lamplighter_planning.decisions import decide
from lamplighter_planning.lanes import admissible, is_in_line, is_parked
from lamplighter_planning.rulings import (
    Asked,
    Decision,
    Due,
    Ended,
    Origin,
    Queued,
    Ruling,
    Situation,
    Skipped,
)
from lamplighter_planning.timetable import NOWHERE, Surroundings, timetable
from lamplighter_scheduler.records import messages
from tests.support.situations import JOB_ID

MOST_MESSAGES = 1_000
PARKED_AT_ONCE = 50


@dataclass
class World:
    """`records` has all that was ruled, by key of its occurrence."""

    job: Job | None
    now: datetime
    gate: Gate = field(default_factory=lambda: Gate(job_id=JOB_ID))
    around: Surroundings = NOWHERE
    marks: set[str] = field(default_factory=set)
    triggers: dict[str, JobTriggered] = field(default_factory=dict)
    records: list[tuple[datetime, Ruling]] = field(default_factory=list)
    backfills: list[JobBackfill] = field(default_factory=list)
    final: set[tuple[TriggerKind, str]] = field(default_factory=set)
    queued: dict[tuple[TriggerKind, str], datetime | None] = field(default_factory=dict)
    """Until when each had to wait at least."""
    held: dict[str, Due] = field(default_factory=dict)
    """What runs and has a place in the gate."""
    gathered: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """The keys of those that were gathered into an execution, in the order of their records."""
    stopped: set[str] = field(default_factory=set)

    def situation(self, asked: Asked) -> Situation:
        bare = Situation(JOB_ID, self.job, self.gate, decided=frozenset(self.marks), around=self.around)
        ready = self._ready(asked)
        tokens = {subject_token(key): key for key in self.triggers}
        joined = {token: self._remembered(tokens[token]) for waiting in ready for token in waiting.joined}
        return replace(
            bare, parked={waiting.key: self._remembered(waiting.key) for waiting in ready}, joined=joined
        )

    def _ready(self, asked: Asked) -> list[Waiting]:
        over = {end.execution_id for end in asked.ended}
        if self.job is None:
            return []
        return [w for w in admissible(self.job, self.gate, over, self.now) if is_parked(w)][:PARKED_AT_ONCE]

    def _remembered(self, key: str) -> JobTriggered | None:
        trigger = self.triggers[key]
        return None if self.now - trigger.accepted_at > DEDUPE_WINDOW else trigger

    def decide(self, asked: Asked) -> Decision:
        """What a scheduler computes, and may not live to commit."""
        return decide(self.situation(asked), asked, self.now)

    def meets(self, asked: Asked) -> None:
        """All of it, in as many batches as it takes. Asked again, it changes nothing."""
        self.triggers |= {trigger.key: trigger for trigger in asked.triggers}
        self._commit(asked)
        again = self.decide(asked)
        assert again == Decision(), again

    def _commit(self, asked: Asked) -> None:
        left: Asked | None = asked
        for _ in range(200):
            if left is None:
                return self._check_turns()
            decision = self.decide(left)
            assert len(messages(self.situation(left), decision, self.now)) <= MOST_MESSAGES
            self._apply(decision, left)
            left = Asked(JOB_ID) if decision.unfinished else None
        raise AssertionError("it is never finished")

    def _apply(self, decision: Decision, asked: Asked) -> None:
        before = self.gate
        for end in asked.ended:
            self.held.pop(end.execution_id, None)
        for ruling in decision.rulings:
            self._record(ruling)
        self.backfills += decision.backfills
        self.marks |= {t.key for t in asked.triggers} | set(decision.marks)
        if decision.gate is not None:
            # As it is read back from the bus.
            self.gate = Gate.model_validate_json(decision.gate.model_dump_json())
        self._check_stops(decision)
        self._check_backfills(decision)
        self._check_gate()
        self._check_queues(before, decision)

    def _record(self, ruling: Ruling) -> None:
        firing = ruling.occurrence.firing
        name = (firing.kind, firing.key)
        assert name not in self.final, f"{name} is decided twice"
        self.records.append((self.now, ruling))
        if isinstance(ruling, Queued):
            assert name not in self.queued, f"{name} begins to wait twice"
            self.queued[name] = ruling.not_before
            return
        self.final.add(name)
        if isinstance(ruling, Skipped) and ruling.into:
            self.gathered[ruling.into].append(firing.key)
        if isinstance(ruling, Due):
            self._check_due(ruling, self.queued.get(name))
            self._check_gathered(ruling)
            self._hold(ruling)

    def _check_gathered(self, due: Due) -> None:
        """It has what was said by all that were gathered into it, and nobody else's: those are in no other."""
        execution, firing = due.occurrence.execution_id, due.occurrence.firing
        first = self.triggers.get(firing.key)
        if first is None or first.gather_until is None:
            assert (firing.gathered, execution in self.gathered) == (0, False)
            return
        keys = [firing.key, *self.gathered[execution]]
        said = [trigger.payload for key in keys if (trigger := self._remembered(key)) is not None]
        assert firing.gathered == len(keys)
        assert firing.payload == {
            "count": len(keys), "deliveries": said, "omitted": len(keys) - len(said)
        }  # fmt: skip

    def _check_due(self, due: Due, not_before: datetime | None) -> None:
        assert self.job is not None
        assert not_before is None or not_before <= self.now
        firing = due.occurrence.firing
        if firing.kind in (TriggerKind.SCHEDULE, TriggerKind.WEBHOOK):
            assert not self.job.paused_at(self.now)
        if due.occurrence.origin in (Origin.SCHEDULE, Origin.BACKFILL):
            assert timetable(self.job, JOB_ID, self.around).removal(firing.nominal_at) is None

    def _hold(self, due: Due) -> None:
        assert self.job is not None
        bound, is_filled_in = self.job.concurrency.bound, bool(due.occurrence.firing.backfill_id)
        if bound is None and not is_filled_in:
            return
        assert due.gated
        self.held[due.occurrence.execution_id] = due
        if not is_filled_in:
            assert bound is not None
            assert self._running(due.lane) <= bound, f"{self._running(due.lane)} run in {due.lane!r}"

    def _running(self, lane: str) -> int:
        held = (due for due in self.held.values() if not due.occurrence.firing.backfill_id)
        return sum(due.lane == lane for due in held)

    def _check_stops(self, decision: Decision) -> None:
        for execution in decision.stops:
            assert execution in self.held
            assert execution not in self.stopped, "asked to stop twice"
            assert self.gate.running[execution].stopping
            self.stopped.add(execution)

    def _check_backfills(self, decision: Decision) -> None:
        """All that ran of one that is complete has ended; all that runs of one that is cancelled was stopped."""
        for told in decision.backfills:
            of_it = [r for _, r in self.records if r.occurrence.firing.backfill_id == told.backfill_id]
            running = {e for e, r in self.gate.running.items() if r.backfill_id == told.backfill_id}
            assert told.fired == sum(isinstance(ruling, Due) for ruling in of_it) or told.phase == "started"
            assert told.phase != "completed" or not running
            assert told.phase != "cancelled" or running <= self.stopped

    def _check_gate(self) -> None:
        gate = self.gate
        assert set(gate.running) == set(self.held)
        waiting = [(waiting.kind, waiting.key) for waiting in gate.waiting]
        assert len(waiting) == len(set(waiting)) <= MOST_WAITING
        assert set(waiting) == set(self.queued) - self.final, "what waits is lost, or waits after its end"
        for one in gate.waiting:
            keys = self.gathered.get(one.execution_id, [])
            assert list(one.joined) == [subject_token(key) for key in keys], "what was gathered is lost"
        assert len(gate.model_dump_json().encode()) < MESSAGE_LIMIT
        for backfill in gate.backfills:
            running = [r for r in gate.running.values() if r.backfill_id == backfill.backfill_id]
            assert len(running) <= backfill.max_parallel

    def _check_queues(self, before: Gate, decision: Decision) -> None:
        """No lane has more than may wait there, unless it had when the job was changed."""
        if self.job is None or not any(isinstance(ruling, Queued) for ruling in decision.rulings):
            return
        policy = self.job.concurrency
        most = {Overlap.QUEUE_ALL: policy.max_queued}.get(policy.overlap, 1)
        earlier = _queues(before.waiting)
        for lane, count in _queues(self.gate.waiting).items():
            assert count <= max(most, earlier[lane])
        if policy.overlap is Overlap.REPLACE:
            self._check_replacing(decision)

    def _check_replacing(self, decision: Decision) -> None:
        for queued in (ruling for ruling in decision.rulings if isinstance(ruling, Queued)):
            lane = [running for running in self.gate.running.values() if running.lane == queued.lane]
            has_time = queued.not_before is None
            assert not has_time or any(running.stopping for running in lane), "nothing is stopped for it"

    def _check_turns(self) -> None:
        """Nothing waits that has room and time; nothing waits for a job that is gone; the newest waits alone."""
        if self.job is None or self.job.deleted_at is not None:
            assert (self.gate.waiting, self.gate.backfills) == ((), ())
            return
        taken = Counter(r.lane for r in self.gate.running.values() if not r.backfill_id)
        bound = self.job.concurrency.bound
        for waiting in self.gate.waiting:
            has_time = waiting.not_before is None or waiting.not_before <= self.now
            assert not has_time or (bound is not None and taken[waiting.lane] >= bound)
            assert not has_time or not waiting.gathers or is_in_line(waiting), "its time has come unheard"
        if self.job.concurrency.overlap is Overlap.REPLACE:
            assert all(count == 1 for count in _queues(self.gate.waiting).values())

    def alarm(self) -> datetime | None:
        return next_alarm(self.job, self.gate)

    def ends(self, *executions: str) -> Asked:
        return Asked(JOB_ID, ended=tuple(Ended(e, self.now, "done") for e in executions))

    def drain(self) -> None:
        """Everything that runs ends, and time goes on, until nothing waits any longer."""
        for _ in range(500):
            if not (self.gate.waiting or self.gate.backfills or self.held):
                return
            self.meets(self.ends(*self.held))
            alarm = self.alarm()
            if self.gate.waiting and not self.held:
                assert alarm is not None, "something waits, and nothing will ever wake it"
                self.tick_at(alarm)
        raise AssertionError(f"{len(self.gate.waiting)} still wait, {len(self.held)} run")

    def tick_at(self, instant: datetime) -> None:
        self.now = max(self.now, instant)
        self.meets(Asked(JOB_ID, ticked=True))

    def runs_on(self, until: datetime, length: timedelta) -> None:
        """The scheduler at work: ticks at the alarms; what fires takes `length`."""
        started = dict.fromkeys(self.held, self.now)
        while True:
            started |= {execution: self.now for execution in self.held if execution not in started}
            ends = {execution: started[execution] + length for execution in self.held}
            alarm = self.alarm()
            following = min([*ends.values(), *([alarm] if alarm else [])], default=until)
            if following >= until:
                return
            self.now = max(self.now, following)
            over = [execution for execution, end in ends.items() if end <= self.now]
            if over:
                self.meets(self.ends(*over))
            if alarm is not None and alarm <= self.now:
                self.meets(Asked(JOB_ID, ticked=True))


def _queues(waiting: Iterable[Waiting]) -> Counter[str]:
    return Counter(w.lane for w in waiting if is_in_line(w))
