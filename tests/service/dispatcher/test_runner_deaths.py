"""A worker is killed, or freezes past its lease, in the middle of each kind of runner: run once more, ended once."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from nats.aio.msg import Msg

from lamplighter_contracts import subjects
from lamplighter_contracts.environments import Environment, NetworkRules
from lamplighter_contracts.executors import Offer, OfferReply, Result
from lamplighter_contracts.jobs import AgentExecutor, Executor, TeamExecutor
from lamplighter_contracts.runners import BusRunner, CommandRunner, HttpRunner, LlmRunner
from tests.service.dispatcher.test_deaths import ONCE, alive
from tests.service.dispatcher.world import World, gone, now
from tests.support.scripted.agent import Answer, document, scripted_agent
from tests.support.scripted.models import Turn, one_by_one, scripted_model
from tests.support.waiting import heard, until

Begun = Callable[[str], Awaitable[object]]
"""Whether the first attempt of that execution is in the middle of its work."""
Prepared = tuple[Executor, Begun]
Prepare = Callable[[World], AbstractAsyncContextManager[Prepared]]

IT = AgentExecutor(agent_id="it")
FAR_SECONDS = 120.0


@asynccontextmanager
async def command(world: World) -> AsyncIterator[Prepared]:
    await world.agent("it", CommandRunner(command=(sys.executable, "-u", "-c", ONCE)))

    async def begun(execution: str) -> object:
        return [text for text in await world.texts(execution) if text == "ready 1"]

    yield IT, begun


@asynccontextmanager
async def llm(world: World) -> AsyncIterator[Prepared]:
    with scripted_model(one_by_one(Turn("Late.", wait=FAR_SECONDS), Turn("Done."))) as model:
        await world.agent("it", LlmRunner(base_url=model.openai_url, model="scripted"))

        async def begun(execution: str) -> object:
            return model.requests

        yield IT, begun


@asynccontextmanager
async def http(world: World) -> AsyncIterator[Prepared]:
    await open_loopback(world)
    async with scripted_agent() as agent:
        never = Answer(200, {"content-type": "application/json"}, [asyncio.Event()])
        agent.script("POST", "/", never, document({"result": "Done."}))
        await world.agent("it", HttpRunner(url=f"{agent.url}/"))

        async def begun(execution: str) -> object:
            return agent.asked

        yield IT, begun


@asynccontextmanager
async def bus(world: World) -> AsyncIterator[Prepared]:
    offers: list[Offer] = []

    async def on_offer(message: Msg) -> None:
        offer = Offer.model_validate_json(message.data)
        offers.append(offer)
        await message.respond(OfferReply(accept=True, executor="test").model_dump_json().encode())
        if offer.attempt > 1:
            result = Result(outcome="completed", result="Done.")
            await world.bus.publish(f"{offer.reply_to}.result", result.model_dump_json().encode())

    subscription = await world.bus.subscribe(subjects.offer("it"), cb=on_offer)
    await heard(world.bus)
    await world.agent("it", BusRunner(executor="it"))

    async def begun(execution: str) -> object:
        return offers

    yield IT, begun
    await subscription.unsubscribe()


@asynccontextmanager
async def team(world: World) -> AsyncIterator[Prepared]:
    """Its second member is at work."""
    await world.command("first", "echo", "one")
    await world.agent("second", CommandRunner(command=(sys.executable, "-u", "-c", ONCE)))
    await world.team("crew", "first", "second")

    async def begun(execution: str) -> object:
        return [text for text in await world.texts(execution) if text == "ready 1"]

    yield TeamExecutor(team_id="crew"), begun


@asynccontextmanager
async def led(world: World) -> AsyncIterator[Prepared]:
    """A leader waits for the member that it has asked."""
    asks = Turn(calls=(("ask_second", {"task": "Your part"}),))
    with scripted_model(lambda request: Turn("Done.") if request.results else asks) as model:
        await world.agent("chief", LlmRunner(base_url=model.openai_url, model="scripted"))
        await world.agent("second", CommandRunner(command=(sys.executable, "-u", "-c", ONCE)))
        await world.team("crew", "second", mode="lead", leader="chief")

        async def begun(execution: str) -> object:
            return [text for text in await world.texts(execution) if text == "ready 1"]

        yield TeamExecutor(team_id="crew"), begun


ALL = [command, llm, http, bus, team, led]


@pytest.mark.parametrize("prepare", ALL, ids=lambda prepare: prepare.__name__)
async def test_a_killed_worker_is_followed_by_another(world: World, prepare: Prepare) -> None:
    async with prepare(world) as (executor, begun):
        with alive(world.child("first")) as first:
            execution = await world.fire(executor)
            await until(lambda: begun(execution), seconds=20, what="the middle of the work")
            with alive(world.child("second")) as second:
                first.kill()
                await gone(execution, seconds=5)
                final = await world.finished(execution, seconds=30)
                assert second.stop() == 0
    assert (final.outcome, final.attempt) == ("completed", 2)
    assert world.kinds(execution) == ["started", "started", "finished"]
    await gone(execution)


@pytest.mark.parametrize("prepare", ALL, ids=lambda prepare: prepare.__name__)
async def test_a_frozen_worker_wakes_to_nothing(world: World, prepare: Prepare) -> None:
    async with prepare(world) as (executor, begun):
        with alive(world.child("first")) as first:
            execution = await world.fire(executor)
            await until(lambda: begun(execution), seconds=20, what="the middle of the work")
            first.signal(signal.SIGSTOP)
            with alive(world.child("second")) as second:
                final = await world.finished(execution, seconds=30)
                first.signal(signal.SIGCONT)
                await gone(execution, seconds=10)
                assert first.stop() == 0
                assert second.stop() == 0
    assert (final.outcome, final.attempt) == ("completed", 2)
    assert len(world.finals(execution)) == 1


async def open_loopback(world: World) -> None:
    environment = Environment(
        environment_id="default",
        name="default",
        network=NetworkRules(hosts=("127.0.0.1",)),
        created_at=now(),
        updated_at=now(),
    )
    await world._put("environments", "default", environment.model_dump_json())
