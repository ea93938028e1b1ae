"""What is told of an attempt beside its status and its log: its steps, what was decided, and what it did outside."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Literal

from lamplighter_contracts.choices import Choice
from lamplighter_contracts.executions import (
    Effected,
    ExecutionDecided,
    ExecutionEffects,
    ExecutionStep,
)
from lamplighter_contracts.policies import PolicyAction, Verdict
from lamplighter_contracts.usage import Usage
from lamplighter_dispatcher.claims import Start
from lamplighter_dispatcher.statuses import Statuses
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import BusUnavailable

log = get_logger()

ON_THEIR_WAY = 64
"""Events that may wait to be stored before whoever tells them is held up."""
CLOSE_SECONDS = 10
EFFECTS_KEPT = 200

StepKind = Literal["member", "tool", "model", "progress", "effect", "approval"]


class Journal:
    """Of one attempt. Numbers go on where it was parked."""

    def __init__(
        self, statuses: Statuses, execution_id: str, start: Start, effects: ExecutionEffects | None = None
    ) -> None:
        self._statuses = statuses
        self._execution_id = execution_id
        self._attempt = start.attempt
        self.steps = start.carried.steps
        self.decisions = start.carried.decisions
        self._effects = list(effects.effects) if effects else []
        self._omitted = effects.omitted if effects else 0
        self._stored_effects = asyncio.Lock()
        self._room = asyncio.Semaphore(ON_THEIR_WAY)
        self._under_way: set[asyncio.Task[None]] = set()
        self._begun: dict[int, ExecutionStep] = {}

    @property
    def effects(self) -> tuple[Effected, ...]:
        """Of all attempts."""
        return tuple(self._effects)

    async def begin(
        self, kind: StepKind, name: str, source: str, *, arguments: str = "", detail: str = ""
    ) -> int:
        self.steps += 1
        step = ExecutionStep(
            execution_id=self._execution_id,
            attempt=self._attempt,
            number=self.steps,
            name=name,
            phase="started",
            at=datetime.now(UTC),
            kind=kind,
            source=source,
            arguments=arguments,
            detail=detail,
        )
        self._begun[step.number] = step
        await self._tell(step)
        return step.number

    async def end(
        self,
        number: int,
        *,
        result: str = "",
        detail: str = "",
        failed: bool = False,
        usage: Usage | None = None,
    ) -> None:
        begun = self._begun.pop(number, None)
        if begun is None:
            return
        update = {"result": result, "detail": detail or begun.detail, "failed": failed, "usage": usage}
        await self._tell(begun.model_copy(update={"phase": "finished", "at": datetime.now(UTC), **update}))

    async def chosen(self, choice: Choice) -> None:
        await self._tell(self._decided(choice=choice))

    async def decided(
        self, action: PolicyAction, verdict: Verdict, tool: str = "", agent_id: str = ""
    ) -> None:
        await self._tell(self._decided(action=action, verdict=verdict, tool=tool, agent_id=agent_id))

    def _decided(self, **what: Any) -> ExecutionDecided:
        self.decisions += 1
        return ExecutionDecided(
            execution_id=self._execution_id,
            attempt=self._attempt,
            number=self.decisions,
            at=datetime.now(UTC),
            **what,
        )

    async def effect(self, name: str, detail: str, *, done: bool) -> None:
        """Stored when this returns. Raises `BusUnavailable`."""
        async with self._stored_effects:
            self._add(
                Effected(at=datetime.now(UTC), attempt=self._attempt, name=name, detail=detail, done=done)
            )
            event = ExecutionEffects(
                execution_id=self._execution_id,
                attempt=self._attempt,
                effects=self.effects,
                omitted=self._omitted,
            )
            await self._statuses.effects(event)

    async def close(self) -> None:
        """All that was told is stored, or has been given up."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=CLOSE_SECONDS)

    def _add(self, effect: Effected) -> None:
        """What was begun and is done now is one effect."""
        for place, before in enumerate(self._effects):
            same = (before.attempt, before.name, before.detail) == (
                effect.attempt,
                effect.name,
                effect.detail,
            )
            if same and effect.done and not before.done:
                self._effects[place] = effect
                return
        if len(self._effects) < EFFECTS_KEPT:
            self._effects.append(effect)
        else:
            self._omitted += 1

    async def _tell(self, event: ExecutionStep | ExecutionDecided) -> None:
        """In the background: the work does not wait for the store, unless too much waits for it already."""
        await self._room.acquire()
        task = asyncio.create_task(self._store(event))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _store(self, event: ExecutionStep | ExecutionDecided) -> None:
        try:
            await self._statuses.tell(event)
        except BusUnavailable as unavailable:
            # Steps are for the eye; the work does not wait for NATS.
            log.warning(
                "step.lost", execution_id=self._execution_id, number=event.number, error=repr(unavailable)
            )
        finally:
            self._room.release()
