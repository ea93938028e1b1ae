"""Environments through the API: `default` is always there, and jobs follow their environment's queue."""

import asyncio
from typing import Any

import pytest
from nats.aio.client import Client

from lamplighter_contracts import streams, subjects
from lamplighter_contracts.environments import Environment
from lamplighter_contracts.jobs import Job
from lamplighter_gateway.jobs import places
from lamplighter_runtime.latest import last_message
from tests.service.gateway.running import Running, gateway, last_sequence
from tests.support.servers import Server
from tests.support.waiting import until

LAB = {
    "id": "lab",
    "name": "Lab",
    "description": "behind the wall",
    "queue": "inside",
    "variables": {"A": "1"},
    "timezone": "Europe/Berlin",
    "exclude_dates": ["2026-12-24..2027-01-01"],
    "blackouts": ["fri 18:00 - mon 06:00"],
    "calendars": ["holidays"],
    "check": {"kind": "command", "command": ["true"], "every_seconds": 60, "timeout_seconds": 10},
    "tools": ["files.*"],
    "network": {
        "hosts": ["*.example.org"],
        "ranges": ["10.0.0.0/8", "fd00::/8", "192.168.1.1"],
        "internet": False,
    },
    "concurrent": 4,
}


async def stored_job(bus: Client, job_id: str) -> Job:
    last = await last_message(bus, streams.CATALOG.name, subjects.catalog("jobs", job_id))
    assert last is not None
    return Job.model_validate_json(last.body)


async def queues(bus: Client, jobs: list[str]) -> set[str]:
    return {(await stored_job(bus, job_id)).queue for job_id in jobs}


async def test_it_is_made_read_changed_and_deleted(running: Running, bus: Client) -> None:
    await running.json("POST", "/calendars", {"id": "holidays", "name": "Holidays", "dates": []})
    made = await running.http.post("/api/v1/environments", json=LAB)

    document = made.json()
    assert made.status_code == 201, made.text
    assert made.headers["etag"] == f'"{document["revision"]}"'
    assert {name: document[name] for name in LAB} == LAB
    last = await last_message(bus, streams.CATALOG.name, subjects.catalog("environments", "lab"))
    assert last is not None
    stored = Environment.model_validate_json(last.body)
    assert stored.exclusions.blackouts == ("fri 18:00 - mon 06:00",)
    assert await running.json("GET", "/environments/lab") == document
    sent_back = await running.json("PATCH", "/environments/lab", {**document, "name": "Laboratory"})
    assert {**sent_back, "name": "Lab"} | {"revision": 0, "updated_at": 0} == {
        **document,
        "revision": 0,
        "updated_at": 0,
    }
    opened = await running.json("PATCH", "/environments/lab", {"check": None, "tools": None, "network": None})
    assert (opened["check"], opened["tools"], opened["concurrent"]) == (None, None, 4)
    assert opened["network"] == {"hosts": None, "ranges": [], "internet": True}
    closed = await running.json("PATCH", "/environments/lab", {"tools": [], "network": {"hosts": []}})
    assert (closed["tools"], closed["network"]["hosts"]) == ([], []), "none is not all"
    changed = await running.json("PATCH", "/environments/lab", {"blackouts": None, "variables": {"B": "2"}})
    assert (changed["blackouts"], changed["variables"], changed["queue"]) == ([], {"B": "2"}, "inside")
    await running.json("DELETE", "/environments/lab")
    assert (await running.http.get("/api/v1/environments/lab")).status_code == 404


async def test_the_default_is_always_there(running: Running) -> None:
    path = "/environments/default"
    implied = await running.http.get(f"/api/v1{path}")
    assert (implied.status_code, implied.headers["etag"][:3]) == (200, '"0-')
    document = implied.json()
    assert (document["queue"], document["variables"], document["created_at"]) == ("default", {}, None)
    assert await running.json("GET", "/environments") == [document]

    again = await running.http.post("/api/v1/environments", json={"name": "Default"})
    gone = await running.http.delete(f"/api/v1{path}")
    changed = await running.json("PATCH", path, {"variables": {"A": "1"}}, **{"If-Match": '"0"'})
    stale = await running.http.patch(f"/api/v1{path}", json={}, headers={"If-Match": '"0"'})
    still = await running.http.delete(f"/api/v1{path}")

    assert (again.status_code, gone.status_code, stale.status_code, still.status_code) == (409, 409, 412, 409)
    assert "always there" in gone.json()["detail"]
    assert changed["created_at"] == changed["updated_at"] > "2026"
    assert [one["variables"] for one in await running.json("GET", "/environments")] == [{"A": "1"}]


WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("unknown zone", {"timezone": "Europe/Berln"}, "timezone", "did you mean 'Europe/Berlin'"),
    ("no such day", {"exclude_dates": ["2026-12-25", "2026-02-30"]}, "exclude_dates", "'2026-02-30'"),
    ("days that are none", {"exclude_dates": "christmas"}, "exclude_dates", "must be a list"),
    ("no window", {"blackouts": ["always"]}, "blackouts", "'always'"),
    ("unknown calendar", {"calendars": ["holidays"]}, "calendars", "does not exist"),
    ("odd calendar", {"calendars": ["A B"]}, "calendars", "small letters"),
    ("odd queue", {"queue": "A.B"}, "queue", "small letters"),
    ("odd variable", {"variables": {"1A": "x"}}, "variables.1A", "a variable's name"),
    ("a number", {"variables": {"A": 1}}, "variables.A", "string"),
    ("nested", {"exclusions": {}}, "exclusions", "is not known; known are"),
    ("mistaken name", {"blackout": []}, "blackout", "did you mean 'blackouts'?"),
    ("check of no kind", {"check": {"command": ["true"]}}, "check.kind", "is missing"),
    (
        "check of another kind",
        {"check": {"kind": "tcp"}},
        "check.kind",
        "is 'tcp'; allowed are 'command', 'url'",
    ),
    ("check without a command", {"check": {"kind": "command"}}, "check.command", "is missing"),
    ("check of no address", {"check": {"kind": "url", "url": "x"}}, "check.url", "such as 'https://"),
    (
        "check too often",
        {"check": {"kind": "url", "url": "http://x", "every_seconds": 1}},
        "check.every_seconds",
        "5",
    ),
    ("odd tool", {"tools": ["shell", "A B"]}, "tools.1", "a tool's name"),
    ("odd host", {"network": {"hosts": ["http://x"]}}, "network.hosts.0", "host's name"),
    ("no range", {"network": {"ranges": ["10.0.0.0/8", "10.0.0"]}}, "network.ranges.1", "no range, such as"),
    (
        "range with bits",
        {"network": {"ranges": ["10.1.2.3/8"]}},
        "network.ranges.0",
        "did you mean '10.0.0.0/8'?",
    ),
    ("range too narrow", {"network": {"ranges": ["10.0.0.0/33"]}}, "network.ranges.0", "no range"),
    ("mistaken rule", {"network": {"host": []}}, "network.host", "did you mean 'hosts'?"),
    ("nobody at all", {"concurrent": 0}, "concurrent", "greater than or equal to 1"),
    ("no name", {"name": None}, "name", "missing"),
]


@pytest.mark.parametrize(("change", "field", "words"), [c[1:] for c in WRONG], ids=[c[0] for c in WRONG])
async def test_a_wrong_environment_is_refused(
    running: Running, bus: Client, change: dict[str, Any], field: str, words: str
) -> None:
    await running.json("POST", "/environments", {"id": "kept", "name": "Kept"})
    before = await last_sequence(bus, streams.CATALOG)

    made = await running.http.post("/api/v1/environments", json={"name": "Lab", **change})
    changed = await running.http.patch("/api/v1/environments/kept", json=change)

    for answer in (made, changed):
        assert answer.status_code == 422, answer.text
        assert [error["field"] for error in answer.json()["errors"]] == [field]
        assert words in answer.json()["errors"][0]["problem"]
    assert await last_sequence(bus, streams.CATALOG) == before


