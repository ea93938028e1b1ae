"""How a run is stopped, and that nothing of it is left."""

import asyncio
import os
import random
import signal
from datetime import datetime
from pathlib import Path

import pytest

from lamplighter_contracts.control import CancelReply
from lamplighter_contracts.events import JobDue
from lamplighter_contracts.executions import ExecutionStarted, ExecutionStatus, ExecutionTransition
from lamplighter_contracts.jobs import TeamExecutor
from lamplighter_dispatcher.statuses import Statuses
from lamplighter_runtime.messages import Conflict, Stored
from tests.service.dispatcher.world import World, gone, processes_with, running_dispatcher

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
while True: time.sleep(1)
"""
POLITE = """
import signal, sys, time
def leave(*_):
    print("tidied up", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
print("ready", flush=True)
while True: time.sleep(1)
"""
FAMILY = """
import subprocess, sys, time
nap = [sys.executable, "-c", "import time; time.sleep(600)"]
subprocess.Popen(nap)
subprocess.Popen(nap, start_new_session=True)
hide = "import os, time\\nif os.fork() == 0:\\n os.setsid()\\n if os.fork() == 0: "
daemon = hide + "print('hidden', flush=True); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", daemon], stdout=subprocess.PIPE).stdout.readline()
print("ready", flush=True)
"""


@pytest.mark.usefixtures("dispatcher")
async def test_a_timeout_ends_also_what_ignores_to_be_told(world: World) -> None:
    await world.python("stubborn", STUBBORN)
    execution = await world.fire("stubborn", timeout_seconds=1)
    final = await world.finished(execution)
    assert (final.outcome, final.reason, final.result) == ("failed", "timeout", "ready")
    assert "longer than the 1 seconds" in final.detail
    await gone(execution)


@pytest.mark.usefixtures("dispatcher")
async def test_what_ends_by_itself_when_told_is_given_the_time(world: World) -> None:
    await world.python("polite", POLITE)
    execution = await world.fire("polite")
    await world.said(execution, "ready")
    assert await world.cancel(execution) == CancelReply(outcome="accepted", status="cancelling")
    final = await world.finished(execution)
    assert (final.outcome, final.reason, final.exit_code) == ("cancelled", "cancelled", 0)
    assert "Ann" in final.detail
    assert final.result == "ready\ntidied up"
    assert world.kinds(execution) == ["started", "cancelling", "finished"]
    await world.all_settled()


@pytest.mark.usefixtures("dispatcher")
async def test_cancel_after_the_end_changes_nothing(world: World) -> None:
    execution = await world.fire()
    await world.finished(execution)
    assert await world.cancel(execution) == CancelReply(outcome="finished", status="completed")
    assert world.kinds(execution) == ["started", "finished"]


@pytest.mark.usefixtures("dispatcher")
async def test_cancel_before_it_is_due_keeps_it_from_starting(world: World) -> None:
    due = world.due()
    assert await world.cancel(due.execution_id) == CancelReply(outcome="accepted", status="cancelled")
    await world.fire_many([due])
    await world.all_settled()
    assert world.kinds(due.execution_id) == ["finished"]


async def test_cancel_while_it_waits_for_a_slot(world: World) -> None:
    await world.python("stubborn", STUBBORN)
    async with running_dispatcher(world, slots=1):
        first = await world.fire("stubborn")
        await world.started(first)
        second = await world.fire()
        assert (await world.cancel(second)).outcome == "accepted"
        await world.cancel(first)
        await world.all_finished([first, second])
        await world.all_settled()
    assert [world.kinds(e) for e in (first, second)] == [["started", "cancelling", "finished"], ["finished"]]


@pytest.mark.usefixtures("dispatcher")
async def test_cancel_of_what_is_no_execution(world: World) -> None:
    assert await world.cancel("x.y") == CancelReply(outcome="unknown")


@pytest.mark.usefixtures("dispatcher")
async def test_cancel_twice_is_accepted_twice(world: World) -> None:
    await world.python("stubborn", STUBBORN)
    execution = await world.fire("stubborn")
    await world.said(execution, "ready")
    replies = await asyncio.gather(*(world.cancel(execution) for _ in range(5)))
    assert {reply.outcome for reply in replies} == {"accepted"}
    await world.finished(execution)
    assert world.kinds(execution) == ["started", "cancelling", "finished"]


@pytest.mark.usefixtures("dispatcher")
async def test_cancel_ends_a_team_between_and_within_its_members(world: World) -> None:
    await world.python("stubborn", STUBBORN)
    await world.team("crew", "noop", "stubborn", "noop")
    execution = await world.fire(TeamExecutor(team_id="crew"))
    await world.said(execution, "ready")
    await world.cancel(execution)
    assert (await world.finished(execution)).outcome is ExecutionStatus.CANCELLED
    await gone(execution)


async def test_a_cancel_and_a_completion_agree_on_one_end(world: World) -> None:
    """Two dispatchers, and 200 requests that come before, while and after something runs."""
    chance = random.Random(1)
    await world.command("quick", "sleep", "0.02")
    async with running_dispatcher(world, slots=32), running_dispatcher(world, slots=32):
        dues = [world.due("noop" if n % 4 else "quick") for n in range(200)]

        async def race(number: int) -> CancelReply:
            await asyncio.sleep(chance.random() * 0.5)
            return await world.cancel(dues[number].execution_id)

        firing = asyncio.gather(*(world.fire_many([due]) for due in dues))
        replies = await asyncio.gather(*(race(number) for number in range(200)))
        await firing
        await world.all_finished([due.execution_id for due in dues])
        await world.all_settled()
    ends = set()
    for due, reply in zip(dues, replies, strict=True):
        (final,) = world.finals(due.execution_id)
        assert world.events(due.execution_id)[-1] == final
        assert (reply.outcome == "accepted") == (final.outcome is ExecutionStatus.CANCELLED)
        if reply.outcome == "finished":
            assert reply.status == final.outcome
        ends.add(final.outcome)
    assert ends == {"completed", "cancelled"}


async def test_a_cancel_is_heard_at_once_whenever_it_comes(world: World) -> None:
    """Without waiting for a heartbeat, also in the middle of a claim, and whoever of the two is asked."""
    chance = random.Random(2)
    await world.command("sleeper", "sleep", "600")
    slow = {"lease_seconds": 120, "heartbeat_seconds": 60, "slots": 20}
    async with running_dispatcher(world, **slow), running_dispatcher(world, **slow):
        dues = [world.due("sleeper") for _ in range(40)]

        async def race(due: JobDue) -> None:
            await world.fire_many([due])
            await asyncio.sleep(chance.random() * 0.05)
            assert (await world.cancel(due.execution_id)).outcome == "accepted"

        await asyncio.gather(*(race(due) for due in dues))
        await world.all_finished([due.execution_id for due in dues], seconds=20)
        await world.all_settled()
    assert any(len(world.events(due.execution_id)) == 3 for due in dues)
    for due in dues:
        assert [final.outcome for final in world.finals(due.execution_id)] == ["cancelled"]


async def test_a_cancel_between_the_claim_and_its_confirmation_is_heard(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Statuses.write

    async def write_and_be_cancelled(
        self: Statuses, event: ExecutionTransition, expected: int, at: datetime
    ) -> Stored | Conflict:
        verdict = await write(self, event, expected, at)
        if isinstance(event, ExecutionStarted):
            assert (await world.cancel(event.execution_id)).outcome == "accepted"
            # By the next answer the call that went out with the first has been heard.
            assert (await world.cancel("no execution")).outcome == "unknown"
        return verdict

    monkeypatch.setattr(Statuses, "write", write_and_be_cancelled)
    await world.command("sleeper", "sleep", "600")
    async with running_dispatcher(world, lease_seconds=120, heartbeat_seconds=60):
        final = await world.finished(await world.fire("sleeper"), seconds=5)
    assert final.outcome is ExecutionStatus.CANCELLED


@pytest.mark.usefixtures("dispatcher")
async def test_nothing_is_left_when_a_command_ends(world: World) -> None:
    await world.python("family", FAMILY)
    execution = await world.fire("family")
    final = await world.finished(execution)
    assert (final.outcome, final.result) == ("completed", "ready")
    assert processes_with(execution) == []


@pytest.mark.usefixtures("dispatcher")
@pytest.mark.parametrize("way", ["cancel", "timeout"])
async def test_nothing_is_left_when_a_command_is_stopped(world: World, way: str) -> None:
    await world.python("family", FAMILY + "time.sleep(600)")
    execution = await world.fire("family", timeout_seconds=2 if way == "timeout" else 60)
    await world.said(execution, "ready")
    assert len(processes_with(execution)) >= 5
    if way == "cancel":
        await world.cancel(execution)
    assert (await world.finished(execution)).outcome == ("cancelled" if way == "cancel" else "failed")
    assert processes_with(execution) == []


@pytest.mark.usefixtures("dispatcher")
async def test_nothing_is_left_when_the_launcher_is_killed(world: World) -> None:
    await world.python("family", FAMILY + "time.sleep(600)")
    execution = await world.fire("family")
    await world.said(execution, "ready")
    (launcher,) = [pid for pid in processes_with(execution) if b"launcher.py" in _arguments(pid)]
    os.kill(launcher, signal.SIGKILL)
    final = await world.finished(execution)
    assert (final.outcome, final.reason) == ("failed", "runner")
    assert processes_with(execution) == []


def _arguments(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()
