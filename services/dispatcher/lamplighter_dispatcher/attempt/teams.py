"""The agents of a plan at work: one alone, one after the other, all at once, or led by one of them.

What waits for an approval anywhere parks the whole, with what each has come to; it goes on exactly there.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import JsonValue

from lamplighter_contracts.agents import Agent
from lamplighter_contracts.executions import ExecutionStatus
from lamplighter_contracts.reasons import Failed
from lamplighter_dispatcher.admission.plans import Plan
from lamplighter_dispatcher.attempt.handover import joined, prompt_after, prompt_of_all
from lamplighter_dispatcher.outcomes import DETAIL_LIMIT, Final, Outcome, Parked, failed, of_member, shortened

State = Mapping[str, Any]
"""JSON, as one of these functions left it."""


class Run(Protocol):
    async def __call__(
        self, agent: Agent, prompt: str, state: JsonValue = None, *, leads: bool = False
    ) -> Outcome:
        """One agent's run, from its beginning, or on from where it was parked."""


async def run_plan(plan: Plan, prompt: str, run: Run, state: JsonValue = None) -> Outcome:
    """`state` is that of a `Parked`. It is for those who left it: who was changed meanwhile could do again what is
    done, or leave out what is not."""
    whose: list[JsonValue] = [plan.mode, *(f"{one.agent_id} {one.runner.kind}" for one in plan.everyone)]
    before = state if isinstance(state, dict) else {"whose": whose}
    if before.get("whose") != whose:
        return failed(Failed.START.value, "It cannot go on: who works on it was changed while it waited.")
    ended = await _run_mode(plan, prompt, run, before.get("left"))
    if isinstance(ended, Parked):
        return Parked({"whose": whose, "left": ended.state}, ended.approvals)
    return ended


async def _run_mode(plan: Plan, prompt: str, run: Run, state: JsonValue) -> Outcome:
    left = state if isinstance(state, dict) else {}
    match plan.mode:
        case "single":
            return await run(plan.members[0], prompt, state)
        case "lead":
            assert plan.leader is not None
            return await run(plan.leader, prompt, state, leads=True)
        case "sequence":
            return await _in_sequence(plan, prompt, run, left)
        case "parallel":
            return await _in_parallel(plan, prompt, run, left)


async def _in_sequence(plan: Plan, prompt: str, run: Run, left: State) -> Outcome:
    """The first that does not complete ends the team."""
    asked, state, result = left.get("asked", prompt), left.get("state"), Final(ExecutionStatus.COMPLETED)
    total = len(plan.members)
    for place in range(int(left.get("place", 0)), total):
        agent = plan.members[place]
        ended = await run(agent, asked, state)
        if isinstance(ended, Parked):
            return Parked({"place": place, "asked": asked, "state": ended.state}, ended.approvals)
        if not isinstance(ended, Final):
            return ended
        if ended.status is not ExecutionStatus.COMPLETED:
            return of_member(ended, agent.agent_id, place + 1, total)
        result, asked, state = ended, prompt_after(prompt, agent.agent_id, ended.result), None
    return result


@dataclass(frozen=True, slots=True)
class _Ends:
    """By member."""

    done: dict[str, str]
    failed: dict[str, str]
    parked: dict[str, Parked]

    def as_state(self) -> dict[str, JsonValue]:
        return {"done": {**self.done}, "failed": {**self.failed}}


async def _in_parallel(plan: Plan, prompt: str, run: Run, left: State) -> Outcome:
    """It completes where enough of its members did; whoever merges makes one result of theirs."""
    ends = _Ends(dict(left.get("done", {})), dict(left.get("failed", {})), {})
    waiting: State = left.get("waiting", {})
    to_run = [a for a in plan.members if a.agent_id not in ends.done and a.agent_id not in ends.failed]
    outcomes = await asyncio.gather(*(run(agent, prompt, waiting.get(agent.agent_id)) for agent in to_run))
    for agent, ended in zip(to_run, outcomes, strict=True):
        match ended:
            case Final(status=ExecutionStatus.COMPLETED, result=result):
                ends.done[agent.agent_id] = result
            case Final(status=ExecutionStatus.FAILED, detail=detail):
                ends.failed[agent.agent_id] = detail
            case Parked():
                ends.parked[agent.agent_id] = ended
            case _:
                # Stopped from outside, as all of them were.
                return ended
    if ends.parked:
        return _parked(ends)
    needed = len(plan.members) if plan.team is None or plan.team.needed is None else plan.team.needed
    if len(ends.done) < needed:
        return _too_few(ends, needed, len(plan.members))
    return await _merged(plan, prompt, run, ends, left.get("merger"))


async def _merged(plan: Plan, prompt: str, run: Run, ends: _Ends, state: JsonValue) -> Outcome:
    if plan.merger is None:
        return Final(ExecutionStatus.COMPLETED, result=shortened(joined(ends.done)))
    ended = await run(plan.merger, prompt_of_all(prompt, ends.done), state)
    if isinstance(ended, Parked):
        return Parked({**ends.as_state(), "merger": ended.state}, ended.approvals)
    return ended


def _parked(ends: _Ends) -> Parked:
    approvals = tuple(approval for parked in ends.parked.values() for approval in parked.approvals)
    waiting: JsonValue = {member: parked.state for member, parked in ends.parked.items()}
    return Parked({**ends.as_state(), "waiting": waiting}, approvals)


def _too_few(ends: _Ends, needed: int, total: int) -> Final:
    why = " ".join(f"{member!r}: {detail}" for member, detail in ends.failed.items())
    detail = f"Of {total} members {len(ends.done)} completed, and {needed} had to. {why}"
    return Final(
        ExecutionStatus.FAILED,
        Failed.MEMBER.value,
        detail[:DETAIL_LIMIT],
        result=shortened(joined(ends.done)),
    )
