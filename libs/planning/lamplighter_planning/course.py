"""The gate of a job as one ruling follows another. A state machine: every step is a ruling and the gate after it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lamplighter_contracts.events import Firing, SkipReason, TriggerKind
from lamplighter_contracts.gates import Gate, Previous, Running, Waiting
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.timing import MOST_WAITING
from lamplighter_planning import obstacles
from lamplighter_planning.agenda import runs_so_far
from lamplighter_planning.capacity import full, is_full
from lamplighter_planning.lanes import lane_of
from lamplighter_planning.obstacles import Obstacle
from lamplighter_planning.prompts import prompt_of, uses_previous
from lamplighter_planning.rulings import Body, Due, Ended, Occurrence, Origin, Queued, Ruling, Skipped
from lamplighter_prompts import PromptError

UNASKED_AT_ONCE = 100
"""Rulings of one decision on what nobody asked about: what waits, and backfills. A batch has room for them and
their marks, beside all that a job is asked at a time."""

PREVIOUS_LIMIT = 8_192
"""Characters of a result that are kept for the prompt of the next firing."""


@dataclass
class Course:
    """`rulings` and `stops` in their order so far, and the `gate` once they stand."""

    job: Job | None
    gate: Gate
    now: datetime
    bodies: Mapping[str, Body] = field(default_factory=dict)
    rulings: list[Ruling] = field(default_factory=list)
    stops: list[str] = field(default_factory=list)
    spare: int = UNASKED_AT_ONCE
    unfinished: bool = False
    """Whether it became too much for one batch."""

    def has_spare(self) -> bool:
        """Whether the batch has room for one more ruling that nobody asked for. If not, the job is asked again."""
        if self.spare == 0:
            self.unfinished = True
            return False
        self.spare -= 1
        return True

    def end(self, ended: Iterable[Ended]) -> None:
        """These executions are over: their places are free. One that waited was cancelled."""
        over = {end.execution_id for end in ended}
        if not over.isdisjoint(self.gate.running):
            self.become(running={e: r for e, r in self.gate.running.items() if e not in over})
        for waiting in [w for w in self.gate.waiting if w.execution_id in over]:
            self.give_up(waiting, Obstacle(SkipReason.CANCELLED, "it was cancelled while it waited"))
        if self.job is not None and uses_previous(self.job):
            self._remember(ended)

    def _remember(self, ended: Iterable[Ended]) -> None:
        for end in ended:
            known = self.gate.previous
            if end.result is None or end.finished_at is None:
                continue
            if known is None or known.finished_at < end.finished_at:
                kept = end.result[:PREVIOUS_LIMIT]
                self.become(
                    previous=Previous(execution_id=end.execution_id, finished_at=end.finished_at, result=kept)
                )

    def obstacle(self, firing: Firing) -> Obstacle | None:
        """What is in the way of it, apart from what runs."""
        return obstacles.standing(self.job, self.gate, firing, self.now)

    def payload_of(self, firing: Firing) -> Any:
        """What it brings, also where that is too large for a message; None where it is gone."""
        return firing.payload if firing.body is None else self.bodies[firing.body.name].payload

    def lane_of(self, firing: Firing) -> str:
        assert self.job is not None
        concurrency = self.job.concurrency
        return lane_of(concurrency, self.payload_of(firing)) if concurrency.key is not None else ""

    def fire(self, occurrence: Occurrence, lane: str = "") -> bool:
        """Due, unless its prompt or its size forbids it. Whether it is."""
        assert self.job is not None
        found = self._prompt_or_obstacle(self.job, occurrence.firing)
        if isinstance(found, Obstacle):
            self.skip(occurrence, found)
            return False
        held = self.job.concurrency.bound is not None or bool(occurrence.firing.backfill_id)
        self.rulings.append(Due(occurrence, held or uses_previous(self.job), lane, found))
        if held:
            place = Running(since=self.now, lane=lane, backfill_id=occurrence.firing.backfill_id)
            self.become(running={**self.gate.running, occurrence.execution_id: place})
        if occurrence.firing.kind is TriggerKind.SCHEDULE and self.job.window.max_runs is not None:
            self._count_run(self.job, self.job.window.max_runs)
        return True

    def _prompt_or_obstacle(self, job: Job, firing: Firing) -> str | Obstacle:
        """The prompt is told what the message does not carry."""
        if firing.body is not None and self.bodies[firing.body.name].gone:
            return Obstacle(SkipReason.BLOCKED, self.bodies[firing.body.name].gone)
        told = firing.model_copy(update={"payload": self.payload_of(firing)})
        try:
            prompt = prompt_of(job, self.gate, told, self.now)
        except PromptError as error:
            return Obstacle(SkipReason.BLOCKED, error.problem)
        return obstacles.too_large(job, firing, prompt) or prompt

    def _count_run(self, job: Job, most: int) -> None:
        runs = runs_so_far(job, self.gate) + 1
        # It stays so until the cursor passes what came due meanwhile.
        self.become(runs=runs, counted_from=job.scheduled_from, exhausted=self.gate.exhausted or runs >= most)

    def queue(
        self,
        occurrence: Occurrence,
        lane: str,
        detail: str,
        not_before: datetime | None = None,
        group: str | None = None,
    ) -> bool:
        """Waits, if the gate has room for one more that waits, and it could fire at all. Whether it does.

        With a `group` others may join it.
        """
        assert self.job is not None
        large = obstacles.too_large(self.job, occurrence.firing, "")
        if large is not None:
            self.skip(occurrence, large)
            return False
        if len(self.gate.waiting) >= MOST_WAITING or is_full(self.gate):
            self.skip(occurrence, full(self.gate))
            return False
        self.rulings.append(Queued(occurrence, detail, lane, not_before))
        firing = occurrence.firing
        waiting = Waiting(
            execution_id=occurrence.execution_id,
            kind=firing.kind,
            key=firing.key,
            nominal_at=firing.nominal_at,
            effective_at=firing.effective_at,
            since=self.now,
            not_before=not_before,
            lane=lane,
            caught_up=firing.caught_up,
            gathers=group is not None,
            group=group or "",
        )
        self.become(waiting=(*self.gate.waiting, waiting))
        return True

    def leave(self, waiting: Waiting) -> None:
        """It waits no longer."""
        self.become(waiting=tuple(w for w in self.gate.waiting if w is not waiting))

    def give_up(self, waiting: Waiting, obstacle: Obstacle, occurrence: Occurrence | None = None) -> None:
        """It waits no longer, and does not fire. `occurrence` is as it came, where more is known than the gate does."""
        self.leave(waiting)
        self.skip(occurrence or occurrence_of(waiting), _with_company(waiting, obstacle))

    def stop(self, execution_id: str, why: str) -> None:
        """Have one cancelled that runs and was not asked yet. Its place is free when it has ended."""
        stopping = self.gate.running[execution_id].model_copy(update={"stopping": why})
        self.become(running={**self.gate.running, execution_id: stopping})
        self.stops.append(execution_id)

    def skip(
        self,
        occurrence: Occurrence,
        obstacle: Obstacle,
        count: int = 1,
        first_at: datetime | None = None,
        into: str = "",
    ) -> None:
        if obstacle.reason is SkipReason.TOO_LARGE or not obstacles.is_recordable(
            occurrence.firing, obstacle.detail
        ):
            # Neither would its record fit with the payload that was too much.
            occurrence = _without_payload(occurrence)
        self.rulings.append(Skipped(occurrence, *obstacle, count, first_at, into))

    def become(self, **changes: object) -> None:
        self.gate = self.gate.model_copy(update=changes)


def _with_company(waiting: Waiting, obstacle: Obstacle) -> Obstacle:
    """What was gathered into it has been recorded so, and does not run either."""
    others = len(waiting.joined)
    if not others:
        return obstacle
    told = "one other delivery was" if others == 1 else f"{others} other deliveries were"
    return obstacle._replace(detail=f"{obstacle.detail}; {told} gathered into it")


def occurrence_of(waiting: Waiting, firing: Firing | None = None) -> Occurrence:
    """One that waits, as it came: `firing` is that of its trigger, where the gate does not know all of it."""
    known = firing or Firing(
        kind=waiting.kind,
        key=waiting.key,
        nominal_at=waiting.nominal_at,
        effective_at=waiting.effective_at,
        caught_up=waiting.caught_up,
    )
    return Occurrence(waiting.execution_id, known, Origin.WAITING)


def _without_payload(occurrence: Occurrence) -> Occurrence:
    bare = occurrence.firing.model_copy(update={"payload": None})
    return Occurrence(occurrence.execution_id, bare, occurrence.origin)
