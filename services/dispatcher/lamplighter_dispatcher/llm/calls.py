"""The calls of one turn: understood, permitted, recorded, made, and answered. Each is a step that people see."""

import asyncio
import json
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Literal, assert_never

from pydantic import BaseModel, JsonValue
from pydantic_ai.messages import ToolCallPart, ToolReturnPart

from lamplighter_contracts.executions import Approval
from lamplighter_dispatcher.llm.data import as_data, shortened, without_edge
from lamplighter_dispatcher.llm.loops import Watchfulness
from lamplighter_dispatcher.llm.parking import Held
from lamplighter_dispatcher.llm.toolbox import AnyTool, Toolbox
from lamplighter_dispatcher.llm.tools import Answer, Nonsense, Pauses
from lamplighter_dispatcher.runners.contract import Allowed, NeedsApproval, Refused, Session

STEP_LIMIT = 2_000
"""Characters of a step's arguments, and of its result."""
DETAIL_LIMIT = 500
MOMENT = 0.3
"""Seconds that a call which is stopped may take to say so."""

Outcome = Literal["success", "failed", "denied"]


@dataclass
class Turn:
    """What came of the calls so far: answers for the model, and calls that wait with what they wait for."""

    answers: dict[str, ToolReturnPart] = field(default_factory=dict)
    held: dict[str, JsonValue] = field(default_factory=dict)
    approvals: dict[str, Approval] = field(default_factory=dict)

    def hold(self, call: ToolCallPart, state: JsonValue, approvals: Sequence[Approval]) -> None:
        self.held[call.tool_call_id] = state
        self.approvals |= {approval.approval_id: approval for approval in approvals}

    def answer(self, call: ToolCallPart, text: str, outcome: Outcome) -> None:
        self.answers[call.tool_call_id] = ToolReturnPart(
            call.tool_name, text, call.tool_call_id, outcome=outcome
        )


@dataclass(frozen=True, slots=True)
class _Call:
    """One that makes sense, and whose step has begun."""

    part: ToolCallPart
    tool: AnyTool
    arguments: BaseModel
    step: int
    state: JsonValue = None


