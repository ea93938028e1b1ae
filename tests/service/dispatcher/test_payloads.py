"""What an execution is started with where that is too large for its message: read back before it runs."""

import json

from faststream.asgi import AsgiFastStream

from lamplighter_contracts.bodies import BodyReference
from lamplighter_contracts.events import JobDue
from lamplighter_contracts.executions import ExecutionStatus
from lamplighter_runtime.bodies import Bodies
from tests.service.dispatcher.world import World

SAID = {"title": "a title", "more": ["y" * 100] * 10_000}
READER = """
import json, os
payload = json.load(open(os.environ["LAMP_PAYLOAD_FILE"]))
print(payload["title"], len(payload["more"]))
"""


async def _stored(world: World, content_type: str = "application/json") -> BodyReference:
    return await Bodies(world.bus).put("k", json.dumps(SAID).encode(), content_type)


def _started_by(due: JobDue, body: BodyReference) -> JobDue:
    return due.model_copy(update={"firing": due.firing.model_copy(update={"body": body})})


async def test_a_large_body_is_handed_to_the_command(world: World, dispatcher: AsgiFastStream) -> None:
    await world.python("reader", READER)
    [execution] = await world.fire_many([_started_by(world.due("reader"), await _stored(world))])
    ended = await world.finished(execution)
    assert (ended.outcome, ended.result) == (ExecutionStatus.COMPLETED, "a title 10000")


async def test_a_body_that_is_gone_ends_the_execution_with_the_reason(
    world: World, dispatcher: AsgiFastStream
) -> None:
    await world.python("reader", READER)
    body = await _stored(world)
    await world.bus.jetstream().purge_stream("OBJ_bodies")
    [execution] = await world.fire_many([_started_by(world.due("reader"), body)])
    ended = await world.finished(execution)
    assert (ended.outcome, ended.reason) == (ExecutionStatus.FAILED, "body")
    assert "no longer kept" in ended.detail
    assert await world.texts(execution) == []


async def test_nothing_is_read_for_whom_it_is_not_handed_to(world: World, dispatcher: AsgiFastStream) -> None:
    """To such an agent the prompt says all: it runs though the body is gone."""
    await world.agent("noop")
    gone = BodyReference(name="never", size=1, sha256="00")
    [execution] = await world.fire_many([_started_by(world.due("noop"), gone)])
    assert (await world.finished(execution)).outcome is ExecutionStatus.COMPLETED
