"""Whom a smart job would be given to, and whom those of the past would be given to today, through the API."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from nats.aio.client import Client

from lamplighter_contracts.choices import Choice
from lamplighter_contracts.events import TriggerKind
from lamplighter_contracts.executions import ExecutionStatus
from lamplighter_contracts.queries import ChoiceRecord
from tests.service.gateway.running import Running
from tests.service.gateway.scripted_history import ScriptedHistory, scripted_history
from tests.service.gateway.test_workers import listed, state, tell

PROMPT = "Run the daily backups of PostgreSQL"
AGENTS: dict[str, dict[str, Any]] = {
    "db-admin": {"description": "Looks after PostgreSQL: backups, restores.", "capabilities": ["backup"]},
    "cluster": {"description": "Repairs Kubernetes clusters: pods, nodes.", "capabilities": ["helm"]},
    "writer": {"description": "Writes documentation and changelogs."},
}
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
async def agents(running: Running) -> Running:
    for agent_id, fields in AGENTS.items():
        body = {"id": agent_id, "name": agent_id, "runner": {"kind": "noop"}, **fields}
        await running.json("POST", "/agents", body)
    return running


@pytest.fixture
async def history(bus: Client) -> AsyncIterator[ScriptedHistory]:
    async with scripted_history(bus) as history:
        yield history


async def explain(running: Running, **body: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await running.json("POST", "/smart/explain", {"prompt": PROMPT, **body})
    return answer


def removed(choice: dict[str, Any]) -> dict[str, str]:
    return {one["agent_id"]: one["removed_by"] for one in choice["candidates"] if one["removed_by"]}


async def test_a_choice_is_explained_with_every_candidate(agents: Running) -> None:
    choice = await explain(agents)

    assert (choice["chosen"], choice["how"], choice["confident"]) == ("db-admin", "score", True)
    assert choice["reason"].startswith("'db-admin' takes it: of 3 agents that may")
    assert [one["agent_id"] for one in choice["candidates"]] == ["db-admin", "cluster", "writer"]
    assert choice["candidates"][0]["matched"] == ["backups", "postgresql"]
    assert choice["candidates"][0]["revision"] > 0


async def test_filters_are_those_of_a_dispatcher(agents: Running, bus: Client) -> None:
    await agents.json("PATCH", "/agents/writer", {"active": False})
    await agents.json("POST", "/environments", {"id": "far", "name": "Far", "queue": "far"})
    await agents.json("PATCH", "/agents/cluster", {"environment": "far"})
    await tell(bus, state("lab-1", running=2))
    await listed(agents, "lab-1")

    choice = await explain(agents)
    nobody = await explain(agents, capabilities=["helm"], environment="far")
    away = await explain(agents, fallback_agent_id="cluster", capabilities=["singing"])

    assert removed(choice) == {"writer": "inactive", "cluster": "queue"}
    assert choice["candidates"][0]["load"] == 0.5
    assert (nobody["chosen"], nobody["how"]) == ("", "nobody")
    assert removed(nobody) == {"writer": "inactive", "db-admin": "capability", "cluster": "queue"}
    assert away["reason"].endswith(
        "and the job's fallback 'cluster' works on the queue 'far', which no worker serves now."
    )


async def test_policies_remove_those_that_they_keep_from_it(agents: Running) -> None:
    rules = [
        {
            "name": "no backups from outside",
            "when": {"agents": ["db-*"], "trust": "external"},
            "then": "deny",
            "message": "Not from outside",
        },
        {"name": "no writing", "when": {"agents": ["writer"]}, "then": "deny", "message": "Never"},
    ]
    body = {"id": "p", "name": "P", "engine": {"kind": "rules", "rules": rules}}
    await agents.json("POST", "/policies", body)

    inside, outside = await explain(agents), await explain(agents, trigger="webhook")

    assert removed(inside) == {"writer": "policy"}
    assert inside["chosen"] == "db-admin"
    assert removed(outside) == {"writer": "policy", "db-admin": "trust"}
    assert outside["chosen"] == ""
    details = {one["agent_id"]: one["detail"] for one in outside["candidates"]}
    assert details["db-admin"] == "is kept from it by a policy: Not from outside"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": PROMPT, "trigger": "moon"}, "trigger"),
        ({"prompt": PROMPT, "environment": "nowhere"}, "environment"),
        ({"prompt": PROMPT, "fallback_agent_id": "writre"}, "fallback_agent_id"),
        ({"prompt": PROMPT, "colour": "red"}, "colour"),
    ],
)
async def test_what_is_wrong_is_named(agents: Running, body: dict[str, Any], field: str) -> None:
    answer = await agents.http.post("/api/v1/smart/explain", json=body)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def record(execution_id: str, chosen: str, **more: Any) -> ChoiceRecord:
    choice = Choice(chosen=chosen, how="score" if chosen else "nobody", reason="Then.")
    fields: dict[str, Any] = {"prompt": PROMPT, "choice": choice, "trigger": TriggerKind.SCHEDULE} | more
    return ChoiceRecord(execution_id=execution_id, job_id="job-1", job_name="Job", at=AT, **fields)


async def test_the_past_is_decided_anew_with_the_agents_of_today(
    agents: Running, history: ScriptedHistory
) -> None:
    history.choices = [
        record("e3", "db-admin", outcome=ExecutionStatus.COMPLETED),
        record("e2", "writer", outcome=ExecutionStatus.FAILED),
        record("e1", "", prompt="Draw a cat"),
    ]

    told = await agents.json("GET", "/smart/replay")

    assert (told["total"], told["changed"]) == (3, 1)
    first, second, third = told["decisions"]
    assert first == {
        "execution_id": "e3",
        "job_id": "job-1",
        "job_name": "Job",
        "at": "2026-03-01T12:00:00Z",
        "was": "db-admin",
        "was_by": "score",
        "would_be": "db-admin",
        "would_be_by": "score",
        "same": True,
        "reason": first["reason"],
        "outcome": "completed",
    }
    assert (second["was"], second["would_be"], second["same"]) == ("writer", "db-admin", False)
    assert (third["was"], third["would_be"], third["same"], third["outcome"]) == (None, None, True, None)


async def test_a_replay_asks_for_what_it_was_asked(agents: Running, history: ScriptedHistory) -> None:
    await agents.json("GET", "/smart/replay?since=2026-03-01T00:00:00Z&job_id=job-1&limit=7")
    await agents.json("GET", "/smart/replay")

    (subject, asked), (_, lately) = history.asked[-2:]
    assert (subject, asked) == (
        "query.choices.list",
        {"projects": None, "since": "2026-03-01T00:00:00Z", "job_id": "job-1", "limit": 7, "cursor": None},
    )
    since = datetime.fromisoformat(str(lately["since"]))
    assert 6.9 < (datetime.now(UTC) - since).total_seconds() / 86_400 < 7.1
    assert (await agents.http.get("/api/v1/smart/replay?limit=0")).status_code == 422


async def test_a_replay_reads_page_after_page(agents: Running, history: ScriptedHistory) -> None:
    history.choices = [record(f"e{n}", "db-admin") for n in range(5)]
    history.choices_a_page = 2

    whole, some = [await agents.json("GET", f"/smart/replay{query}") for query in ("", "?limit=3")]

    assert [one["execution_id"] for one in whole["decisions"]] == ["e0", "e1", "e2", "e3", "e4"]
    assert some["total"] == 3


async def test_a_replay_knows_what_was_asked_for_then_and_the_fallback_of_today(
    agents: Running, history: ScriptedHistory
) -> None:
    job = await agents.json(
        "POST",
        "/jobs",
        {"name": "Smart", "prompt": PROMPT, "smart": True, "fallback_agent_id": "writer"},
    )
    choice = Choice(chosen="cluster", how="score", reason="Then.", capabilities=("singing",))
    history.choices = [record("e1", "").model_copy(update={"choice": choice, "job_id": job["id"]})]

    (decision,) = (await agents.json("GET", "/smart/replay"))["decisions"]

    assert (decision["was"], decision["would_be"], decision["would_be_by"]) == (
        "cluster",
        "writer",
        "fallback",
    )


async def test_without_history_a_replay_says_so(agents: Running) -> None:
    answer = await agents.http.get("/api/v1/smart/replay")

    assert answer.status_code == 503
