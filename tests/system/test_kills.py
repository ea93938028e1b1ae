"""Kill -9 of each part in the middle of work: each execution ends exactly once, with its whole log."""

import asyncio
import sys

import pytest
from nats.aio.client import Client

from lamplighter_contracts import streams
from lamplighter_runtime.connection import open_broker
from lamplighter_runtime.settings import ServiceSettings
from tests.support.stack import Api, Json, Stack
from tests.support.waiting import until

EXECUTIONS = 200
LINES = 5
COMMAND = (sys.executable, "-S", "-c", f"for n in range({LINES}): print('line', n)")


@pytest.mark.parametrize("victim", ["history", "scheduler", "dispatcher", "gateway"])
async def test_a_kill_loses_nothing_and_repeats_nothing_else(stack: Stack, api: Api, victim: str) -> None:
    job_id = await api.job(await api.command_agent(f"lines-{victim}", *COMMAND), overlap="allow")
    accepted: list[str] = []

    async def start_them() -> None:
        for number in range(EXECUTIONS):
            accepted.append(await _insist(api, job_id, f"{victim}-{number}"))
            if number == EXECUTIONS // 2:
                stack.restart(victim)

    await asyncio.wait_for(start_them(), 90)
    stack.until_ready(stack.children[victim])

    async def all_ended() -> bool:
        found = await api.executions(job_id)
        return len(found) >= EXECUTIONS and all(e["status"] in ("completed", "failed") for e in found)

    await until(all_ended, seconds=90, what=f"the end of all {EXECUTIONS} executions")
    found = await api.executions(job_id)
    assert sorted(e["id"] for e in found) == sorted(accepted)
    assert [(e["reason"], e["detail"]) for e in found if e["status"] != "completed"] == []
    await _ended_exactly_once(stack, {e["id"] for e in found})
    for execution in found:
        await _log_is_whole(api, execution)
    repeated = [e for e in found if len(e["attempts"]) > 1]
    assert victim == "dispatcher" or not repeated, "only the death of a dispatcher repeats an execution"
    assert len(repeated) <= 32, "no more than were in its slots"


async def _insist(api: Api, job_id: str, key: str) -> str:
    """What a careful client does: the same Idempotency-Key until it is answered."""

    async def ask() -> str | None:
        try:
            answer = await api.client.post(f"/api/v1/jobs/{job_id}/trigger", headers={"Idempotency-Key": key})
        except OSError:
            return None
        except Exception as error:
            if type(error).__module__.startswith(("httpx", "httpcore")):
                return None
            raise
        return str(answer.json()["execution_id"]) if answer.status_code == 202 else None

    return await until(ask, seconds=30, what="an accepted trigger")


async def _log_is_whole(api: Api, execution: Json) -> None:
    async def whole() -> bool:
        log = await api.get(f"/executions/{execution['id']}/logs")
        last = max((line["attempt"] for line in log["lines"]), default=0)
        texts = [line["text"] for line in log["lines"] if line["attempt"] == last]
        return texts == [f"line {n}" for n in range(LINES)]

    await until(whole, seconds=20, what=f"the whole log of {execution['id']}")


async def _ended_exactly_once(stack: Stack, execution_ids: set[str]) -> None:
    """Read the bus itself: one final state on each status subject, and nothing after it."""
    broker = open_broker(ServiceSettings(nats_url=stack.nats.url), "test")
    ends = await _final_states(await broker.connect())
    await broker.stop()
    assert {e: ends.get(e, 0) for e in execution_ids} == dict.fromkeys(execution_ids, 1)


async def _final_states(client: Client) -> dict[str, int]:
    jetstream = client.jetstream()
    subscription = await jetstream.subscribe(
        "execution.*.status", stream=streams.EXECUTIONS.name, ordered_consumer=True
    )
    pending = (await jetstream.stream_info(streams.EXECUTIONS.name)).state.last_seq
    ends: dict[str, int] = {}
    while True:
        try:
            message = await subscription.next_msg(timeout=2)
        except TimeoutError:
            break
        if (message.headers or {}).get("ce-type", "").startswith("lamplighter.execution.finished"):
            execution_id = message.subject.split(".")[1]
            ends[execution_id] = ends.get(execution_id, 0) + 1
        if message.metadata.sequence.stream >= pending:
            break
    await subscription.unsubscribe()
    return ends
