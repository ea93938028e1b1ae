"""Policies through the API: looked at before they are kept, tried on documents that it makes of what is here."""

import asyncio
import time
from typing import Any

import pytest
from nats.aio.client import Client

from lamplighter_contracts import streams, subjects
from lamplighter_contracts.policies import Policy, PolicyInput
from lamplighter_contracts.tokens import Role
from lamplighter_runtime.latest import last_message
from tests.service.gateway.running import Running, last_sequence, token
from tests.support.scripted.opa import scripted_opa
from tests.support.servers import Server

NIGHTS = {
    "name": "nights",
    "when": {"during": ["daily 22:00-06:00"]},
    "then": "deny",
    "message": "Not at night.",
}
REGO = 'package lamplighter\ndeny contains "No shell." if input.tool.name == "shell"'
# Each bracket doubles what the parser does.
ENDLESS = "package lamplighter\nx := " + "[" * 40 + "]" * 40


def ruled(**more: Any) -> dict[str, Any]:
    return {"name": "Nights", "engine": {"kind": "rules", "rules": [NIGHTS]}, **more}


def rego(module: str = REGO, **more: Any) -> dict[str, Any]:
    return {"name": "No shell", "engine": {"kind": "rego", "module": module}, **more}


async def refused(running: Running, method: str, path: str, body: Any) -> list[tuple[str, str]]:
    answer = await running.http.request(method, f"/api/v1{path}", json=body, timeout=60)
    assert answer.status_code == 422, answer.text
    return [(error["field"], error["problem"]) for error in answer.json()["errors"]]


async def verdict(running: Running, **body: Any) -> Any:
    return (await running.json("POST", "/policies/test", body))["verdict"]


async def test_one_is_made_read_changed_and_deleted(running: Running, bus: Client) -> None:
    made = await running.http.post("/api/v1/policies", json=ruled(description="Sleep", dry_run=True))

    document = made.json()
    assert made.status_code == 201, made.text
    assert made.headers["location"] == "/api/v1/policies/nights"
    assert (document["id"], document["policy_id"], document["dry_run"]) == ("nights", "nights", True)
    assert document["attach"] == [{"kind": "project", "id": "default"}]
    last = await last_message(bus, streams.CATALOG.name, subjects.catalog("policies", "nights"))
    assert last is not None
    assert Policy.model_validate_json(last.body).dry_run

    changed = await running.json("PATCH", "/policies/nights", {"dry_run": False, "description": None})
    assert (changed["dry_run"], changed["description"], changed["engine"]) == (False, "", document["engine"])
    sent_back = await running.json("PATCH", "/policies/nights", {**changed, "name": "New"})
    assert sent_back["name"] == "New"
    other = await running.json("PATCH", "/policies/nights", {"engine": rego()["engine"]})
    assert other["engine"]["kind"] == "rego"
    assert [one["id"] for one in await running.json("GET", "/policies")] == ["nights"]

    old = {"If-Match": f'"{document["revision"]}"'}
    assert (await running.http.delete("/api/v1/policies/nights", headers=old)).status_code == 412
    assert (await running.http.delete("/api/v1/policies/nights")).status_code == 204
    assert (await running.http.get("/api/v1/policies/nights")).status_code == 404
    assert await running.json("GET", "/policies") == []


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "X"}, "engine", "is missing"),
    (ruled(actif=True), "actif", "did you mean 'active'?"),
    (ruled(engine={"kind": "rules", "rules": [{**NIGHTS, "whan": {}}]}), "engine.rules.0.whan", "'when'"),
    (
        ruled(engine={"kind": "rules", "rules": [{"name": "a", "when": {"agent": ["x"]}}]}),
        "engine.rules.0.when.agent",
        "did you mean 'agents'?",
    ),
    (
        ruled(engine={"kind": "rules", "rules": [{"name": "a", "when": {"during": ["noonish"]}}]}),
        "engine.rules.0.when.during.0",
        "The blackout 'noonish' cannot be read",
    ),
    (rego("package lamplighter\n\ndeny contains"), "engine.module", "line 3: "),
    (rego(f"{REGO}\ndeny contains x if x := http.send({{}})"), "engine.module", "line 3: http.send is not to be had"),
    (ruled(attach=[{"kind": "agent", "id": "idel"}]), "attach.0.id", "names the agent 'idel', which does not exist"),
    (ruled(attach=[{"kind": "project"}, {"kind": "job", "id": "x"}]), "attach.1.id", "names the job 'x'"),
    (ruled(attach=[{"kind": "project", "id": "other"}]), "attach.0.id", "names the project 'other'"),
    (ruled(attach=[{"kind": "team", "id": "crew"}]), "attach.0.id", "names the team"),
    (ruled(attach=[{"kind": "environment", "id": "defalt"}]), "attach.0.id", "did you mean 'default'?"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "field", "words"), WRONG)
