"""Two people, each with a project, at one gateway: neither learns of what is the other's."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from nats.aio.client import Client

from lamplighter_contracts.tokens import Role
from lamplighter_gateway.access.table import ACCESS
from tests.service.gateway.running import Json, Running, gateway
from tests.service.gateway.scripted_history import scripted_history
from tests.support import happenings
from tests.support.servers import Server

RULES = {"kind": "rules", "rules": [{"name": "nothing at night", "then": "deny"}]}
NOUNS = ("agents", "teams", "environments", "calendars", "policies", "jobs")


@dataclass
class Person:
    """Somebody who reaches one project, and has one of each noun in it."""

    project: str
    http: httpx.AsyncClient
    token_id: str
    job_id: str = ""

    @property
    def ids(self) -> dict[str, str]:
        """By the name that a route has for each."""
        of_project = ("agent", "team", "environment", "calendar", "policy")
        named = {f"{noun}_id": f"{self.project}-{noun}" for noun in of_project}
        return {**named, "job_id": self.job_id, "token_id": self.token_id, "name": "TOKEN"}

    async def json(self, method: str, path: str, body: Json = None) -> Json:
        answer = await self.http.request(method, f"/api/v1{path}", json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def furnish(self) -> None:
        name = self.project
        days = ["2026-12-25 Christmas"]
        bodies: dict[str, Json] = {
            "calendars": {"id": f"{name}-calendar", "dates": days},
            "environments": {"id": f"{name}-environment", "calendars": [f"{name}-calendar"]},
            "agents": {
                "id": f"{name}-agent",
                "runner": {"kind": "noop"},
                "environment": f"{name}-environment",
            },
            "teams": {"id": f"{name}-team", "members": [f"{name}-agent"]},
            "policies": {"id": f"{name}-policy", "engine": RULES},
        }
        for noun, body in bodies.items():
            made = await self.json("POST", f"/{noun}", {"name": f"Of {name}", **body})
            assert made["project"] == name
        await self.json("PUT", f"/environments/{name}-environment/secrets/TOKEN", {"value": "hush-hush"})
        job = {"name": f"Of {name}", "prompt": "Go", "agent_id": f"{name}-agent", "webhook_path": f"/{name}"}
        made = await self.json("POST", "/jobs", {**job, "schedule": "0 9 * * *"})
        assert (made["project"], made["environment"]) == (name, f"{name}-environment")
        self.job_id = made["id"]


@asynccontextmanager
async def person(running: Running, project: str, role: Role = Role.ADMIN) -> AsyncIterator[Person]:
    grant = {"name": f"of {project}", "role": role.value, "projects": [project]}
    token = await running.json("POST", "/tokens", grant)
    headers = {"Authorization": f"Bearer {token['token']}"}
    base = f"http://127.0.0.1:{running.port}"
    async with httpx.AsyncClient(base_url=base, headers=headers, trust_env=False, timeout=10) as http:
        yield Person(project, http, token["id"])


@pytest.fixture
async def people(running: Running) -> AsyncIterator[tuple[Person, Person]]:
    async with person(running, "payments") as one, person(running, "shop") as other:
        await one.furnish()
        await other.furnish()
        yield one, other


FOREIGN = sorted(
    route
    for route in ACCESS
    if re.search(r"\{(job|agent|team|environment|calendar|policy|token)_id\}", route)
    and not route.startswith("PUT ")
)
"""All that names one thing of a project. A PUT makes what is not there, and has a test of its own."""

BODIES: dict[str, Json] = {
    "PATCH": {"name": "Mine"},
    "POST /api/v1/jobs/{job_id}/backfill": {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"},
}


async def test_what_is_anothers_is_as_if_it_were_not_there(people: tuple[Person, Person]) -> None:
    """Every route that names one thing answers alike, whether it is another project's or nobody's."""
    nobody = {"job_id": "nobody-000000", "name": "NOTHING"}
    for caller, owner in (people, people[::-1]):
        for route in FOREIGN:
            method, template = route.split()
            body = BODIES.get(route, BODIES.get(method, {}))
            said = []
            for names in (owner.ids, dict.fromkeys(owner.ids, "nobody") | nobody):
                path = template.format(**names)
                answer = await caller.http.request(method, path, json=None if method == "GET" else body)
                told = answer.text
                for name in sorted((n for n in names.values() if n), key=len, reverse=True):
                    told = told.replace(name, "it")
                said.append((answer.status_code, told))
            foreign, of_nothing = said
            assert foreign == of_nothing, route
            assert foreign[0] == 404, (route, foreign)
        # And all of it is there still, as it was.
        for noun in NOUNS:
            assert [one["name"] for one in await owner.json("GET", f"/{noun}?name=Of")] == [
                f"Of {owner.project}"
            ]


@pytest.mark.parametrize("noun", [*NOUNS, "projects", "tokens"])
async def test_lists_have_ones_own(people: tuple[Person, Person], running: Running, noun: str) -> None:
    for caller, other in (people, people[::-1]):
        for query in ("", f"?project={other.project}", f"?project={caller.project}", "?limit=1"):
            answer = await caller.http.get(f"/api/v1/{noun}{query}")
            assert answer.status_code == 200, answer.text
            assert other.project not in answer.text
            if noun in NOUNS:
                own = {one["project"] for one in answer.json()}
                assert own == (set() if query == f"?project={other.project}" else {caller.project})
        lines = await caller.http.get(f"/api/v1/{noun}", headers={"Accept": "application/x-ndjson"})
        assert other.project not in lines.text
    everything = (await running.http.get(f"/api/v1/{noun}")).text
    assert "payments" in everything
    assert "shop" in everything


REFERRING: list[tuple[str, Json, str]] = [
    ("agents", {"runner": {"kind": "noop"}, "environment": "{}-environment"}, "environment"),
    ("teams", {"members": ["{}-agent"]}, "members.0"),
    ("environments", {"calendars": ["{}-calendar"]}, "calendars"),
    ("policies", {"engine": RULES, "attach": [{"kind": "job", "id": "{job}"}]}, "attach.0.id"),
    ("policies", {"engine": RULES, "attach": [{"kind": "agent", "id": "{}-agent"}]}, "attach.0.id"),
    ("jobs", {"prompt": "Go", "agent_id": "{}-agent"}, "agent_id"),
    ("jobs", {"prompt": "Go", "team_id": "{}-team"}, "team_id"),
    ("jobs", {"prompt": "Go", "smart": True, "fallback_agent_id": "{}-agent"}, "fallback_agent_id"),
    ("jobs", {"prompt": "Go", "smart": True, "environment": "{}-environment"}, "environment"),
    ("jobs", {"prompt": "Go", "smart": True, "calendars": ["{}-calendar"]}, "calendars"),
    (
        "jobs",
        {"prompt_template": "Go", "planning_mode": "predefined_team", "entity_id": "{}-team"},
        "entity_id",
    ),
]


def filled(value: Json, owner: Person) -> Json:
    match value:
        case str():
            return value.format(owner.project, job=owner.job_id)
        case list():
            return [filled(one, owner) for one in value]
        case dict():
            return {name: filled(one, owner) for name, one in value.items()}
    return value


@pytest.mark.parametrize(("noun", "body", "field"), REFERRING)
async def test_nobody_refers_to_anothers(
    people: tuple[Person, Person], running: Running, noun: str, body: Json, field: str
) -> None:
    """Not even who reaches both projects."""
    for caller, owner in (people, people[::-1]):
        given = {"name": "Referring", **filled(body, owner)}
        for http, project in ((caller.http, {}), (running.http, {"project": caller.project})):
            answer = await http.post(f"/api/v1/{noun}", json={**given, **project})
            assert answer.status_code == 422, answer.text
            (wrong,) = answer.json()["errors"]
            assert wrong["field"] == field
            assert "which does not exist" in wrong["problem"]
            assert (
                "did you mean" not in wrong["problem"] or f"did you mean '{owner.project}" not in answer.text
            )
        assert (
            await caller.http.post(
                f"/api/v1/{noun}", json={"name": f"Own {caller.project}", **filled(body, caller)}
            )
        ).is_success


@pytest.mark.parametrize(
    ("noun", "body"),
    [
        ("agents", {"runner": {"kind": "noop"}}),
        ("teams", {"members": ["payments-agent"]}),
        ("environments", {}),
        ("calendars", {"dates": ["2026-12-25"]}),
        ("policies", {"engine": RULES}),
        ("jobs", {"prompt": "Go", "agent_id": "payments-agent"}),
    ],
)
async def test_a_taken_id_is_taken_and_no_more(people: tuple[Person, Person], noun: str, body: Json) -> None:
    one, other = people
    taken = other.job_id if noun == "jobs" else f"shop-{noun[:-1].replace('policie', 'policy')}"
    put = await one.http.put(f"/api/v1/{noun}/{taken}", json={"name": "Mine", **body})
    answers = [put]
    if noun != "jobs":
        answers.append(await one.http.post(f"/api/v1/{noun}", json={"id": taken, "name": "Mine", **body}))
    for answer in answers:
        assert answer.status_code == 409, answer.text
        assert answer.json()["detail"] == f"The id {taken!r} is taken."
    assert (await other.json("GET", f"/{noun}/{taken}"))["name"] == "Of shop"


async def test_the_project_of_a_thing(people: tuple[Person, Person], running: Running) -> None:
    one, _ = people
    agent = {"name": "Second", "runner": {"kind": "noop"}}
    for project, status in (("payments", 201), ("shop", 422), ("default", 422), ("nobody", 422)):
        answer = await one.http.post(
            "/api/v1/agents", json={**agent, "id": f"of-{project}", "project": project}
        )
        assert answer.status_code == status, answer.text
        if status == 422:
            assert answer.json()["errors"] == [
                {"field": "project", "problem": f"names the project {project!r}, which does not exist"}
            ]
    made = await running.json("POST", "/agents", {**agent, "id": "of-all"})
    assert (made["project"], made["environment"]) == ("default", "default")
    for http, name in ((one.http, "agents/payments-agent"), (one.http, f"jobs/{one.job_id}")):
        same = await http.patch(f"/api/v1/{name}", json={"project": "payments"})
        assert (same.status_code, same.json()["project"]) == (200, "payments")
        other = await http.patch(f"/api/v1/{name}", json={"project": "shop"})
        assert other.status_code == 422
        assert [error["field"] for error in other.json()["errors"]] == ["project"]


async def test_the_environment_of_a_projects_own_name(
    people: tuple[Person, Person], running: Running
) -> None:
    one, other = people
    assert (await one.json("GET", "/environments/payments"))["project"] == "payments"
    assert (await other.http.get("/api/v1/environments/payments")).status_code == 404
    assert (await one.http.get("/api/v1/environments/default")).status_code == 404
    changed = await one.json("PATCH", "/environments/payments", {"queue": "inside"})
    assert (changed["project"], changed["queue"]) == ("payments", "inside")
    made = await one.json("POST", "/jobs", {"name": "Smart", "prompt": "Go", "smart": True})
    assert (made["environment"], made["environment_inherited"]) == ("payments", True)
    assert (await one.http.delete("/api/v1/environments/payments")).status_code == 409
    await running.json("GET", "/environments/default")


async def test_whoever_sets_a_secret_sets_it_in_a_project(people: tuple[Person, Person]) -> None:
    one, other = people
    await one.json("PUT", "/environments/payments/secrets/KEY", {"value": "hush-hush"})
    path = "/api/v1/environments/payments/secrets"
    assert (await other.http.get(path)).status_code == 404
    assert (await other.http.put(f"{path}/KEY", json={"value": "mine-mine"})).status_code == 404
    assert (await other.http.delete(f"{path}/KEY")).status_code == 404
    assert [one["name"] for one in await one.json("GET", "/environments/payments/secrets")] == ["KEY"]


async def test_secrets_of_a_project_of_which_nothing_else_is_left(running: Running) -> None:
    """Whoever makes an environment of that name would have them."""
    async with person(running, "payments") as one, person(running, "shop") as other:
        await one.json("PUT", "/environments/payments/secrets/KEY", {"value": "hush-hush"})
        await running.json("DELETE", f"/tokens/{one.token_id}")
        for method, path in (("POST", "environments"), ("PUT", "environments/payments")):
            body = {"id": "payments", "name": "Mine"}
            taken = await other.http.request(method, f"/api/v1/{path}", json=body)
            assert (taken.status_code, taken.json()["detail"]) == (409, "The id 'payments' is taken.")
        assert (await other.http.get("/api/v1/environments/payments/secrets")).status_code == 404
    async with person(running, "payments") as back:
        assert [one["name"] for one in await back.json("GET", "/environments/payments/secrets")] == ["KEY"]


async def test_the_id_of_a_job_stays_in_its_project(
    people: tuple[Person, Person], running: Running, bus: Client, nats_server: Server, bearer: str
) -> None:
    """What was known by it is found by it: whoever came to have it would see, and end, what another's job did."""
    one, other = people
    await happenings.happen(bus, happenings.started(1, job_id=one.job_id))
    await one.json("DELETE", f"/jobs/{one.job_id}?purge=true")
    body = {"name": "Mine", "prompt": "Go", "agent_id": "shop-agent"}
    async with gateway(nats_server.url, bearer) as anew:
        for port in (running.port, anew.port):
            base = f"http://127.0.0.1:{port}/api/v1"
            taken = await other.http.put(f"{base}/jobs/{one.job_id}", json=body)
            assert (taken.status_code, taken.json()["detail"]) == (409, f"The id {one.job_id!r} is taken.")
            items = {"jobs": [{"op": "create", "job_id": one.job_id, "job": body}]}
            said = (await other.http.post(f"{base}/jobs:batch", json=items)).json()["results"]
            assert [item["status"] for item in said] == [409]
    async with scripted_history(bus):
        run = f"/api/v1/executions/{happenings.execution(1, one.job_id)}"
        for method, path in (("GET", run), ("GET", f"{run}/stream"), ("POST", f"{run}/cancel")):
            answer = await other.http.request(method, path)
            assert answer.status_code == 404, (method, path)
    # Who had it may have it again.
    await one.json("PUT", f"/jobs/{one.job_id}", {**body, "agent_id": "payments-agent"})


