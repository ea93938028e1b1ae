"""Each trigger, from the API to the record of what happened."""

import asyncio
import hashlib
import hmac
import json
import sys

from tests.support.stack import Api, Json, Stack
from tests.support.waiting import until

TALK = """
import os, sys
print("asked:", sys.stdin.read())
print("aside", file=sys.stderr)
print(os.environ["LAMP_PROMPT"])
"""


async def test_a_manual_start_runs_and_is_recorded(api: Api) -> None:
    job_id = await api.job(
        await api.command_agent("talker-manual", sys.executable, "-c", TALK), prompt="Say hello"
    )

    record = await api.finished(await api.trigger(job_id))

    assert record["status"] == "completed"
    assert record["exit_code"] == 0
    assert record["result"].splitlines()[-1] == "Say hello"
    assert record["trigger"]["kind"] == "manual"
    assert [attempt["attempt"] for attempt in record["attempts"]] == [1]
    log = await api.get(f"/executions/{record['id']}/logs")
    assert sorted((line["stream"], line["text"]) for line in log["lines"]) == [
        ("stderr", "aside"),
        ("stdout", "Say hello"),
        ("stdout", "asked: Say hello"),
    ]


async def test_a_failure_says_why(api: Api) -> None:
    broken = (sys.executable, "-c", "import sys; print('about to break'); sys.exit(3)")
    job_id = await api.job(await api.command_agent("broken", *broken))

    record = await api.finished(await api.trigger(job_id))

    assert (record["status"], record["reason"], record["exit_code"]) == ("failed", "exit_code", 3)
    assert "3" in record["detail"]


async def test_a_signed_delivery_starts_one_execution_however_often_it_comes(stack: Stack, api: Api) -> None:
    await api.noop_agent("idle-webhook")
    created = await api.post(
        "/jobs", {"name": "on push", "prompt": "Check", "agent_id": "idle-webhook", "webhook_path": "/push"}
    )
    body = json.dumps({"ref": "refs/heads/main"}).encode()
    signature = hmac.new(created["webhook_secret"].encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": "d1",
        "X-Hub-Signature-256": f"sha256={signature}",
        "Content-Type": "application/json",
        "Authorization": "",
    }

    answers = [
        await api.client.post("/api/v1/jobs/webhook/push", content=body, headers=headers) for _ in range(3)
    ]

    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert len({answer.json()["execution_id"] for answer in answers}) == 1
    record = await api.finished(answers[0].json()["execution_id"])
    assert record["trigger"]["delivery"]["delivery_id"] == "d1"
    assert record["payload"] == {"ref": "refs/heads/main"}
    assert len(await api.executions(created["id"])) == 1


async def test_a_schedule_fires_at_its_minute(api: Api) -> None:
    job_id = await api.job(await api.noop_agent("idle-schedule"), schedule="* * * * *")
    next_run = (await api.get(f"/jobs/{job_id}"))["next_run_at"]

    async def fired() -> list[Json]:
        return await api.executions(job_id)

    (record,) = (await until(fired, seconds=75, what="the firing"))[:1]
    assert record["trigger"]["kind"] == "schedule"
    assert record["trigger"]["nominal_at"] == next_run
    assert (await api.finished(record["id"]))["status"] == "completed"
    job = await api.get(f"/jobs/{job_id}")
    assert job["last_run_at"] is not None
    assert job["next_run_at"] > next_run
    await api.post(f"/jobs/{job_id}/disable")


async def test_a_live_stream_ends_with_the_outcome_and_loses_no_line(api: Api) -> None:
    counter = (
        sys.executable,
        "-c",
        "import time\nfor n in range(200): print(n, flush=True); time.sleep(0.005)",
    )
    job_id = await api.job(await api.command_agent("counter", *counter))
    execution_id = await api.trigger(job_id)

    lines: list[str] = []
    event = ""
    async with api.client.stream("GET", f"/api/v1/executions/{execution_id}/stream", timeout=30) as stream:
        async for line in stream.aiter_lines():
            if line.startswith("event: "):
                event = line.removeprefix("event: ")
            if line.startswith("data: ") and event == "log":
                lines += [entry["text"] for entry in json.loads(line.removeprefix("data: "))["lines"]]

    assert lines == [str(n) for n in range(200)]
    assert event == "end"


async def test_cancel_ends_the_whole_process_tree(stack: Stack, api: Api) -> None:
    parent = (
        sys.executable,
        "-c",
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])",
    )
    job_id = await api.job(await api.command_agent("sleeper", *parent))
    execution_id = await api.trigger(job_id)

    async def running() -> bool:
        return bool((await api.get(f"/executions/{execution_id}"))["status"] == "running")

    await until(running, what="the start")
    await api.post(f"/executions/{execution_id}/cancel")

    assert (await api.finished(execution_id))["status"] == "cancelled"


async def test_what_is_no_request_is_answered_with_a_problem_by_every_service(stack: Stack) -> None:
    for port in stack.ports.values():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"NONSENSE\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"application/problem+json" in answer


async def test_a_firing_while_one_runs_is_skipped_and_on_record(api: Api) -> None:
    sleeper = (sys.executable, "-c", "import time; time.sleep(600)")
    job_id = await api.job(await api.command_agent("overlapping", *sleeper))
    first = await api.trigger(job_id)
    await api.trigger(job_id)

    async def skipped() -> list[Json]:
        return [o for o in await api.get(f"/jobs/{job_id}/occurrences") if o["outcome"] == "skipped"]

    (occurrence,) = await until(skipped, what="the skip")
    assert occurrence["reason"] == "overlap"
    assert first in occurrence["detail"]
    await api.post(f"/executions/{first}/cancel")
    await api.finished(first)
    again = await api.trigger(job_id)
    await api.post(f"/executions/{again}/cancel")
    assert (await api.finished(again))["status"] == "cancelled"
