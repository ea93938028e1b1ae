"""A second scheduler and a second dispatcher beside the first, and everything delivered again: nothing twice."""

import asyncio
from collections import Counter

from nats.js.errors import NotFoundError

from lamplighter_contracts import streams, subjects
from lamplighter_runtime.connection import open_broker
from lamplighter_runtime.settings import ServiceSettings
from tests.support.consumers import unsettled
from tests.support.stack import Api, Json, Stack
from tests.support.waiting import until

EXECUTIONS = 300


async def _ended(api: Api, job_id: str, count: int) -> list[Json]:
    async def ask() -> list[Json] | None:
        found = await api.executions(job_id)
        return found if len(found) >= count and all(e["status"] == "completed" for e in found) else None

    return await until(ask, seconds=60, what=f"the end of {count} executions")


async def test_two_of_each_share_the_work(stack: Stack, api: Api) -> None:
    stack.start("scheduler", "scheduler-2")
    stack.start("dispatcher", "dispatcher-2")
    job_id = await api.job(await api.noop_agent("shared"), overlap="allow")

    accepted = await asyncio.gather(*(api.trigger(job_id) for _ in range(EXECUTIONS)))
    found = await _ended(api, job_id, EXECUTIONS)

    assert sorted(e["id"] for e in found) == sorted(accepted)
    assert all(len(e["attempts"]) == 1 for e in found)
    workers = Counter(e["attempts"][0]["worker"] for e in found)
    assert len(workers) == 2, f"both dispatchers were to take part: {workers}"


async def test_everything_delivered_again_changes_nothing(stack: Stack, api: Api) -> None:
    job_id = await api.job(await api.noop_agent("again"), overlap="allow")
    accepted = await asyncio.gather(*(api.trigger(job_id) for _ in range(20)))
    await _ended(api, job_id, 20)
    names = [name for name in stack.children if name.startswith(("scheduler", "dispatcher", "history"))]
    for name in names:
        stack.children[name].stop()

    await _forget_what_was_delivered(stack)
    for name in names:
        stack.children[name].start()
        stack.until_ready(stack.children[name])

    await _until_all_is_read(stack)
    found = await api.executions(job_id)
    assert sorted(e["id"] for e in found) == sorted(accepted)
    assert all(len(e["attempts"]) == 1 and e["status"] == "completed" for e in found)


async def _forget_what_was_delivered(stack: Stack) -> None:
    """Without its consumers, NATS delivers every tick, trigger, due event and end from the beginning."""
    broker = open_broker(ServiceSettings(nats_url=stack.nats.url), "test")
    jetstream = (await broker.connect()).jetstream()
    for consumer in _consumers():
        try:
            await jetstream.delete_consumer(consumer.stream.name, consumer.durable)
        except NotFoundError as missing:
            raise AssertionError(f"no consumer {consumer.durable}") from missing
    await broker.stop()


async def _until_all_is_read(stack: Stack) -> None:
    broker = open_broker(ServiceSettings(nats_url=stack.nats.url), "test")
    client = await broker.connect()

    async def all_read() -> bool:
        return not any([await unsettled(client, consumer) for consumer in _consumers()])

    await until(all_read, seconds=30, what="reading everything again")
    await broker.stop()


def _consumers() -> list[streams.Consumer]:
    return [
        streams.SCHEDULER_CATALOG,
        streams.SCHEDULER_TICKS,
        streams.SCHEDULER_TRIGGERS,
        streams.SCHEDULER_ENDS,
        streams.HISTORY_JOBS,
        streams.HISTORY_EXECUTIONS,
        streams.HISTORY_LOGS,
        streams.dispatcher_due("default"),
    ]


async def test_a_tick_that_comes_twice_fires_once(stack: Stack, api: Api) -> None:
    job_id = await api.job(await api.noop_agent("twice"), schedule="* * * * *", overlap="allow")

    async def fired() -> list[Json]:
        return await api.executions(job_id)

    await until(fired, seconds=75, what="the firing")
    await api.post(f"/jobs/{job_id}/disable")
    before = await api.executions(job_id)
    broker = open_broker(ServiceSettings(nats_url=stack.nats.url), "test")
    jetstream = (await broker.connect()).jetstream()
    for _ in range(5):
        await jetstream.publish(subjects.tick(job_id), b"{}")
    await broker.stop()
    await _until_all_is_read(stack)

    assert [e["id"] for e in await api.executions(job_id)] == [e["id"] for e in before]
