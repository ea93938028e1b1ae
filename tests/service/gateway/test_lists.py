"""Lists over HTTP: filtered, ordered, in pages, and as lines."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from tests.service.gateway.running import Json, Running

NDJSON = {"Accept": "application/x-ndjson"}

NAMED: dict[str, Json] = {
    "agents": {"runner": {"kind": "noop"}},
    "calendars": {"dates": ["2026-12-25"]},
    "environments": {},
    "policies": {"engine": {"kind": "rules", "rules": [{"name": "all"}]}},
}


async def pages(http: httpx.AsyncClient, path: str) -> list[list[Json]]:
    """All pages, as a client follows them by their links."""
    found, url = [], str(http.base_url.join(path))
    while url:
        answer = await http.get(url)
        assert answer.status_code == 200, answer.text
        found.append(answer.json())
        following = answer.links.get("next")
        assert (following is None) == ("Next-Cursor" not in answer.headers)
        url = urljoin(url, following["url"]) if following else ""
    return found


@asynccontextmanager
async def answering(bus: Client, subject: str, answer: Callable[[Json], Json]) -> AsyncIterator[None]:
    """Stands where history would, for one of its queries."""

    async def on_query(message: Msg) -> None:
        await message.respond(json.dumps(answer(json.loads(message.data))).encode())

    subscription = await bus.subscribe(subject, cb=on_query)
    await bus.flush()
    yield
    await subscription.unsubscribe()


def lines(answer: httpx.Response) -> list[Json]:
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


async def seven_jobs(running: Running) -> list[str]:
    await running.agent()
    return [str((await running.job(name=f"Job {letter}"))["id"]) for letter in "GfEdCbA"]


async def test_jobs_come_in_pages_and_by_every_order(running: Running) -> None:
    made = await seven_jobs(running)

    for sort, wanted in (
        ("name", made[::-1]),
        ("-name", made),
        ("created_at", made),
        ("-created_at", made[::-1]),
        ("id", sorted(made)),
        ("-id", sorted(made, reverse=True)),
    ):
        found = await pages(running.http, f"/api/v1/jobs?limit=3&sort={sort}")
        assert [len(page) for page in found] == [3, 3, 1]
        assert [job["id"] for page in found for job in page] == wanted, sort
    await running.json("PATCH", f"/jobs/{made[3]}", {"description": "changed"})
    assert (await running.json("GET", "/jobs?sort=-updated_at"))[0]["id"] == made[3]
    assert [job["id"] for job in await running.json("GET", "/jobs")] == made[::-1], "by name, and all"
    assert [job["id"] for job in await running.json("GET", "/jobs?offset=5")] == made[1::-1]


async def test_a_page_follows_the_last_one_whatever_was_made_meanwhile(running: Running) -> None:
    made = await seven_jobs(running)
    first = await running.http.get("/api/v1/jobs?limit=3")
    await running.job(name="Job 0")
    await running.job(name="Job cc")
    await running.json("DELETE", f"/jobs/{first.json()[2]['id']}")

    rest = await running.json("GET", f"/jobs?cursor={first.headers['Next-Cursor']}")

    assert [job["name"] for job in rest] == ["Job cc", "Job d", "Job E", "Job f", "Job G"][
        0 if first.json()[-1]["name"] < "Job cc" else 1 :
    ]
    assert {job["id"] for job in first.json()}.isdisjoint(job["id"] for job in rest)
    assert len(made) == 7


async def test_jobs_are_filtered(running: Running) -> None:
    await running.agent()
    await running.agent("other")
    await running.json("POST", "/teams", {"id": "all", "name": "All", "members": ["idle"]})
    nightly = (await running.job(name="Nightly report", schedule="0 3 * * *"))["id"]
    hook = (await running.job(name="Hook", webhook_path="/x", agent_id="other"))["id"]
    team = (await running.job(name="Team report", agent_id=None, team_id="all"))["id"]
    await running.json("POST", f"/jobs/{hook}/pause")

    async def ids(query: str) -> set[str]:
        return {job["id"] for job in await running.json("GET", f"/jobs?{query}")}

    assert await ids("enabled=false") == {hook}
    assert await ids("agent_id=idle") == {nightly}
    assert await ids("team_id=all") == {team}
    assert await ids("trigger=schedule") == {nightly}
    assert await ids("trigger=webhook") == {hook}
    assert await ids("trigger=manual") == {team}
    assert await ids("name=REPORT") == {nightly, team}
    assert await ids("environment=default") == {nightly, hook, team}
    assert await ids("environment=elsewhere") == set()
    assert await ids("project=default&limit=1&sort=-name") == {team}
    assert await ids("project=payments") == set()


@pytest.mark.parametrize("noun", NAMED)
async def test_what_people_name_comes_in_pages(running: Running, noun: str) -> None:
    before = [thing["id"] for thing in await running.json("GET", f"/{noun}")]
    names = ["Delta", "alpha", "Charlie", "bravo"]
    for name in names:
        await running.json("POST", f"/{noun}", {"name": name, **NAMED[noun]})
    ids = [name.lower() for name in names]

    for sort, wanted in (
        ("id", sorted([*ids, *before])),
        ("-name", ["delta", *before, "charlie", "bravo", "alpha"]),
    ):
        found = await pages(running.http, f"/api/v1/{noun}?limit=2&sort={sort}")
        listed = [thing["id"] for page in found for thing in page]
        assert listed == wanted, sort
        assert all(len(page) == 2 for page in found[:-1])
    if not before:
        assert [one["id"] for one in await running.json("GET", f"/{noun}?sort=-created_at")] == ids[::-1]
    assert [one["id"] for one in await running.json("GET", f"/{noun}?name=LPH")] == ["alpha"]
    streamed = await running.http.get(f"/api/v1/{noun}?sort=id&limit=3", headers=NDJSON)
    assert lines(streamed) == (await running.json("GET", f"/{noun}?sort=id"))[:3]


async def test_agents_teams_and_policies_are_filtered(running: Running) -> None:
    await running.json("POST", "/environments", {"id": "far", "name": "Far", "queue": "distant"})
    await running.agent("plain")
    special = {
        "capabilities": ["mail"],
        "environment": "far",
        "runner": {"kind": "command", "command": ["true"]},
    }
    await running.json("POST", "/agents", {"id": "special", "name": "Special", "active": False, **special})
    await running.json("POST", "/teams", {"id": "pair", "name": "Pair", "members": ["plain", "special"]})
    await running.json(
        "POST", "/teams", {"id": "solo", "name": "Solo", "members": ["plain"], "environment": "far"}
    )
    rule = {"kind": "rules", "rules": [{"name": "all"}]}
    await running.json("POST", "/policies", {"id": "dry", "name": "Dry", "engine": rule, "dry_run": True})

    async def ids(query: str) -> list[str]:
        return [thing["id"] for thing in await running.json("GET", query)]

    assert await ids("/agents?capability=mail") == ["special"]
    assert await ids("/agents?runner=noop") == ["plain"]
    assert await ids("/agents?active=false") == ["special"]
    assert await ids("/agents?environment=far") == ["special"]
    assert await ids("/teams?agent_id=special") == ["pair"]
    assert await ids("/teams?environment=far") == ["solo"]
    assert await ids("/policies?dry_run=true") == ["dry"]
    assert await ids("/policies?dry_run=false") == []
    assert await ids("/environments?queue=distant") == ["far"]
    assert await ids("/calendars?source=ics") == []


async def test_tokens_and_secrets_come_in_pages(running: Running) -> None:
    for name in ("c", "a", "b"):
        await running.json("POST", "/tokens", {"name": name, "role": "viewer"})
        await running.json("PUT", f"/environments/default/secrets/KEY_{name}", {"value": "123456"})

    tokens = await pages(running.http, "/api/v1/tokens?limit=2&sort=name&role=viewer")
    secrets = await pages(running.http, "/api/v1/environments/default/secrets?limit=2&sort=-name")

    assert [[token["name"] for token in page] for page in tokens] == [["a", "b"], ["c"]]
    assert [[one["name"] for one in page] for page in secrets] == [["KEY_c", "KEY_b"], ["KEY_a"]]
    answer = await running.http.get("/api/v1/environments/default/secrets", headers=NDJSON)
    assert [one["name"] for one in lines(answer)] == ["KEY_a", "KEY_b", "KEY_c"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("/jobs?sort=prompt", "sort"),
        ("/agents?sort=prompt", "sort"),
        ("/jobs?limit=1001", "limit"),
        ("/tokens?limit=0", "limit"),
        ("/teams?cursor=none", "cursor"),
        ("/jobs?trigger=cron", "trigger"),
        ("/calendars?source=moon", "source"),
        ("/agents?active=perhaps", "active"),
    ],
)
async def test_what_a_list_cannot_be_asked(running: Running, query: str, field: str) -> None:
    for headers in ({}, NDJSON):
        answer = await running.http.get(f"/api/v1{query}", headers=headers)
        assert answer.status_code == 422, answer.text
        assert [error["field"] for error in answer.json()["errors"]] == [field]
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_cursor_of_another_list_is_refused(running: Running) -> None:
    await seven_jobs(running)
    by_age = (await running.http.get("/api/v1/jobs?limit=1&sort=created_at")).headers["Next-Cursor"]

    answer = await running.http.get(f"/api/v1/agents?cursor={by_age}&sort=name")

    assert answer.status_code == 422
    assert "order" in answer.json()["detail"]


async def test_all_jobs_as_lines(running: Running) -> None:
    """More than a page of those that a stream is made of."""
    await running.agent()
    body = {"jobs": [{"name": f"Job {n:03}", "prompt": "Go", "agent_id": "idle"} for n in range(450)]}
    await running.json("POST", "/jobs:batch", body)

    answer = await running.http.get("/api/v1/jobs", headers=NDJSON)

    assert [job["name"] for job in lines(answer)] == [f"Job {n:03}" for n in range(450)]
    assert "content-length" not in answer.headers
    assert len(await running.json("GET", "/jobs")) == 100
    assert len(await running.json("GET", "/jobs?limit=1000")) == 450
    bounded = await running.http.get("/api/v1/jobs?limit=250&sort=-name", headers=NDJSON)
    assert [job["name"] for job in lines(bounded)] == [f"Job {n:03}" for n in range(449, 199, -1)]


async def test_history_is_streamed_page_by_page(running: Running, bus: Client) -> None:
    """Each page is asked for when the last one is sent, and where one is missing the last line says so."""
    record = {
        "execution_id": "01900000-0000-7000-8000-000000000000",
        "job_id": "one",
        "status": "completed",
        "created_at": "2026-12-01T09:00:00Z",
    }
    asked: list[Json] = []

    def page(query: Json) -> Any:
        asked.append(query)
        number = int(query["cursor"] or 0)
        if number == 3:
            return {"failed": True, "kind": "unavailable", "detail": "it is away"}
        return {"executions": [record] * query["limit"], "next_cursor": str(number + 1)}

    async with answering(bus, "query.executions.list", page):
        first = await running.http.get("/api/v1/executions?limit=2&status=completed")
        streamed = await running.http.get("/api/v1/executions?status=completed", headers=NDJSON)
        bounded = await running.http.get("/api/v1/executions?limit=300", headers=NDJSON)

    assert first.links["next"]["url"] == "?limit=2&status=completed&cursor=1"
    found = lines(streamed)
    assert len(found) == 601
    problem = found[-1]["problem"]
    assert problem["type"].endswith("/unavailable")
    assert (problem["status"], problem["instance"]) == (503, "/api/v1/executions")
    assert all("problem" not in line for line in found[:-1])
    assert len(lines(bounded)) == 300
    assert {tuple(query["statuses"]) for query in asked[:5]} == {("completed",)}
    assert max(query["limit"] for query in asked) == 200


async def test_what_is_wrong_before_the_first_line_is_a_problem(running: Running) -> None:
    answer = await running.http.get("/api/v1/executions", headers=NDJSON)

    assert answer.status_code == 503, "history is away"
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/workers", "/queues", "/projects"])
async def test_short_lists_are_lines_too(running: Running, path: str) -> None:
    answer = await running.http.get(f"/api/v1{path}", headers=NDJSON)

    assert lines(answer) == await running.json("GET", path)
