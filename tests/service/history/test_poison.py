"""What cannot be recorded is set aside, exactly that, and everything else is recorded."""

import json

import pytest
from nats.aio.client import Client
from structlog.testing import capture_logs

from lamplighter_contracts.streams import DEAD
from lamplighter_runtime import consuming
from tests.service.history.conftest import History
from tests.support.happenings import due, execution, finished, happen, message
from tests.support.waiting import until


async def dead(bus: Client) -> int:
    return (await bus.jetstream().stream_info(DEAD.name)).state.messages


async def test_one_poison_in_a_hundred(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consuming, "BACKOFF_SECONDS", (0.05, 0.05, 0.05, 0.05))
    unreadable = set(range(0, 1_000, 200))
    unstorable = set(range(100, 1_000, 200))
    for n in range(1_000):
        event = message(due(n))
        body = event.body
        if n in unreadable:
            body = b'{"execution_id": 5}'
        if n in unstorable:
            # Readable, but MongoDB has no integer of this size.
            body = json.dumps(
                json.loads(body) | {"job": json.loads(body)["job"] | {"revision": 2**70}}
            ).encode()
        await history.bus.publish(event.subject, body, headers=dict(event.headers))
    # Unconfigured, structlog takes a second to draw a traceback.
    with capture_logs():
        await until(lambda: _is(history, 10), what="ten messages in DEAD")
        await history.until_all_is_recorded()

    assert await dead(history.bus) == 10
    recorded = {document["_id"] for document in history.documents()["occurrences"]}
    wanted = {execution(n) for n in range(1_000) if n not in unreadable | unstorable}
    assert wanted <= recorded


async def _is(history: History, wanted: int) -> bool:
    return await dead(history.bus) == wanted


async def test_a_poisoned_end_does_not_hold_up_the_others(history: History) -> None:
    sent = message(finished(0))
    await history.bus.jetstream().publish(sent.subject, b"{}", headers=dict(sent.headers))
    await happen(history.bus, finished(1))
    await history.until_all_is_recorded()
    record = await history.execution(execution(1))
    assert record is not None
    assert record.status.is_final
    assert await dead(history.bus) == 1
