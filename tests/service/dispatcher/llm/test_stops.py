"""Stopped, nothing of a run is left within a second: no program, no task, no open request."""

import asyncio
import subprocess
import time
from pathlib import Path
from uuid import uuid4

import pytest

from lamplighter_dispatcher.outcomes import StopReason, Unsuccessful
from tests.service.dispatcher.llm.bench import Bench, Provider, bench
from tests.support.scripted.models import Turn, in_turn
from tests.support.waiting import until

REASONS = pytest.mark.parametrize("reason", [StopReason.CANCEL, StopReason.SHUTDOWN, StopReason.TIMEOUT])


def running(mark: str) -> list[str]:
    found = subprocess.run(["pgrep", "-f", mark], capture_output=True, text=True, check=False).stdout.split()
    return [pid for pid in found if Path(f"/proc/{pid}").exists()]


async def stopped(b: Bench, task: "asyncio.Task[object]", reason: StopReason) -> tuple[object, float]:
    begun = time.monotonic()
    b.stop.request(reason)
    return await task, time.monotonic() - begun


@REASONS
async def test_a_program_ends_with_its_descendants(reason: StopReason, tmp_path: Path) -> None:
    mark = f"3{uuid4().int % 10**9}.5"
    away, here = ["setsid", "--fork", "sleep", mark], ["sleep", mark]
    script = f"import subprocess; subprocess.run({away}); subprocess.run({here})"
    turn = Turn("Sleeping. ", (("shell", {"command": ["python3", "-c", script]}),))
    before = len(asyncio.all_tasks())
    with bench(in_turn(turn), tmp_path) as b:
        task = asyncio.create_task(b.run(b.work(tools={"shell": {"programs": ["python3"]}})))

        async def two() -> bool:
            return len(running(f"^sleep {mark}")) == 2

        await until(two)
        ended, took = await stopped(b, task, reason)
        assert running(mark) == []
    assert took < 1
    assert isinstance(ended, Unsuccessful)
    assert ended.result == "Sleeping."
    assert b.left() == []
    assert len(asyncio.all_tasks()) == before
    assert [step.ended for step in b.session.steps] == [True, True]
    assert b.session.steps[1].detail == "stopped"
    assert [effect.done for effect in b.session.effects] == [False], "nobody knows whether it came to pass"


@pytest.mark.parametrize(
    "turn", [Turn("word " * 500, between=0.02), Turn("late", wait=20)], ids=["streams", "waits"]
)
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_a_request_is_closed(provider: Provider, turn: Turn, tmp_path: Path) -> None:
    before = len(asyncio.all_tasks())
    with bench(in_turn(turn), tmp_path, provider) as b:
        task = asyncio.create_task(b.run(b.work()))
        if turn.wait:

            async def asked() -> bool:
                return bool(b.model.requests)

            await until(asked)
        else:
            await b.session.until("write")
        ended, took = await stopped(b, task, StopReason.CANCEL)
        assert took < 1
        assert len(asyncio.all_tasks()) == before

        async def closed() -> bool:
            return b.model.disconnects == 1

        await until(closed, seconds=1)
    assert isinstance(ended, Unsuccessful)
    if not turn.wait:
        assert ended.result.startswith("word")
        assert b.session.spent.output_tokens > 0, "what came is counted"


async def test_a_caller_that_is_cancelled_leaves_nothing(tmp_path: Path) -> None:
    """As a leader cancels its members."""
    mark = f"4{uuid4().int % 10**9}.5"
    with bench(in_turn(Turn(calls=(("shell", {"command": ["sleep", mark]}),))), tmp_path) as b:
        task = asyncio.create_task(b.run(b.work(tools={"shell": {"programs": ["sleep"]}})))

        async def one() -> bool:
            return bool(running(f"^sleep {mark}"))

        await until(one)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert running(mark) == []
    assert b.left() == []
