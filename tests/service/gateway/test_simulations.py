"""A simulation through the API: the whole catalog on a virtual clock, in a process of its own."""

from contextlib import AsyncExitStack
from typing import Any

import pytest

from lamplighter_gateway.routes.simulations import PLACES
from tests.service.gateway.running import Running

DAY = {"from": "2027-03-01T00:00:00Z", "to": "2027-03-02T00:00:00Z"}


async def test_a_day_of_the_catalog_shows_load_and_what_meets(running: Running) -> None:
    await running.agent()
    hourly = (await running.job(name="Hourly", schedule="0 * * * *"))["id"]
    daily = (await running.job(name="Daily", schedule="0 9 * * *"))["id"]
    await running.job(name="By hand")

    told = await running.json("POST", "/simulations", DAY)

    assert (told["jobs"], told["occurrences"], told["fired"], told["skipped"]) == (2, 25, 25, {})
    assert (told["from"], told["to"]) == (DAY["from"], DAY["to"])
    [busiest] = told["busiest_minutes"]
    assert (busiest["at"], busiest["count"]) == ("2027-03-01T09:00:00Z", 2)
    assert sorted(busiest["job_ids"]) == sorted([hourly, daily])
    assert told["running_peak"] == {"at": "2027-03-01T09:00:00Z", "count": 2}
    assert sum(count for _, count in told["load"]["buckets"]) == 25
    assert told["per_job"][0] == {
        "job_id": hourly,
        "name": "Hourly",
        "occurrences": 24,
        "fired": 24,
        "skipped": {},
        "assumed_seconds": 60.0,
    }


async def test_chosen_jobs_with_what_is_left_out_and_what_overlaps(running: Running) -> None:
    await running.agent()
    await running.job(name="Other", schedule="* * * * *")
    crowded = (await running.job(name="Crowded", schedule="@every 30s"))["id"]
    left_out = (await running.job(name="Left out", schedule="0 * * * *", blackouts=["daily 00:00-06:00"]))[
        "id"
    ]

    told = await running.json("POST", "/simulations", {**DAY, "job_ids": [crowded, left_out]})

    assert told["skipped"] == {"overlap": 1440, "blackout": 6}
    [overlap] = told["overlaps"]
    assert (overlap["job_id"], overlap["count"]) == (crowded, 1440)
    assert told["removed"] == [{"job_id": left_out, "name": "Left out", "reason": "blackout", "count": 6}]


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({}, "from", "missing"),
        ({**DAY, "to": DAY["from"]}, "to", "after 'from'"),
        ({**DAY, "to": "2029-03-02T00:00:00Z"}, "to", "366 days"),
        ({**DAY, "from": "yesterday"}, "from", "valid datetime"),
        ({**DAY, "job": "x"}, "job", "known are"),
    ],
)
async def test_what_cannot_be_simulated_is_said(running: Running, body: Any, field: str, says: str) -> None:
    refused = await running.http.post("/api/v1/simulations", json=body)
    assert refused.status_code == 422
    assert any(e["field"] == field and says in e["problem"] for e in refused.json()["errors"]), refused.text


async def test_too_many_occurrences_are_refused_in_time(running: Running) -> None:
    await running.agent()
    await running.job(name="Each second", schedule="* * * * * *", seconds=True)
    refused = await running.http.post(
        "/api/v1/simulations", json={"from": "2027-01-01T00:00:00Z", "to": "2027-12-31T00:00:00Z"}
    )
    assert refused.status_code == 422
    assert "shorter" in refused.text


async def test_where_many_wait_the_next_is_told_to_come_again(running: Running) -> None:
    async with AsyncExitStack() as taken:
        while not PLACES.locked():
            await taken.enter_async_context(PLACES)
        refused = await running.http.post("/api/v1/simulations", json=DAY)
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert (await running.json("POST", "/simulations", DAY))["jobs"] == 0