async def test_what_is_used_stays(running: Running) -> None:
    await running.json("POST", "/environments", {"id": "lab", "name": "Lab"})
    agent = {"id": "inmate", "name": "Inmate", "runner": {"kind": "noop"}, "environment": "lab"}
    await running.json("POST", "/agents", agent)
    await running.agent()
    team = {"id": "crew", "name": "Crew", "members": ["idle"], "environment": "lab"}
    await running.json("POST", "/teams", team)
    job = await running.job(environment="lab")

    used = await running.http.delete("/api/v1/environments/lab")
    assert used.status_code == 409
    assert f"job '{job['id']}', agent 'inmate', team 'crew'" in used.json()["detail"]
    await running.json("DELETE", "/teams/crew")
    await running.json("DELETE", f"/jobs/{job['id']}")
    await running.json("DELETE", "/agents/inmate")
    await running.json("DELETE", "/environments/lab")
    gone = await running.http.post(f"/api/v1/jobs/{job['id']}/restore")
    assert (gone.status_code, gone.json()["errors"][0]["field"]) == (422, "environment")


async def test_jobs_follow_the_queue(running: Running, bus: Client) -> None:
    await running.agent()
    await running.json("POST", "/environments", {"id": "lab", "name": "Lab", "queue": "inside"})
    inside = [(await running.job(environment="lab"))["id"] for _ in range(3)]
    outside = (await running.job())["id"]
    before = await last_sequence(bus, streams.CATALOG)

    await running.json("PATCH", "/environments/lab", {"description": "nothing moves"})
    assert await last_sequence(bus, streams.CATALOG) == before + 1
    await running.json("PATCH", "/environments/lab", {"queue": "deeper"})
    assert await last_sequence(bus, streams.CATALOG) == before + 1 + 4, "one batch"

    assert await queues(bus, inside) == {"deeper"}
    assert await queues(bus, [outside]) == {"default"}
    await running.json("PATCH", "/environments/default", {"queue": "outer"})
    assert await queues(bus, [outside]) == {"outer"}


async def test_many_jobs_follow_batch_by_batch(
    running: Running, bus: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "MOST_AT_ONCE", 4)
    await running.agent()
    await running.json("POST", "/environments", {"id": "lab", "name": "Lab"})
    jobs = [(await running.job(environment="lab"))["id"] for _ in range(10)]

    await running.json("PATCH", "/environments/lab", {"queue": "inside"})

    assert await queues(bus, jobs) == {"inside"}


async def test_a_restored_job_is_on_the_queue_of_today(running: Running, bus: Client) -> None:
    await running.agent()
    await running.json("POST", "/environments", {"id": "lab", "name": "Lab", "queue": "inside"})
    job_id = (await running.job(environment="lab"))["id"]
    await running.json("DELETE", f"/jobs/{job_id}")
    await running.json("PATCH", "/environments/lab", {"queue": "deeper"})

    before = await last_sequence(bus, streams.CATALOG)
    await running.json("POST", f"/jobs/{job_id}/restore")

    assert await queues(bus, [job_id]) == {"deeper"}
    assert await last_sequence(bus, streams.CATALOG) == before + 1


async def test_jobs_saved_while_the_queue_changes_follow_too(
    running: Running, bus: Client, bearer: str, nats_server: Server
) -> None:
    """Whoever writes first, here or at another gateway: in the end no job waits on a queue that was given up."""
    await running.agent()
    await running.json("POST", "/environments", {"id": "lab", "name": "Lab", "queue": "queue-0"})
    async with gateway(nats_server.url, bearer) as other:

        async def knows() -> bool:
            return len(await other.json("GET", "/environments")) == 2

        await until(knows)
        jobs = [(await running.job(environment="lab"))["id"] for _ in range(3)]
        for turn in range(1, 11):
            change = running.json("PATCH", "/environments/lab", {"queue": f"queue-{turn}"})
            saves = [
                gate.http.patch(f"/api/v1/jobs/{job}", json={"description": f"{turn}"})
                for gate, job in zip((running, other, other), jobs[:3], strict=True)
            ]
            made = [gate.job(environment="lab") for gate in (running, other, other)]
            _, *answers = await asyncio.gather(change, *saves, *made)
            jobs = [*jobs[:3], *(answer["id"] for answer in answers[3:])]

            assert await queues(bus, jobs) == {f"queue-{turn}"}
