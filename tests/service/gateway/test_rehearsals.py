"""What a start would come to, and what stands in its way: told where a job is saved, shown and rehearsed."""

from datetime import UTC, datetime
from typing import Any

import pytest
from nats.aio.client import Client

from lamplighter_contracts import streams, subjects
from lamplighter_contracts.environments import Readiness
from lamplighter_contracts.workers import WorkerState
from lamplighter_runtime.messages import Message
from lamplighter_runtime.publishing import publish
from tests.service.gateway.running import Json, Running, last_sequence
from tests.support.waiting import until

LLM = {"kind": "llm", "model": "m"}
BLANK = {"prompt": "Report", "name": "Report"}


@pytest.fixture
async def at_work(running: Running, bus: Client) -> None:
    """One worker on the default queue, that has commands only."""
    now = datetime.now(UTC)
    state = WorkerState(
        worker="w1",
        host="here",
        pid=1,
        version="0",
        queues=("default",),
        slots=4,
        runners=("command", "noop"),
        started_at=now,
        seen_at=now,
    )
    await publish(bus, Message(subjects.worker("w1"), state.model_dump_json().encode()))

    async def heard() -> bool:
        return bool(await running.json("GET", "/workers"))

    await until(heard, what="the worker")


async def agent(running: Running, agent_id: str, runner: Json = None, **fields: Json) -> None:
    body = {"id": agent_id, "name": agent_id, "runner": runner or {"kind": "noop"}, **fields}
    await running.json("POST", "/agents", body)


async def warnings(running: Running, **job: Json) -> list[str]:
    """Of a job as it is saved; they are the same where it is read, listed and rehearsed."""
    saved = await running.json("POST", "/jobs", {**BLANK, **job})
    path = f"/jobs/{saved['id']}"
    assert (await running.json("GET", path))["warnings"] == saved["warnings"]
    assert (await running.json("POST", f"{path}/preview", {}))["warnings"] == saved["warnings"]
    listed = await running.json("GET", "/jobs")
    assert [one["warnings"] for one in listed if one["id"] == saved["id"]] == [saved["warnings"]]
    return list(saved["warnings"])


@pytest.mark.usefixtures("at_work")
async def test_nothing_stands_in_the_way(running: Running) -> None:
    await agent(running, "idle")
    assert await warnings(running, agent_id="idle") == []


@pytest.mark.usefixtures("at_work")
async def test_all_that_stands_in_the_way_of_a_job(running: Running, bus: Client) -> None:
    lab = await running.json(
        "POST",
        "/environments",
        {"id": "lab", "name": "Lab", "check": {"kind": "url", "url": "http://x.test"}},
    )
    await agent(running, "writer", LLM, secrets=["TOKEN"], environment="lab")
    await agent(running, "sleeper", active=False)
    team = {"id": "crew", "name": "Crew", "members": ["writer", "sleeper"], "environment": "lab"}
    await running.json("POST", "/teams", team)
    assert lab["ready"] is None
    found = Readiness(
        environment_id="lab",
        revision=lab["revision"],
        ready=False,
        reason="no disk",
        checked_at=datetime.now(UTC),
        worker="w1",
    )
    await publish(bus, Message(subjects.readiness("lab"), found.model_dump_json().encode()))

    async def heard() -> bool:
        return (await running.json("GET", "/environments/lab"))["ready"] is False

    await until(heard)

    assert await warnings(running, team_id="crew", secrets=["OTHER"]) == [
        "The agent 'sleeper' of the team 'crew' is not active.",
        "The environment 'lab' is not ready: no disk.",
        "The job asks for the secret 'OTHER', which the environment 'lab' does not have.",
        "The agent 'writer' asks for the secret 'TOKEN', which the environment 'lab' does not have.",
        "No worker of the queue 'default' has the runner 'llm'.",
    ]
    assert (await running.json("GET", "/environments/lab"))["ready_reason"] == "no disk"
    other = await running.json(
        "PATCH", "/environments/lab", {"check": {"kind": "url", "url": "http://y.test"}}
    )
    assert (other["ready"], other["ready_reason"]) == (None, ""), "another check has not been made yet"
    await running.json("PATCH", "/environments/lab", {"check": None})
    assert (await running.json("GET", "/environments/lab"))["ready"] is True
    await running.json("POST", "/environments", {"id": "far", "name": "Far", "queue": "far"})
    await agent(running, "idle")
    assert await warnings(running, agent_id="idle", environment="far") == [
        "No worker serves the queue 'far': what is due waits for one."
    ]


RULES: list[tuple[str, list[str]]] = [
    ("deny", ["By policy it is denied: not on a friday."]),
    ("require_approval", ["By policy it waits for a person's approval before it begins: not on a friday."]),
    ("allow", []),
]


