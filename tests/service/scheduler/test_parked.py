"""Gates of jobs whose executions are parked for days, are tried again, or never begin."""

from collections import Counter
from datetime import timedelta

from lamplighter_contracts.events import JobSkipped, SkipReason
from lamplighter_contracts.executions import ExecutionStatus
from lamplighter_contracts.jobs import LONGEST_APPROVAL
from lamplighter_contracts.streams import SCHEDULER_ENDS, SCHEDULER_TRIGGERS
from tests.service.scheduler.test_reconciler import reconciler
from tests.service.scheduler.world import World, due, job, scheduler, triggered
from tests.support.servers import Server
from tests.support.waiting import until


async def test_a_parked_execution_keeps_its_gate_closed_until_it_ends(
    world: World, nats_server: Server
) -> None:
    await world.write(job("deploy", overlap="skip"))
    async with scheduler(nats_server):
        await world.trigger(triggered("deploy", "first"))
        [first] = due(await until(lambda: world.records()))
        await world.park(first)
        await until(lambda: world.idle(SCHEDULER_ENDS))
        assert await reconciler(world.bus, LONGEST_APPROVAL).reconcile() == Counter()
        assert await reconciler(world.bus, LONGEST_APPROVAL + timedelta(hours=20)).reconcile() == Counter()
        await world.trigger(triggered("deploy", "second"))
        await until(lambda: world.idle(SCHEDULER_TRIGGERS))
        assert list((await world.gate("deploy")).running) == [first.execution_id]
        await world.finish(first)
        await until(lambda: world.idle(SCHEDULER_ENDS))
        assert (await world.gate("deploy")).running == {}
        await world.trigger(triggered("deploy", "third"))
        await until(lambda: world.idle(SCHEDULER_TRIGGERS))

    records = await world.records()
    assert [record.firing.key for record in due(records)] == ["first", "third"]
    [passed_over] = [record for record in records if isinstance(record, JobSkipped)]
    assert (passed_over.firing.key, passed_over.reason) == ("second", SkipReason.OVERLAP)


async def test_one_that_is_blocked_opens_its_gate_and_is_nobodys_previous_result(
    world: World, nats_server: Server
) -> None:
    prompt = "After {{ previous.result }}."
    await world.write(job("deploy", overlap="queue_all", prompt=prompt))
    async with scheduler(nats_server):
        await world.trigger(*(triggered("deploy", key) for key in ("first", "second", "third")))
        await until(lambda: world.idle(SCHEDULER_TRIGGERS))
        [first] = due(await world.records())
        await world.finish(first, "the first")
        await until(lambda: world.idle(SCHEDULER_ENDS))
        second = due(await world.records())[-1]
        blocked = {"outcome": ExecutionStatus.BLOCKED, "attempt": 0, "reason": "policy", "detail": "denied"}
        await world.finish(second, "never made", **blocked)
        await until(lambda: world.idle(SCHEDULER_ENDS))

    asked = [record.asked for record in due(await world.records())]
    assert asked[0] == "After ."
    assert "the first" in asked[1]
    assert "the first" in asked[2]
    assert "never made" not in asked[2]