async def test_paths_of_webhooks_are_of_all(people: tuple[Person, Person]) -> None:
    one, other = people
    body = {"name": "Mine", "prompt": "Go", "agent_id": "payments-agent", "webhook_path": "/shop"}
    answer = await one.http.post("/api/v1/jobs", json=body)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (409, "webhook-path-taken")
    assert other.job_id not in answer.text
    # Under a token it is found by who reaches its job, and by nobody else.
    found, missed = [await who.http.post("/api/v1/jobs/webhook/shop", json={}) for who in (other, one)]
    assert (found.status_code, missed.status_code) == (202, 404)


async def test_policies_speak_of_ones_own(people: tuple[Person, Person], running: Running) -> None:
    one, other = people
    await running.json(
        "POST",
        "/policies",
        {"id": "house-rule", "name": "All", "engine": RULES, "attach": [{"kind": "everything"}]},
    )
    said = await one.json("POST", "/policies/test", {"input": {"job_id": one.job_id}})
    assert said["input"]["job"]["project"] == "payments"
    assert sorted(said["asked"]) == ["house-rule", "payments-policy"]
    assert (await one.http.get("/api/v1/policies/house-rule")).status_code == 404
    asked = await one.http.post("/api/v1/policies/test", json={"input": {"job_id": other.job_id}})
    assert [error["field"] for error in asked.json()["errors"]] == ["input.job_id"]
    mine = {"name": "Mine", "engine": RULES, "attach": [{"kind": "everything"}]}
    assert (await one.http.post("/api/v1/policies", json=mine)).status_code == 422
    warned = (await one.json("GET", f"/jobs/{one.job_id}"))["warnings"]
    assert any("nothing at night" in sentence for sentence in warned)