async def test_a_wrong_policy_is_refused(
    running: Running, bus: Client, body: dict[str, Any], field: str, words: str
) -> None:
    await running.agent()
    before = await last_sequence(bus, streams.CATALOG)

    ((named, problem),) = await refused(running, "POST", "/policies", body)

    assert named == field
    assert words in problem
    assert await last_sequence(bus, streams.CATALOG) == before


async def test_it_may_be_attached_to_what_is_there_or_may_come(running: Running) -> None:
    await running.agent()
    job = await running.job()
    there = [
        {"kind": "agent", "id": "idle"},
        {"kind": "job", "id": job["id"]},
        {"kind": "environment", "id": "default"},
        {"kind": "team", "id": "crew-*"},
    ]
    made = await running.json("POST", "/policies", ruled(attach=there))
    assert made["attach"] == there

    # What it governed may end, and the policy may still be changed.
    await running.json("DELETE", f"/jobs/{job['id']}")
    changed = await running.json("PATCH", "/policies/nights", {"dry_run": True})
    assert changed["dry_run"]


async def test_a_module_that_would_hold_everything_up_is_given_up(running: Running) -> None:
    asked = asyncio.create_task(refused(running, "POST", "/policies", rego(ENDLESS)))
    began, answered = time.monotonic(), 0
    while not asked.done():
        await running.json("GET", "/policies")
        answered += 1

    ((field, problem),) = await asked
    assert (field, "takes too long" in problem) == ("engine.module", True)
    assert time.monotonic() - began < 30
    assert answered > 50, "others were answered meanwhile"
    said = await refused(running, "POST", "/policies/test", {"policy": rego(ENDLESS), "input": {}})
    assert said[0][0] == "policy.engine.module"


async def test_one_that_a_document_makes_slow_is_given_up(running: Running) -> None:
    """It was quick for all that it was tried on."""
    pairs = "some a in numbers.range(1, input.attempt); some b in numbers.range(1, input.attempt)"
    slow = rego(f'package lamplighter\ndeny contains "x" if count([1 | {pairs}]) < 0')
    question = (await running.json("POST", "/policies/test", {"policy": slow, "input": {"prompt": "x"}}))[
        "input"
    ]

    body = {"policy": slow, "input": {**question, "attempt": 1_000_000}}
    answer = await running.http.post("/api/v1/policies/test", json=body, timeout=60)

    said = answer.json()["verdict"]
    assert (said["effect"], said["failed"]) == ("deny", True)
    assert "takes too long or too much memory" in said["reason"]


async def test_a_policy_is_tried_before_it_is_kept(running: Running) -> None:
    await running.agent()
    job = await running.job()
    asked = {"job_id": job["id"], "trigger": "webhook", "at": "2026-11-25T23:00:00+01:00"}

    told = await running.json("POST", "/policies/test", {"policy": ruled(), "input": asked})

    assert (told["verdict"]["effect"], told["verdict"]["reason"]) == ("deny", "Not at night.")
    assert told["asked"] == ["tested"]
    document = PolicyInput.model_validate(told["input"])
    assert (document.action.value, document.trigger.trust.value) == ("execution.start", "external")
    assert (document.job.name, document.job.prompt, document.executor.agent_id) == (
        "Nightly report",
        "Report",
        "idle",
    )
    assert document.executor.runners == ("noop",)
    assert document.at_ns == 1_795_644_000_000_000_000
    again = await running.json("POST", "/policies/test", {"policy": ruled(), "input": told["input"]})
    assert again["input"] == told["input"]
    assert await running.json("GET", "/policies") == []