@dataclass
class Caller:
    tools: Toolbox
    session: Session
    watch: Watchfulness

    async def make(self, calls: Sequence[ToolCallPart], turn: Turn) -> None:
        """Those that `turn` has no answer to, in their order. Raises `LimitReached` and `GaveUp`.

        Calls that stand beside each other and may be made side by side are: a leader asks its members at once.
        """
        resumed, turn.held = turn.held, {}
        for alone, group in groupby(calls, lambda call: self._is_alone(call)):
            # One at a time, or all of them at once.
            for together in [[call] for call in group] if alone else [list(group)]:
                open_ones = [call for call in together if call.tool_call_id not in turn.answers]
                ready = [found for call in open_ones if (found := await self._ready(call, turn, resumed))]
                await _at_once([self._carry_out(call, turn) for call in ready])

    def _is_alone(self, call: ToolCallPart) -> bool:
        tool = self.tools.find(call.tool_name)
        return tool is None or tool.alone

    async def _ready(self, part: ToolCallPart, turn: Turn, resumed: Mapping[str, JsonValue]) -> _Call | None:
        """Understood and permitted. None where it has its answer without being made, or waits."""
        again = part.tool_call_id in resumed
        tool = self.tools.find(part.tool_name)
        if tool is None:
            known = ", ".join(self.tools.functions) or "none"
            await self._puzzled(part, f"there is no tool {part.tool_name!r}; there are {known}", turn)
            return None
        try:
            arguments = tool.read(_given(part))
        except Nonsense as nonsense:
            await self._puzzled(part, str(nonsense), turn)
            return None
        given = arguments.model_dump(mode="json")
        if not again:
            self.watch.sees(tool.name, given)
        step = await self.session.begin(
            "tool", tool.name, arguments=self._shown(json.dumps(given, ensure_ascii=False))
        )
        call = _Call(part, tool, arguments, step, resumed.get(part.tool_call_id))
        # Whoever goes on inside, after a person's word, was allowed to before.
        if call.state is not None or await self._may(call, given, turn):
            return call
        return None

    async def _may(self, call: _Call, given: Mapping[str, JsonValue], turn: Turn) -> bool:
        refusal = call.tool.refusal(call.arguments)
        if refusal:
            await self._refuse(call, refusal, turn)
            return False
        match await self.session.may(call.tool.name, given, has_effect=call.tool.has_effect(call.arguments)):
            case Allowed():
                return True
            case Refused(reason):
                await self._refuse(call, reason, turn)
            case NeedsApproval(approval):
                await self.session.end(call.step, detail="it waits for a person's word")
                turn.hold(call.part, None, [approval])
            case other:
                assert_never(other)
        return False

    async def _carry_out(self, call: _Call, turn: Turn) -> None:
        counts = call.tool.has_effect(call.arguments)
        detail = shortened(self.session.mask(call.tool.summary(call.arguments)), DETAIL_LIMIT)
        if counts:
            await self.session.effect(call.tool.name, detail, done=False)
        came = await self._made(call)
        if isinstance(came, Pauses):
            await self.session.end(call.step, detail="it waits for a person's word")
            turn.hold(call.part, came.state, came.approvals)
            return
        if counts:
            await self.session.effect(call.tool.name, detail, done=True)
        text = self._read(came)
        await self.session.end(call.step, result=shortened(text, STEP_LIMIT), failed=came.failed)
        turn.answer(call.part, as_data(call.tool.name, text), "success")

    async def _made(self, call: _Call) -> Answer | Pauses:
        try:
            return await call.tool.call(call.arguments, call.state)
        except asyncio.CancelledError:
            with suppress(TimeoutError):
                async with asyncio.timeout(MOMENT):
                    await self.session.end(call.step, detail="stopped", failed=True)
            raise

    def _read(self, came: Answer) -> str:
        return shortened(without_edge(self.session.mask(came.text), was_cut=came.edge))

    async def _refuse(self, call: _Call, reason: str, turn: Turn) -> None:
        said = self.session.mask(reason)
        await self.session.end(call.step, detail=f"refused: {said}", failed=True)
        turn.answer(call.part, f"Refused: {said}", "denied")

    async def _puzzled(self, part: ToolCallPart, why: str, turn: Turn) -> None:
        said = self.session.mask(why)
        step = await self.session.begin(
            "tool", part.tool_name[:200], arguments=self._shown(part.args_as_json_str())
        )
        await self.session.end(
            step, detail=shortened(f"it makes no sense: {said}", DETAIL_LIMIT), failed=True
        )
        self.watch.puzzled(part.tool_name[:200], shortened(said, DETAIL_LIMIT))
        turn.answer(part, f"This call makes no sense: {said}. Nothing was done.", "failed")

    def _shown(self, text: str) -> str:
        return shortened(self.session.mask(text), STEP_LIMIT)


def held(turn: Turn) -> tuple[Held, ...]:
    return tuple(Held(call_id=call_id, inner=state) for call_id, state in turn.held.items())


def _given(part: ToolCallPart) -> dict[str, Any]:
    """Raises `Nonsense`."""
    try:
        return part.args_as_dict(raise_if_invalid=True)
    except (ValueError, AssertionError):
        raise Nonsense("the arguments are not a JSON object") from None


async def _at_once(works: Sequence[Coroutine[Any, Any, None]]) -> None:
    """All are over when this returns or raises: where one fails the others are stopped."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except BaseExceptionGroup as faults:
        raise _first(faults) from None


def _first(fault: BaseException) -> BaseException:
    while isinstance(fault, BaseExceptionGroup):
        fault = fault.exceptions[0]
    return fault
