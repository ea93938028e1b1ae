"""Backfills and catch-ups over HTTP: planned, ordered on the bus once, found, cancelled."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from nats.aio.client import Client

from lamplighter_contracts import streams, subjects
from lamplighter_contracts.events import (
    BackfillCancelled,
    BackfillRequested,
    Outcome,
    SkipReason,
    TriggerKind,
)
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.gates import Backfill, Gate
from lamplighter_contracts.queries import BackfillRecord, OccurrenceRecord
from lamplighter_planning.backfills import MOST_BACKFILLS
from lamplighter_runtime.latest import messages_since
from tests.service.gateway.running import Running, last_sequence
from tests.service.gateway.scripted_history import ScriptedHistory, scripted_history
from tests.service.gateway.test_firings import keep, record
from tests.support.waiting import until

JUNE = {"from": "2025-06-02T00:00:00Z", "to": "2025-06-04T09:00:00Z"}
JOBS = "/api/v1/jobs"


@pytest.fixture
async def history(bus: Client) -> AsyncIterator[ScriptedHistory]:
    async with scripted_history(bus) as history:
        yield history


@pytest.fixture
async def job_id(running: Running) -> str:
    await running.agent()
    return str((await running.job(schedule="0 9 * * *", exclude_dates=["2025-06-03"]))["id"])


async def ordered(bus: Client, job_id: str) -> list[dict[str, Any]]:
    pattern = subjects.any_backfill(job_id)
    found = await messages_since(
        bus, streams.JOBS.name, pattern, datetime(2020, 1, 1, tzinfo=UTC), 100, 1 << 20
    )
    return [
        (BackfillRequested if b'"requested"' in one.body else BackfillCancelled)
        .model_validate_json(one.body)
        .model_dump(mode="json")
        for one in found
    ]


async def test_a_dry_run_orders_nothing(running: Running, bus: Client, job_id: str) -> None:
    answer = await running.http.post(f"{JOBS}/{job_id}/backfill", json={**JUNE, "dry_run": True})

    assert answer.status_code == 200
    planned = answer.json()
    removed = {"reason": "excluded_date", "detail": "2025-06-03 is an excluded date"}
    assert planned == {
        "job_id": job_id,
        **JUNE,
        "total": 2,
        "max_parallel": 1,
        "firings": [
            {"at": "2025-06-02T09:00:00Z", "local": "2025-06-02T09:00:00+00:00", "removed": None},
            {"at": "2025-06-03T09:00:00Z", "local": "2025-06-03T09:00:00+00:00", "removed": removed},
            {"at": "2025-06-04T09:00:00Z", "local": "2025-06-04T09:00:00+00:00", "removed": None},
        ],
    }
    assert await last_sequence(bus, streams.JOBS) == 0


async def test_a_backfill_is_ordered_on_the_bus(
    running: Running, bus: Client, job_id: str, history: ScriptedHistory
) -> None:
    answer = await running.http.post(f"{JOBS}/{job_id}/backfill", json={**JUNE, "max_parallel": 3})

    assert answer.status_code == 202, answer.text
    started = answer.json()
    backfill_id = started["backfill_id"]
    assert (started["total"], started["max_parallel"], started["from"], started["to"]) == (
        2,
        3,
        *JUNE.values(),
    )
    assert len(started["firings"]) == 3
    (order,) = await ordered(bus, job_id)
    assert {name: order[name] for name in ("backfill_id", "job_id", "until_at", "total", "max_parallel")} == {
        "backfill_id": backfill_id,
        "job_id": job_id,
        "until_at": JUNE["to"],
        "total": 2,
        "max_parallel": 3,
    }
    assert order["after_at"] == "2025-06-01T23:59:59.999Z", "exclusive: the beginning itself is part of it"
    assert (order["requested_by"], order["instants"]) == ("test admin", [])

    # History has not heard of it.
    found = await running.json("GET", f"/backfills/{backfill_id}")
    assert {**found, "requested_at": ""} == {
        "id": backfill_id,
        "backfill_id": backfill_id,
        "job_id": job_id,
        "project": "default",
        "phase": "started",
        **JUNE,
        "fired": 0,
        "max_parallel": 3,
        "requested_at": "",
        "requested_by": "test admin",
        "ended_at": None,
        "executions": {},
    }
    assert await running.json("GET", "/backfills") == [found]
    assert await running.json("GET", f"/backfills?job_id={job_id}") == [found]
    assert await running.json("GET", "/backfills?job_id=another") == []


async def test_the_same_key_is_the_same_backfill(running: Running, bus: Client, job_id: str) -> None:
    async def start(key: str, **body: Any) -> Any:
        return await running.json(
            "POST", f"/jobs/{job_id}/backfill", {**JUNE, **body}, **{"Idempotency-Key": key}
        )

    first, again = await asyncio.gather(start("k"), start("k"))
    other = await start("l", to="2025-06-02T09:00:00Z")
    changed = await running.http.post(
        f"{JOBS}/{job_id}/backfill", json={**JUNE, "max_parallel": 9}, headers={"Idempotency-Key": "k"}
    )

    assert first == again
    assert other["backfill_id"] != first["backfill_id"]
    assert (changed.status_code, changed.json()["type"].rpartition("/")[2]) == (422, "idempotency-key-reused")
    assert len(await ordered(bus, job_id)) == 2


async def test_one_instant_is_a_range(running: Running, job_id: str) -> None:
    nine = "2025-06-02T09:00:00Z"
    made = await running.json("POST", f"/jobs/{job_id}/backfill", {"from": nine, "to": nine})
    assert (made["total"], made["from"], made["to"]) == (1, nine, nine)


async def test_history_knows_better(running: Running, job_id: str, history: ScriptedHistory) -> None:
    at = datetime(2025, 6, 2, tzinfo=UTC)
    history.backfills = [
        BackfillRecord.model_validate(
            {
                "backfill_id": "bf-1",
                "job_id": job_id,
                "phase": "completed",
                "after_at": at - timedelta(milliseconds=1),
                "until_at": at + timedelta(days=1),
                "fired": 5,
                "max_parallel": 2,
                "requested_at": at,
                "ended_at": at,
                "executions": {"completed": 4, "failed": 1},
            }
        )
    ]
    found = await running.json("GET", "/backfills/bf-1")
    assert (found["phase"], found["from"], found["executions"]) == (
        "completed",
        rfc3339(at),
        {"completed": 4, "failed": 1},
    )
    over = await running.http.post("/api/v1/backfills/bf-1/cancel")
    assert over.status_code == 409
    assert "completed" in over.json()["detail"]


async def test_a_backfill_can_be_cancelled(
    running: Running, bus: Client, job_id: str, history: ScriptedHistory
) -> None:
    backfill_id = (await running.json("POST", f"/jobs/{job_id}/backfill", JUNE))["backfill_id"]

    answer = await running.http.post(f"/api/v1/backfills/{backfill_id}/cancel")

    assert (answer.status_code, answer.json()["backfill_id"]) == (202, backfill_id)
    assert [order["kind"] for order in await ordered(bus, job_id)] == ["requested", "cancelled"]
    assert (await running.json("GET", f"/backfills/{backfill_id}"))["phase"] == "cancelled"
    assert (await running.http.post(f"/api/v1/backfills/{backfill_id}/cancel")).status_code == 409
    for name in ("bf-none", "BF", "a.b", "*", "%3E", "x" * 65):
        for method, path in (("GET", name), ("POST", f"{name}/cancel")):
            found = await running.http.request(method, f"/api/v1/backfills/{path}")
            assert found.status_code == 404, (method, path, found.text)
    assert await running.json("GET", "/backfills?job_id=*") == []


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"from": None}, "from", "missing"),
        ({"to": "2999-01-01T00:00:00Z"}, "to", "later than now"),
        ({"from": "2025-06-05T00:00:00Z"}, "from", "later than 'to'"),
        ({"from": "2025-06-02T00:00:00"}, "from", "offset"),
        ({"from": "0001-01-01T00:00:00Z"}, "from", "1970"),
        ({"from": "1990-01-01T00:00:00Z"}, "to", "more than 10,000 occurrences"),
        ({"to": "2025-06-02T08:00:00Z"}, "from", "nothing that is due"),
        ({"from": "2025-06-03T00:00:00Z", "to": "2025-06-03T23:00:00Z"}, "from", "is an excluded date"),
        ({"max_parallel": 0}, "max_parallel", "greater than or equal to 1"),
        ({"max_parallel": 51}, "max_parallel", "less than or equal to 50"),
        ({"dry_run": "yes"}, "dry_run", "boolean"),
        ({"until": "2025-06-03T23:00:00Z"}, "until", "known are from, to, max_parallel, dry_run"),
    ],
)
async def test_a_wrong_range_is_refused(
    running: Running, bus: Client, job_id: str, change: dict[str, Any], field: str, words: str
) -> None:
    body = {name: value for name, value in {**JUNE, **change}.items() if value is not None}
    answer = await running.http.post(f"{JOBS}/{job_id}/backfill", json=body)
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert words in answer.json()["errors"][0]["problem"]
    assert await last_sequence(bus, streams.JOBS) == 0


async def test_where_no_backfill_can_begin(running: Running, bus: Client, job_id: str) -> None:
    unscheduled = (await running.job())["id"]
    at = datetime(2025, 6, 2, tzinfo=UTC)
    under_way = Backfill.model_validate(
        dict.fromkeys(("after_at", "until_at", "cursor", "requested_at"), at)
        | {"backfill_id": "b", "schedules": (), "timezone": "UTC", "max_parallel": 1}
    )
    await keep(bus, Gate(job_id=job_id, backfills=(under_way,) * MOST_BACKFILLS))

    for name, words in ((unscheduled, "no schedule"), (job_id, f"{MOST_BACKFILLS} backfills")):
        answer = await running.http.post(f"{JOBS}/{name}/backfill", json=JUNE)
        assert answer.status_code == 409, answer.text
        assert words in answer.json()["detail"]
    assert (await running.http.post(f"{JOBS}/never/backfill", json=JUNE)).status_code == 404


NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def missed(job_id: str, at: datetime, **fields: Any) -> OccurrenceRecord:
    return record(job_id, at, Outcome.MISSED, reason=SkipReason.MISSED, **fields)


def hours_ago(count: float) -> datetime:
    return NOW - timedelta(hours=count)


async def hourly(running: Running, bus: Client, **fields: Any) -> tuple[str, Gate]:
    """A job that has been there for long, as far as its gate and its schedule say."""
    await running.agent()
    job = await running.job(schedule="0 * * * *", **fields)
    return job["id"], Gate(job_id=job["id"], cursor=NOW)


async def test_what_a_catch_up_would_run(running: Running, bus: Client, history: ScriptedHistory) -> None:
    job_id, gate = await hourly(running, bus)
    await keep(bus, gate)
    history.occurrences = [missed(job_id, hours_ago(count)) for count in (2, 3, 5, 30)]
    history.occurrences.append(record(job_id, hours_ago(4)))

    plan = await running.json("GET", f"/jobs/{job_id}/catchup")
    longer = await running.json("GET", f"/jobs/{job_id}/catchup?within_seconds=200000&limit=2")

    assert (plan["job_id"], plan["policy"]) == (job_id, "last")
    assert plan["overdue"] == {
        "fire": [],
        "missed": 0,
        "sentence": "Nothing is due that has not been decided.",
    }
    assert [one["at"] for one in plan["recorded"]["fire"]] == [rfc3339(hours_ago(n)) for n in (5, 3, 2)]
    assert plan["recorded"]["count"] == 3
    assert plan["recorded"]["sentence"] == "3 are recorded as missed in the last 24 h and would run now."
    assert [one["at"] for one in longer["recorded"]["fire"]] == [rfc3339(hours_ago(n)) for n in (3, 2)]
    assert longer["recorded"]["sentence"] == (
        "4 are recorded as missed in the last 2 days; the latest 2 would run now."
    )


async def test_a_catch_up_is_one_backfill(running: Running, bus: Client, history: ScriptedHistory) -> None:
    job_id, gate = await hourly(running, bus)
    await keep(bus, gate)
    history.occurrences = [missed(job_id, hours_ago(count)) for count in (2, 3, 5)]

    first, again = await asyncio.gather(
        *(running.json("POST", f"/jobs/{job_id}/catchup", {"max_parallel": 2}) for _ in range(2))
    )

    assert first == again, "who asks twice at once gets one backfill"
    assert (first["total"], first["max_parallel"], first["job_id"]) == (3, 2, job_id)
    (order,) = await ordered(bus, job_id)
    assert order["instants"] == [rfc3339(hours_ago(count)) for count in (5, 3, 2)]
    assert (first["from"], first["to"]) == (order["instants"][0], order["instants"][-1])

    await running.json("POST", f"/backfills/{first['backfill_id']}/cancel")
    third = await running.json("POST", f"/jobs/{job_id}/catchup")
    assert third["backfill_id"] != first["backfill_id"], "one that was cancelled can be asked for anew"


async def test_what_has_run_since_does_not_run_again(
    running: Running, bus: Client, history: ScriptedHistory
) -> None:
    """A backfill fired it, or has it before it."""
    job_id, gate = await hourly(running, bus)
    pending = Backfill(
        backfill_id="bf-1",
        schedules=(),
        timezone="UTC",
        after_at=hours_ago(9),
        until_at=NOW,
        cursor=hours_ago(9),
        instants=(hours_ago(3),),
        max_parallel=1,
        requested_at=NOW,
    )
    await keep(bus, gate.model_copy(update={"backfills": (pending,)}))
    history.occurrences = [missed(job_id, hours_ago(count)) for count in (2, 3, 5)]
    ran = record(job_id, hours_ago(5))
    by_backfill = ran.firing.model_copy(update={"kind": TriggerKind.BACKFILL, "backfill_id": "bf-0"})
    history.occurrences.append(ran.model_copy(update={"firing": by_backfill}))

    plan = (await running.json("GET", f"/jobs/{job_id}/catchup"))["recorded"]

    assert ([one["at"] for one in plan["fire"]], plan["count"]) == ([rfc3339(hours_ago(2))], 1)
    history.occurrences = [one for one in history.occurrences if one.firing.nominal_at != hours_ago(2)]
    nothing = await running.http.post(f"{JOBS}/{job_id}/catchup")
    assert nothing.status_code == 409
    assert (
        nothing.json()["detail"] == "Nothing is recorded as missed in the last 24 h that has not run since."
    )


async def test_a_record_of_many_is_taken_apart(
    running: Running, bus: Client, history: ScriptedHistory
) -> None:
    """By the schedule, where it is still the one of then."""
    job_id, gate = await hourly(running, bus)
    await keep(bus, gate)
    history.occurrences = [missed(job_id, hours_ago(2), count=100, first_at=hours_ago(101))]
    of_another = (await running.json("GET", f"/jobs/{job_id}/catchup?limit=500"))["recorded"]
    assert ([one["at"] for one in of_another["fire"]], of_another["count"]) == ([rfc3339(hours_ago(2))], 1)


async def test_what_is_overdue(running: Running, bus: Client, history: ScriptedHistory) -> None:
    """A job that is due every second, and no scheduler: by its policy the last one fires."""
    await running.agent()
    job = await running.job(
        schedule="* * * * * *", seconds=True, missed="all", missed_limit=2, missed_every_seconds=5
    )
    began = datetime.fromisoformat(job["created_at"])

    async def plan_of_two() -> Any:
        plan = await running.json("GET", f"/jobs/{job['id']}/catchup")
        return plan if len(plan["overdue"]["fire"]) >= 2 else None

    plan = await until(plan_of_two, what="two that are overdue")
    as_of, fire = datetime.fromisoformat(plan["as_of"]), plan["overdue"]["fire"]

    assert plan["policy"] == "all"
    assert all(
        began < datetime.fromisoformat(one["at"]) <= as_of <= datetime.fromisoformat(one["starts_at"])
        for one in fire
    )
    assert plan["overdue"]["sentence"].startswith(f"{len(fire)} fire, the first on ")
    await running.json("POST", f"/jobs/{job['id']}/pause")
    paused = (await running.json("GET", f"/jobs/{job['id']}/catchup"))["overdue"]
    assert paused["fire"] == []
    assert "paused" in paused["sentence"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"limit": 501}, "limit"),
        ({"within_seconds": 0}, "within_seconds"),
        ({"max_parallel": 51}, "max_parallel"),
        ({"dry_run": True}, "dry_run"),
    ],
)
async def test_a_wrong_catch_up_is_refused(
    running: Running, job_id: str, body: dict[str, Any], field: str
) -> None:
    answer = await running.http.post(f"{JOBS}/{job_id}/catchup", json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