@pytest.mark.usefixtures("at_work")
@pytest.mark.parametrize(("then", "said"), RULES)
async def test_what_policies_would_say(running: Running, then: str, said: list[str]) -> None:
    await agent(running, "idle")
    rule = {"name": "friday", "then": then, "message": "not on a friday"}
    await running.json("POST", "/policies", {"name": "p", "engine": {"kind": "rules", "rules": [rule]}})

    saved = await running.json("POST", "/jobs", {**BLANK, "agent_id": "idle"})
    rehearsed = await running.json("POST", f"/jobs/{saved['id']}/preview")

    assert saved["warnings"] == rehearsed["warnings"] == said
    assert (await running.json("GET", f"/jobs/{saved['id']}"))["warnings"] == said
    assert rehearsed["policy"]["effect"] == then


@pytest.mark.usefixtures("at_work")
async def test_a_rehearsal_asks_about_the_start(running: Running) -> None:
    await agent(running, "idle")
    rule = {
        "name": "by hand",
        "when": {"actions": ["execution.start"], "triggers": ["manual"], "actors": ["test*admin"]},
        "then": "deny",
    }
    policy = {"name": "p", "engine": {"kind": "rules", "rules": [rule]}}
    await running.json("POST", "/policies", policy)
    saved = await running.json("POST", "/jobs", {**BLANK, "agent_id": "idle"})
    assert saved["warnings"] == []


@pytest.mark.usefixtures("at_work")
async def test_a_start_is_rehearsed_and_nothing_is_written(running: Running, bus: Client) -> None:
    await agent(running, "idle")
    prompt = "Report on {{ payload.day }} for {{ job.name }}"
    job = await running.json(
        "POST", "/jobs", {"name": "Nightly", "prompt": prompt, "agent_id": "idle", "schedule": "0 9 * * *"}
    )
    before = [
        await last_sequence(bus, stream) for stream in (streams.CATALOG, streams.JOBS, streams.EXECUTIONS)
    ]

    shown = await running.json(
        "POST", f"/jobs/{job['id']}/preview", {"parameters": {"day": "monday"}, "n": 3}
    )

    assert "monday" in shown["prompt"]
    assert shown["prompt"].startswith("Report on ")
    assert (shown["agent_id"], shown["team_id"], shown["choice"]) == ("idle", None, None)
    assert (shown["environment"], shown["queue"], shown["prompt_problem"]) == ("default", "default", None)
    assert len(shown["firings"]) == 3
    assert shown["policy"]["effect"] == "allow"
    after = [
        await last_sequence(bus, stream) for stream in (streams.CATALOG, streams.JOBS, streams.EXECUTIONS)
    ]
    assert after == before


async def test_a_prompt_that_cannot_be_rendered_says_why(running: Running) -> None:
    await agent(running, "idle")
    job = await running.json("POST", "/jobs", {**BLANK, "prompt": "{{ payload.day }}", "agent_id": "idle"})
    shown = await running.json("POST", f"/jobs/{job['id']}/preview")
    assert shown["prompt"] is None
    assert "payload.day" in shown["prompt_problem"]


@pytest.mark.parametrize(
    ("body", "field"), [({"n": 0}, "n"), ({"parameters": 3}, "parameters"), ({"day": "monday"}, "day")]
)
async def test_a_wrong_rehearsal_is_refused(running: Running, body: dict[str, Any], field: str) -> None:
    await agent(running, "idle")
    job = await running.job()
    answer = await running.http.post(f"/api/v1/jobs/{job['id']}/preview", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert (await running.http.post("/api/v1/jobs/nothing-1/preview")).status_code == 404


@pytest.mark.usefixtures("at_work")
async def test_a_smart_job_shows_who_would_get_it(running: Running) -> None:
    await agent(running, "mailer", description="answers letters and mail", capabilities=["mail"])
    await agent(running, "cook", description="plans meals and recipes")
    await agent(running, "sleeper", description="answers mail", active=False)
    await agent(running, "clerk", description="answers all letters and mail of mine")
    rule = {"name": "no clerk", "when": {"agents": ["clerk"]}, "then": "deny"}
    await running.json("POST", "/policies", {"name": "p", "engine": {"kind": "rules", "rules": [rule]}})
    job = await running.json(
        "POST", "/jobs", {**BLANK, "prompt": "Answer my mail and letters", "smart": True}
    )

    shown = await running.json("POST", f"/jobs/{job['id']}/preview")

    assert shown["agent_id"] == shown["choice"]["chosen"] == "mailer"
    removed = {one["agent_id"]: one["removed_by"] for one in shown["choice"]["candidates"]}
    assert removed == {"mailer": None, "cook": None, "sleeper": "inactive", "clerk": "policy"}


@pytest.mark.usefixtures("at_work")
async def test_a_smart_job_that_nobody_can_take(running: Running) -> None:
    await agent(running, "cook", description="plans meals")
    await agent(running, "clerk", active=False)
    nobody = "No agent with the capabilities mail can be chosen at present; `lamp smart explain` says why."
    fallback = "The agent 'clerk', which is the fallback, is not active."
    assert await warnings(running, smart=True, capabilities=["mail"]) == [nobody]
    assert await warnings(running, smart=True, fallback_agent_id="clerk") == [fallback]
