"""Who does the work, over the whole stack: what is parked outlives every process, and the record says who and why."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.scripted.models import ScriptedModel, Turn, in_turn, scripted_model
from tests.support.stack import SERVICES, Api, Json, running_stack
from tests.support.waiting import until

CALL = Turn("I will publish it. ", (("shell", {"command": ["echo", "published"]}),))
KEY = "a key that nobody may see"


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    with scripted_model(in_turn(CALL, Turn("It is published."))) as model:
        yield model


async def writer(api: Api, model: ScriptedModel, **more: Json) -> None:
    answer = await api.client.put("/api/v1/environments/default/secrets/MODEL_KEY", json={"value": KEY})
    assert answer.is_success, answer.text
    runner = {"kind": "llm", "model": "scripted", "base_url": model.openai_url, "api_key": "MODEL_KEY"}
    tools = {"shell": {"programs": ["echo"]}, "approval": ["shell"]}
    await api.post("/agents", {"id": "writer", "name": "Writer", "runner": runner, "tools": tools, **more})


async def parked(api: Api, execution: str) -> Json:
    async def ask() -> Json:
        return await api.get(f"/approvals?state=pending&execution_id={execution}")

    (approval,) = await until(ask, seconds=30, what=f"{execution} to be parked")
    return approval


async def test_an_approval_outlives_every_process(tmp_path: Path, model: ScriptedModel) -> None:
    with running_stack(tmp_path) as stack:
        async with stack.http() as client:
            api = Api(client)
            await writer(api, model)
            job_id = await api.job("writer", prompt="Publish the report", overlap="skip")
            execution = await api.trigger(job_id)
            approval = await parked(api, execution)
            assert (await api.get(f"/executions/{execution}"))["status"] == "waiting_for_input"
            for service in SERVICES:
                stack.restart(service)
            stack.nats.kill_and_restart()
            for service in SERVICES:
                stack.until_ready(stack.children[service])
            # It is parked, not forgotten: the job's gate still knows of it.
            why = (await api.get(f"/jobs/{job_id}/why"))["sentence"]
            assert "approval" in why
            await api.post(f"/approvals/{approval['id']}/approve", {"note": "go on"})
            record = await api.finished(execution)
    assert (record["status"], record["result"]) == ("completed", "It is published.")
    assert [attempt["attempt"] for attempt in record["attempts"]] == [1]
    assert [(one["state"], one["note"], one["answered_by"]) for one in record["approvals"]] == [
        ("approved", "go on", "test")
    ]
    assert [effect["name"] for effect in record["effects"]] == ["shell"]
    assert (record["usage"]["requests"], record["usage"]["tool_calls"]) == (2, 1)
    assert KEY not in str(record)
    assert (
        model.requests[-1].results == ["exit code 0\npublished"]
        or "published" in model.requests[-1].results[0]
    )


async def test_who_was_chosen_and_why_is_on_the_record(api: Api) -> None:
    cards = {"databases": "Backs up and restores databases", "mails": "Answers letters of customers"}
    for agent_id, description in cards.items():
        await api.post(
            "/agents",
            {"id": agent_id, "name": agent_id, "description": description, "runner": {"kind": "noop"}},
        )
    body = {"name": "choose", "prompt": "Restore the databases from the last backup", "smart": True}
    job_id = (await api.post("/jobs", body))["id"]
    record = await api.finished(await api.trigger(job_id))
    assert (record["status"], record["agent_id"]) == ("completed", "databases")
    assert record["choice"]["chosen"] == "databases"
    listed = {one["agent_id"]: one for one in record["choice"]["candidates"]}
    assert listed["databases"]["score"] > listed["mails"]["score"]
    replayed = await api.get(f"/smart/replay?job_id={job_id}")
    assert (replayed["total"], replayed["changed"]) == (1, 0)


async def test_what_cannot_run_is_a_blocked_occurrence_with_its_reason(api: Api) -> None:
    await api.post("/agents", {"id": "asleep", "name": "asleep", "runner": {"kind": "noop"}, "active": False})
    created = await api.post("/jobs", {"name": "nobody", "prompt": "Do it", "agent_id": "asleep"})
    assert any("not active" in warning for warning in created["warnings"])
    record = await api.finished(await api.trigger(created["id"]))
    assert (record["status"], record["reason"]) == ("blocked", "agent")

    async def ledger() -> Json:
        found = await api.get(f"/jobs/{created['id']}/occurrences")
        return [one for one in found if one["outcome"] == "blocked"]

    (occurrence,) = await until(ledger, what="the ledger")
    assert "not active" in occurrence["detail"]
    assert "not active" in (await api.get(f"/jobs/{created['id']}/why"))["sentence"]


async def test_a_policy_binds_as_soon_as_it_is_saved(api: Api) -> None:
    await api.noop_agent("governed")
    job_id = await api.job("governed")
    rule = {"name": "freeze", "when": {"jobs": [job_id]}, "then": "deny", "message": "nothing runs tonight"}
    engine = {"kind": "rules", "rules": [rule]}
    await api.post("/policies", {"id": "freeze", "name": "Freeze", "engine": engine})
    record = await api.finished(await api.trigger(job_id))
    assert (record["status"], record["reason"]) == ("blocked", "policy")
    assert "nothing runs tonight" in record["detail"]
    (decision,) = record["decisions"]
    assert (decision["verdict"]["effect"], decision["verdict"]["applied"][0]["rule"]) == ("deny", "freeze")
    assert decision["verdict"]["policy_hash"]
    await api.client.delete("/api/v1/policies/freeze")
    assert (await api.finished(await api.trigger(job_id)))["status"] == "completed"
