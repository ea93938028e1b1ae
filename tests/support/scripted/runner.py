"""A runner from outside that does what its settings say: for each attempt a list of acts.

`{"say": text}`, `{"effect": text}`, `{"use": tool, "arguments": {...}}`, `{"spend": tokens}`, `{"sleep": seconds}`,
`{"fail": reason, "after": seconds}`, `{"ask": member}`; at the end it completes with what its tools answered. A `use`
may have `"keep": bytes`, which is how much it leaves where it has to wait for an approval.
"""

import asyncio
from importlib.metadata import EntryPoint
from secrets import token_urlsafe
from typing import Any

from lamplighter_contracts import runners
from lamplighter_contracts.executions import LogStream
from lamplighter_contracts.usage import Usage
from lamplighter_dispatcher.outcomes import Completed, Ended, Unsuccessful, Waits
from lamplighter_dispatcher.runners import GROUP
from lamplighter_dispatcher.runners.contract import (
    Allowed,
    LimitReached,
    NeedsApproval,
    Outfit,
    Refused,
    Session,
    Work,
)
from lamplighter_dispatcher.stops import Stop

ENTRY_POINT = EntryPoint("scripted", "tests.support.scripted.runner:ScriptedRunner", GROUP)


def scripted(*attempts: list[dict[str, Any]]) -> runners.ExternalRunner:
    """The last list counts for all later attempts."""
    return runners.ExternalRunner(kind="scripted", settings={"attempts": list(attempts)})


class ScriptedRunner:
    def __init__(self, outfit: Outfit) -> None:
        pass

    async def run(
        self, specification: runners.ExternalRunner, work: Work, session: Session, stop: Stop
    ) -> Ended:
        attempts: Any = specification.settings["attempts"]
        acts = attempts[min(work.attempt, len(attempts)) - 1]
        state: Any = work.state or {"at": 0, "heard": []}
        heard = list(state["heard"]) or [*work.done]
        try:
            for place in range(state["at"], len(acts)):
                if stop.reason is not None:
                    break
                ended = await _act(
                    acts[place], work, session, stop, heard, state if place == state["at"] else {}
                )
                if isinstance(ended, Waits):
                    inner: Any = ended.state
                    return Waits({"at": place, "heard": [*heard], "inner": inner}, ended.approvals)
                if ended is not None:
                    return ended
        except LimitReached as reached:
            return reached.unsuccessful("; ".join(heard))
        return Completed("; ".join(heard) or "nothing to tell")


async def _act(
    act: dict[str, Any], work: Work, session: Session, stop: Stop, heard: list[str], state: dict[str, Any]
) -> Ended | None:
    match act:
        case {"say": text}:
            await session.write(LogStream.STDOUT, f"{text}\n".encode())
        case {"effect": text}:
            await session.effect("reported", text)
        case {"spend": tokens}:
            await session.spend(Usage(input_tokens=tokens, requests=1))
        case {"sleep": seconds}:
            with_stop = asyncio.create_task(stop.requested())
            await asyncio.wait([with_stop], timeout=seconds)
            with_stop.cancel()
        case {"fail": reason, **more}:
            return Unsuccessful(reason, "It was told to fail.", "so far", more.get("after"))
        case {"use": tool, **more}:
            return await _use(tool, more.get("arguments", {}), session, heard, more.get("keep", 0))
        case {"ask": member}:
            return await _ask(member, work, heard, state)
    return None


async def _ask(member: str, work: Work, heard: list[str], state: dict[str, Any]) -> Waits | None:
    ended = await work.delegates[member].ask("Your part", state.get("inner"))
    if isinstance(ended, Waits):
        return ended
    heard.append(f"{member}: {getattr(ended, 'result', '')}{getattr(ended, 'detail', '')}")
    return None


async def _use(
    tool: str, arguments: dict[str, Any], session: Session, heard: list[str], keep: int
) -> Waits | None:
    number = await session.begin("tool", tool, arguments=str(arguments))
    match await session.may(tool, arguments, has_effect=True):
        case Allowed():
            await session.effect(tool, str(arguments))
            heard.append(f"{tool} done")
            await session.end(number, result="done")
        case Refused(reason=reason):
            heard.append(f"{tool} refused: {reason}")
            await session.end(number, result=reason, failed=True)
        case NeedsApproval(approval=approval):
            return Waits(token_urlsafe(keep), (approval,))
    return None
