"""Whatever comes, in whatever order and however often: one final record an occurrence, and never more run than may.

What must hold after each decision is in `world`; here is what happens to a job, and what is due by its schedule.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lamplighter_contracts.events import BackfillCancelled, BackfillRequested, JobTriggered, TriggerKind
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.timing import Overlap
from lamplighter_planning.agenda import is_exhausted
from lamplighter_planning.rulings import Asked, Due, Origin, Queued, Ruling, Skipped
from lamplighter_planning.timetable import timetable
from tests.support.situations import JOB_ID, at, job
from tests.unit.planning.world import World

START = at("09:00")
KEYS = [f"k{number}" for number in range(40)]
LANES = ["red", "blue", None]
SCHEDULES = [(7,), (10,), (7, 10), (60,), ()]
"""In minutes: each fires where the minute of the hour is divisible by it."""

policies = st.fixed_dictionaries(
    {
        "overlap": st.sampled_from(Overlap),
        "max_running": st.sampled_from([None, 1, 2]),
        "max_queued": st.sampled_from([1, 3]),
        "key": st.sampled_from([None, "payload.lane"]),
    }
)
missed = st.fixed_dictionaries(
    {
        "policy": st.sampled_from(["all", "last", "none"]),
        "limit": st.sampled_from([1, 4]),
        "window_seconds": st.sampled_from([None, 60, 7_200]),
        "every_seconds": st.sampled_from([1, 60, 600]),
    }
)
offsets = st.sampled_from([0, 40, 300])
plans = st.fixed_dictionaries(
    {
        "concurrency": policies,
        "missed": missed,
        "spread": st.fixed_dictionaries({"spread_seconds": offsets, "jitter_seconds": offsets}),
        "window": st.fixed_dictionaries(
            {
                "starts_at": st.sampled_from([None, at("10:00")]),
                "ends_at": st.sampled_from([None, at("15:00")]),
                "max_runs": st.sampled_from([None, None, 3]),
            }
        ),
        "exclusions": st.sampled_from([{}, {"blackouts": ["mon 11:00 - mon 11:30"]}]),
        "prompt": st.sampled_from(["Write.", "Write.", "After {{ previous.result }}", "{{ payload.lane }}"]),
    }
)
gathered = st.sampled_from([None, None, ("", 0), ("", 60), ("red", 60), ("red", 900)])
"""By what, and for how many seconds."""
deliveries = st.tuples(st.sampled_from(KEYS), st.booleans(), st.sampled_from(LANES), gathered)
spans = st.sampled_from([0, 1, 59, 61, 130, 420, 700, 1_300, 4_000, 9_000])
"""Seconds."""
few = st.lists(st.integers(0, 30), min_size=1, max_size=3)


class Scheduler(RuleBasedStateMachine):
    """`ruled_until` is up to when every occurrence of the schedule has been ruled on."""

    world: World

    @initialize(minutes=st.sampled_from(SCHEDULES), plan=plans)
    def make(self, minutes: tuple[int, ...], plan: dict[str, Any]) -> None:
        self.minutes, self.plan = minutes, plan
        self.world = World(None, START)
        self.ruled_until = START
        self.change({"scheduled_from": START})

    def change(self, changes: dict[str, Any]) -> None:
        """As the catalog tells it: the scheduler looks at the job at once."""
        kept = self.world.job.model_dump() if self.world.job else {}
        crons = (f"*/{minutes} * * * *" if minutes < 60 else "0 * * * *" for minutes in self.minutes)
        triggers = tuple({"kind": "schedule", "schedule": cron} for cron in crons)
        fixed = {"triggers": triggers, "updated_at": self.world.now}
        self.world.job = job(**kept | self.plan | fixed | changes)
        self.ruled_until = max(self.ruled_until, self.world.job.scheduled_from)
        self.tick(0)

    @property
    def job(self) -> Job:
        assert self.world.job is not None
        return self.world.job

    # What happens to the job.

    @rule(minutes=st.sampled_from(SCHEDULES), plan=plans, often=st.integers(0, 3))
    def edit(self, minutes: tuple[int, ...], plan: dict[str, Any], often: int) -> None:
        """Now and then: every edit of a schedule forgets what was due before it."""
        if often:
            return
        self.plan = plan
        rescheduled = minutes != self.minutes
        self.minutes = minutes
        self.change({"scheduled_from": self.world.now} if rescheduled else {})

    @rule(until=st.sampled_from([None, 600, 7_000]))
    def pause(self, until: int | None) -> None:
        ends = self.world.now + timedelta(seconds=until) if until else None
        self.change({"pause": {"paused_at": self.world.now, "until": ends}})

    @precondition(lambda self: self.world.job.pause)
    @rule()
    def resume(self) -> None:
        assert self.job.pause is not None
        if self.job.pause.covers(self.world.now):
            self.change({"pause": self.job.pause.model_copy(update={"resumed_at": self.world.now})})

    @rule(often=st.integers(0, 3))
    def delete_and_restore(self, often: int) -> None:
        if not often:
            self.change({"deleted_at": self.world.now})
            self.change({"deleted_at": None, "scheduled_from": self.world.now})

    # What comes to the scheduler.

    @rule(seconds=spans)
    def tick(self, seconds: int) -> None:
        """The timer goes off, on time or late, or again."""
        self.pass_time(seconds)
        before = len(self.world.records)
        wanted = self.due_now()
        self.meets(Asked(JOB_ID, ticked=True))
        ruled = self.of_schedule(ruling for _, ruling in self.world.records[before:])
        assert ruled == wanted
        self.ruled_until = max([self.ruled_until, *wanted])

    @rule()
    def tick_at_the_alarm(self) -> None:
        alarm = self.world.alarm()
        if alarm is not None:
            self.tick(max(0, int((alarm - self.world.now).total_seconds()) + 1))

    @rule(seconds=spans)
    def pass_time(self, seconds: int) -> None:
        self.world.now += timedelta(seconds=seconds)

    @rule(keys=st.lists(deliveries, min_size=1, max_size=5))
    def trigger(self, keys: list[tuple[str, bool, str | None, tuple[str, int] | None]]) -> None:
        """Also those that came before, with what they said then."""
        known = self.world.triggers
        came = [
            known.get(key) or self.fresh(key, by_hand, lane, gather) for key, by_hand, lane, gather in keys
        ]
        self.meets(Asked(JOB_ID, triggers=tuple(came)))

    def fresh(
        self, key: str, by_hand: bool, lane: str | None, gather: tuple[str, int] | None
    ) -> JobTriggered:
        group, seconds = gather or ("", None)
        gathers = seconds is not None and not by_hand
        return JobTriggered(
            job_id=JOB_ID,
            execution_id=f"execution-of-{key}",
            kind=TriggerKind.MANUAL if by_hand else TriggerKind.WEBHOOK,
            key=key,
            accepted_at=self.world.now,
            payload={"lane": lane, "key": key} if lane else None,
            group=group if gathers else "",
            gather_until=self.world.now + timedelta(seconds=seconds or 0) if gathers else None,
        )

    @rule(numbers=few)
    def end(self, numbers: list[int]) -> None:
        """Of some that fired, whether they run or are over; also of the same one twice."""
        due = [ruling for _, ruling in self.world.records if isinstance(ruling, Due)]
        self.end_of(due, numbers)

    @rule(numbers=few)
    def cancel_waiting(self, numbers: list[int]) -> None:
        queued = [ruling for _, ruling in self.world.records if isinstance(ruling, Queued)]
        running = self.world.held
        self.end_of([q for q in queued if q.occurrence.execution_id not in running], numbers)

    def end_of(self, rulings: list[Any], numbers: list[int]) -> None:
        executions = [rulings[n % len(rulings)].occurrence.execution_id for n in numbers if rulings]
        if executions:
            self.meets(self.world.ends(*executions))

    @rule(names=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=2), most=st.integers(1, 3))
    def backfill(self, names: list[str], most: int) -> None:
        self.meets(Asked(JOB_ID, orders=tuple(self.order(name, most) for name in names)))

    def order(self, name: str, most: int) -> BackfillRequested:
        return BackfillRequested(
            backfill_id=name,
            job_id=JOB_ID,
            after_at=START - timedelta(minutes=50),
            until_at=START,
            total=0,
            max_parallel=most,
            requested_at=START,
        )

    @rule(name=st.sampled_from("abcdef"))
    def cancel_backfill(self, name: str) -> None:
        order = BackfillCancelled(
            backfill_id=name, job_id=JOB_ID, requested_at=self.world.now, requested_by="ann"
        )
        self.meets(Asked(JOB_ID, orders=(order,)))

    def meets(self, asked: Asked) -> None:
        """Decided and not committed, decided again and committed; then asked once more by `World`."""
        lost = self.world.decide(asked)
        assert self.world.decide(asked) == lost
        self.world.meets(asked)

    @rule(often=st.integers(0, 3))
    def everything_that_waits_has_its_turn(self, often: int) -> None:
        if often:
            return
        before = len(self.world.records)
        self.world.drain()
        # Draining ticks at the alarms: what came due then was ruled on by the way.
        ruled = self.of_schedule(ruling for _, ruling in self.world.records[before:])
        self.ruled_until = max([self.ruled_until, *ruled])

    # What is true of it.

    def due_now(self) -> list[datetime]:
        """What the schedule has since it was last looked at, found minute by minute."""
        of = self.job
        if of.deleted_at is not None or not self.minutes or is_exhausted(of, self.world.gate):
            return []
        since = max(self.ruled_until, of.scheduled_from)
        if self.world.gate.exhausted:
            # It may fire more often than it might: from then on.
            since = max(since, of.updated_at)
        count = int((self.world.now - START).total_seconds() // 60)
        instants = (START + timedelta(minutes=n) for n in range(1, count + 1))
        found = [
            i for i in instants if i > since and any(i.minute % minutes == 0 for minutes in self.minutes)
        ]
        found = [i for i in found if self.is_in_window(i)]
        times = timetable(of, JOB_ID)
        paused = of.pause
        if (
            found
            and not (paused and paused.covers(found[-1]))
            and times.effective(found[-1]) > self.world.now
        ):
            found.pop()
        return found

    def is_in_window(self, instant: datetime) -> bool:
        window = self.job.window
        return (window.starts_at is None or instant >= window.starts_at) and (
            window.ends_at is None or instant < window.ends_at
        )

    def of_schedule(self, rulings: Iterable[Ruling]) -> list[datetime]:
        """Every scheduled occurrence that has its first record here, ascending: those that share one, too."""
        found: set[datetime] = set()
        for ruling in rulings:
            firing = ruling.occurrence.firing
            if ruling.occurrence.origin is not Origin.SCHEDULE:
                continue
            assert firing.key == rfc3339(firing.nominal_at)
            found |= self.share(ruling) if isinstance(ruling, Skipped) else {firing.nominal_at}
        return sorted(found)

    def share(self, skipped: Skipped) -> set[datetime]:
        last = skipped.occurrence.firing.nominal_at
        first = skipped.first_at or last
        minutes = (first + timedelta(minutes=n) for n in range(int((last - first).total_seconds()) // 60 + 1))
        share = {i for i in minutes if any(i.minute % m == 0 for m in self.minutes) and self.is_in_window(i)}
        assert skipped.count == 1 or len(share) == skipped.count
        return share or {last}

    @invariant()
    def each_backfill_begins_and_ends_once(self) -> None:
        told = [(one.backfill_id, one.phase) for one in self.world.backfills]
        assert len(told) == len(set(told))
        ended = [name for name, phase in told if phase != "started"]
        assert len(ended) == len(set(ended))
        assert set(ended).isdisjoint(backfill.backfill_id for backfill in self.world.gate.backfills)

    @invariant()
    def a_timer_is_missing_only_where_nothing_is_to_come(self) -> None:
        world = self.world
        if world.job is None or world.alarm() is not None:
            return
        of, gate = self.job, world.gate
        bound = of.concurrency.bound
        taken = sum(r.lane == "" and not r.backfill_id for r in gate.running.values())
        assert not any(w.not_before for w in gate.waiting) or (bound is not None and taken >= bound)
        assert not any(w.not_before for w in gate.waiting if w.gathers)
        is_over = of.window.ends_at is not None and of.window.ends_at <= world.now + timedelta(hours=2)
        is_paused = of.pause is not None and of.pause.ends_at is None
        assert not self.minutes or of.deleted_at or is_exhausted(of, gate) or is_over or is_paused


Scheduler.TestCase.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
TestExactlyOnce = Scheduler.TestCase