async def test_all_that_are_active_are_asked_or_one(running: Running) -> None:
    await running.agent()
    for body in (
        ruled(),
        rego(),
        ruled(id="asleep", active=False),
        ruled(id="trial", dry_run=True, engine={"kind": "rules", "rules": [{"name": "all", "then": "deny"}]}),
        ruled(id="elsewhere", attach=[{"kind": "team", "id": "crew-*"}]),
    ):
        await running.json("POST", "/policies", body)
    call = {
        "agent_id": "idle",
        "tool": "shell",
        "arguments": {"command": ["rm"]},
        "at": "2026-11-25T12:00:00Z",
    }

    told = await running.json("POST", "/policies/test", {"input": call})
    assert told["asked"] == ["nights", "no-shell", "trial"]
    assert told["verdict"]["effect"] == "deny"
    said = [(one["policy_id"], one["dry_run"]) for one in told["verdict"]["applied"]]
    assert said == [("no-shell", False), ("trial", True)]
    assert told["input"]["tool"] == {"name": "shell", "arguments": {"command": ["rm"]}, "has_effect": True}

    assert (await verdict(running, input={**call, "tool": "http"}))["effect"] == "allow"
    night = {**call, "at": "2026-11-25T23:00:00Z"}
    assert (await verdict(running, policy_id="asleep", input=night))["reason"] == "Not at night."
    assert (await verdict(running, policy_id="nights", input=call))["effect"] == "allow"
    missing = await running.http.post("/api/v1/policies/test", json={"policy_id": "none"})
    assert missing.status_code == 404


QUESTIONS: list[tuple[Any, str, str]] = [
    ({"inputs": {}}, "inputs", "did you mean 'input'?"),
    ({"input": []}, "input", "must be a JSON object"),
    ({"input": {"job": {}, "executor": {}}}, "input.action", "is missing"),
    ({"input": {"jobid": "x"}}, "input.jobid", "is not known"),
    ({"input": {"job_id": "nightly"}}, "input.job_id", "names the job 'nightly', which does not exist"),
    ({"input": {"agent_id": "idel"}}, "input.agent_id", "did you mean 'idle'?"),
    ({"input": {"team_id": "crew"}}, "input.team_id", "names the team"),
    ({"input": {"environment": "lab"}}, "input.environment", "names the environment"),
    ({"input": {"trigger": "cron"}}, "input.trigger", "'webhook'"),
    ({"input": {"at": "2026-11-25T12:00"}}, "input.at", "offset"),
    ({"policy": {"engine": {"kind": "rules", "rules": []}}}, "policy.engine.rules", "must not be empty"),
    ({"policy": "x"}, "policy", "must be a JSON object"),
    ({"policy_id": 5}, "policy_id", "must be the id of a policy"),
    ({"policy": ruled(), "policy_id": "x"}, "policy_id", "cannot stand beside 'policy'"),
]


@pytest.mark.parametrize(("body", "field", "words"), QUESTIONS)
async def test_a_question_that_makes_no_sense_is_refused(
    running: Running, body: Any, field: str, words: str
) -> None:
    await running.agent()
    problems = await refused(running, "POST", "/policies/test", body)
    assert field in dict(problems)
    assert words in dict(problems)[field]


async def test_a_server_is_asked_with_its_secret(running: Running) -> None:
    async with scripted_opa() as opa:
        opa.answer = 200, {"result": {"require_approval": ["Ask Ana."]}}
        policy = {"name": "Remote", "engine": {"kind": "opa", "url": opa.url, "token": "OPA_TOKEN"}}
        without = await verdict(running, policy=policy, input={})
        await running.json("PUT", "/environments/default/secrets/OPA_TOKEN", {"value": "sesame"})
        told = await verdict(running, policy=policy, input={})

    assert (without["effect"], without["failed"]) == ("deny", True)
    assert "needs the secret 'OPA_TOKEN'" in without["reason"]
    assert (told["effect"], told["reason"]) == ("require_approval", "Ask Ana.")
    assert [headers["authorization"] for _, headers, _ in opa.asked] == ["Bearer sesame"]


async def test_the_schema_is_told(running: Running) -> None:
    schema = await running.json("GET", "/policies/schema")
    assert set(schema["properties"]) == set(PolicyInput.model_fields)
    document = await running.http.get("/docs/openapi.json")
    assert {"/api/v1/policies", "/api/v1/policies/test"} <= document.json()["paths"].keys()


async def test_who_reads_may_not_try_one(running: Running, nats_server: Server) -> None:
    """To try a policy is to have a server asked, with a secret of ours."""
    bearer = {"Authorization": f"Bearer {await token(nats_server.url, Role.VIEWER)}"}
    asked = [("GET", "/policies", 200), ("POST", "/policies", 403), ("POST", "/policies/test", 403)]
    for method, path, status in asked:
        answer = await running.http.request(method, f"/api/v1{path}", json={}, headers=bearer)
        assert answer.status_code == status