async def test_a_policy_is_tried_with_the_secrets_of_its_own(people: tuple[Person, Person]) -> None:
    """Or its server, which anybody may name, would be sent another project's."""
    one, _ = people
    engine = {"kind": "opa", "url": "http://127.0.0.1:9/v1/data/x", "token": "KEY"}
    body = {"policy": {"engine": engine, "project": "shop"}, "input": {"job_id": one.job_id}}
    answer = await one.http.post("/api/v1/policies/test", json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["policy.project"]


async def test_a_smart_job_is_given_to_its_own(people: tuple[Person, Person], running: Running) -> None:
    one, _ = people
    choice = await one.json("POST", "/smart/explain", {"prompt": "Anything"})
    assert [candidate["agent_id"] for candidate in choice["candidates"]] == ["payments-agent"]
    chosen = await running.json("POST", "/smart/explain", {"prompt": "Anything", "project": "shop"})
    assert [candidate["agent_id"] for candidate in chosen["candidates"]] == ["shop-agent"]
    for wrong in (
        {"project": "shop"},
        {"environment": "shop-environment"},
        {"fallback_agent_id": "shop-agent"},
    ):
        answer = await one.http.post("/api/v1/smart/explain", json={"prompt": "Anything", **wrong})
        assert [error["field"] for error in answer.json()["errors"]] == list(wrong)


async def test_previews_and_simulations_know_ones_own(people: tuple[Person, Person]) -> None:
    one, other = people
    preview = {"schedule": "0 9 * * *", "calendars": ["shop-calendar"]}
    answer = await one.http.post("/api/v1/schedules/preview", json=preview)
    assert [error["field"] for error in answer.json()["errors"]] == ["calendars"]
    span = {"from": "2026-12-01T00:00:00Z", "to": "2026-12-08T00:00:00Z"}
    assert (await one.json("POST", "/simulations", span))["jobs"] == 1
    other_jobs = {**span, "job_ids": [other.job_id]}
    assert (await one.http.post("/api/v1/simulations", json=other_jobs)).status_code == 404


async def test_workers_are_of_the_installation(people: tuple[Person, Person]) -> None:
    one, _ = people
    assert await one.json("GET", "/workers") == []
    queues = [queue["queue"] for queue in await one.json("GET", "/queues")]
    assert queues == ["default"]
    for turn in ("drain", "undrain"):
        assert (await one.http.post(f"/api/v1/workers/somebody/{turn}")).status_code == 403


async def test_projects_are_counted(people: tuple[Person, Person], running: Running) -> None:
    one, _ = people
    counts: dict[str, Any] = {
        "jobs": 1,
        "agents": 1,
        "teams": 1,
        "environments": 2,
        "policies": 1,
        "calendars": 1,
    }
    assert await one.json("GET", "/projects") == [{"id": "payments", **counts}]
    none = dict.fromkeys(counts, 0) | {"environments": 1}
    assert await running.json("GET", "/projects") == [
        {"id": "default", **none},
        {"id": "payments", **counts},
        {"id": "shop", **counts},
    ]


async def test_the_project_is_asked_for_where_there_are_several(running: Running) -> None:
    grant = {"name": "both", "role": "admin", "projects": ["payments", "shop"]}
    token = (await running.json("POST", "/tokens", grant))["token"]
    headers = {"Authorization": f"Bearer {token}"}
    agent = {"name": "Mine", "runner": {"kind": "noop"}}
    answer = await running.http.post("/api/v1/agents", json=agent, headers=headers)
    assert answer.json()["errors"] == [
        {"field": "project", "problem": "is missing: name one of payments, shop"}
    ]
    named = await running.http.post("/api/v1/agents", json={**agent, "project": "shop"}, headers=headers)
    assert named.json()["environment"] == "shop"


PAST = ["executions", "occurrences", "deliveries", "approvals", "backfills", "smart/replay"]


@pytest.mark.parametrize("noun", PAST)
async def test_of_the_past_no_more_is_asked(running: Running, bus: Client, noun: str) -> None:
    """History leaves out what is of other projects: it is told which ones count."""
    async with scripted_history(bus) as history, person(running, "payments") as one:
        for http, query, projects in (
            (one.http, "", ["payments"]),
            (one.http, "?project=payments", ["payments"]),
            (one.http, "?project=shop", []),
            (running.http, "", None),
            (running.http, "?project=shop", ["shop"]),
        ):
            answer = await http.get(f"/api/v1/{noun}{query}")
            assert answer.status_code == 200, answer.text
            assert history.asked[-1][1]["projects"] == projects
