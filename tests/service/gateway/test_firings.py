"""When jobs fire next, and why they did or did not, over HTTP."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from nats.aio.client import Client

from lamplighter_contracts import streams, subjects
from lamplighter_contracts.events import Firing, Outcome, SkipReason, TriggerKind
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.gates import Gate, Running
from lamplighter_contracts.queries import ExecutionRecord, OccurrenceAnswer, OccurrenceRecord
from lamplighter_runtime.messages import Message
from lamplighter_runtime.publishing import publish
from tests.service.gateway.running import Running as Gateway
from tests.service.gateway.running import last_sequence
from tests.service.gateway.scripted_history import ScriptedHistory, scripted_history

NINE = datetime(2026, 3, 2, 14, tzinfo=UTC)
"""Nine o'clock in New York."""
DAILY = {"schedule": "0 9 * * *", "timezone": "America/New_York"}


@pytest.fixture
async def history(bus: Client) -> AsyncIterator[ScriptedHistory]:
    async with scripted_history(bus) as history:
        yield history


async def keep(bus: Client, gate: Gate) -> None:
    await publish(bus, Message(subjects.gate(gate.job_id), gate.model_dump_json().encode()))


def record(job_id: str, at: datetime, outcome: Outcome = Outcome.FIRED, **fields: Any) -> OccurrenceRecord:
    firing = Firing(kind=TriggerKind.SCHEDULE, key=rfc3339(at), nominal_at=at)
    return OccurrenceRecord.model_validate(
        {
            "job_id": job_id,
            "key": firing.key,
            "firing": firing,
            "decided_at": at,
            "outcome": outcome,
            "execution_id": "01900000-0000-7000-8000-000000000000",
            **fields,
        }
    )


async def test_what_is_next(running: Gateway, bus: Client) -> None:
    await running.agent()
    day = (datetime.now(UTC) + timedelta(days=3)).date()
    job = await running.job(**DAILY, exclude_dates=[str(day)], max_runs=5)
    job_id = job["id"]
    made = datetime.fromisoformat(job["created_at"])
    await keep(bus, Gate(job_id=job_id, runs=3, counted_from=made))

    answer = await running.json("GET", f"/jobs/{job_id}/next?n=4")
    shown = await running.json("GET", f"/jobs/{job_id}")
    listed = (await running.json("GET", "/jobs"))[0]

    fires = [firing for firing in answer["firings"] if firing["removed"] is None]
    assert (answer["job_id"], answer["timezone"], answer["paused"]) == (job_id, "America/New_York", None)
    assert answer["schedule_words"] == "At 09:00, New York time"
    assert len(fires) == 2, "of five it has fired three times"
    assert [firing["at"] for firing in fires] == shown["next_runs"]
    assert listed["next_run_at"] == shown["next_runs"][0]
    assert fires[0]["local"][10:16] == "T09:00"
    assert fires[0]["effective_at"] is None
    assert all(
        firing["removed"]["reason"] == "excluded_date" for firing in answer["firings"] if firing["removed"]
    )

    await running.json("POST", f"/jobs/{job_id}/pause", {"note": "moving"})
    paused = await running.json("GET", f"/jobs/{job_id}/next")
    assert paused["firings"] == []
    assert paused["paused"].startswith("The job was paused by test admin on ")
    assert paused["paused"].endswith(": moving.")


async def test_spread_moves_what_is_next(running: Gateway) -> None:
    await running.agent()
    job = await running.job(**DAILY, spread_seconds=3_600)
    first = (await running.json("GET", f"/jobs/{job['id']}/next?n=1"))["firings"][0]
    assert first["effective_at"] == job["next_run_at"] != first["at"]
    begins, ends = (datetime.fromisoformat(first[name]) for name in ("at", "effective_at"))
    assert timedelta(0) <= ends - begins < timedelta(hours=1)


async def test_a_preview_shows_what_a_job_would_do_and_saves_nothing(running: Gateway, bus: Client) -> None:
    await running.agent()
    timing = {**DAILY, "blackouts": ["sat 00:00 - mon 00:00"], "starts_at": "2030-03-08T00:00:00Z"}
    saved = await running.job(**timing)
    before = await last_sequence(bus, streams.CATALOG)

    preview = await running.json("POST", "/schedules/preview", {**timing, "n": 3, "max_runs": 9})
    of_job = await running.json("GET", f"/jobs/{saved['id']}/next?n=3")

    assert preview == {name: value for name, value in of_job.items() if name != "job_id"}
    told = [(one["local"], one["note"], (one["removed"] or {}).get("reason")) for one in preview["firings"]]
    assert told == [
        ("2030-03-08T09:00:00-05:00", "", None),
        ("2030-03-09T09:00:00-05:00", "", "blackout"),
        (
            "2030-03-10T09:00:00-04:00",
            "the first after the clocks went forward at 02:00 to 03:00",
            "blackout",
        ),
        ("2030-03-11T09:00:00-04:00", "", None),
        ("2030-03-12T09:00:00-04:00", "", None),
    ]
    assert await last_sequence(bus, streams.CATALOG) == before
    for wrong, field in (({"schedule": "99 * * * *"}, "schedule"), ({"schedule": "@daily", "n": 101}, "n")):
        answer = await running.http.post("/api/v1/schedules/preview", json=wrong)
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_why_it_fired(running: Gateway, history: ScriptedHistory) -> None:
    await running.agent()
    job_id = (await running.job(**DAILY))["id"]
    found = record(job_id, NINE, decided_at=NINE + timedelta(seconds=30))
    history.found = OccurrenceAnswer(at=found)
    history.records[found.execution_id] = ExecutionRecord.model_validate(
        {
            "execution_id": found.execution_id,
            "job_id": job_id,
            "status": "failed",
            "created_at": NINE,
            "finished_at": NINE + timedelta(seconds=40),
            "detail": "the command ended with exit code 3",
        }
    )

    why = await running.json("GET", f"/jobs/{job_id}/why?at=2026-03-02T09:00:00-05:00")

    assert why["sentence"].startswith(
        "It fired on Mon 2026-03-02 at 09:00 New York time (14:00 UTC), 30 s after it was due: execution"
        f" {found.execution_id} failed after 40 s: the command ended with exit code 3. The next is "
    )
    assert (why["job_id"], why["at"], why["outcome"]) == (job_id, "2026-03-02T14:00:00Z", "fired")
    assert why["occurrence"]["execution_id"] == why["execution"]["id"] == found.execution_id
    assert why["next"]["local"][11:16] == "09:00"
    assert history.asked[-2][1] == {"job_id": job_id, "at": "2026-03-02T14:00:00Z"}


async def test_why_it_did_not(running: Gateway, history: ScriptedHistory) -> None:
    await running.agent()
    job_id = (await running.job(**DAILY))["id"]
    skipped = record(
        job_id,
        NINE,
        Outcome.SKIPPED,
        reason=SkipReason.OVERLAP,
        detail="execution e0 was still running (since 2026-03-02T13:00:00Z)",
    )
    history.found = OccurrenceAnswer(at=skipped)
    recorded = await running.json("GET", f"/jobs/{job_id}/why?at=2026-03-02T14:00:00Z")
    history.found = OccurrenceAnswer(before=skipped)
    silent = await running.json("GET", f"/jobs/{job_id}/why?at=2026-03-02T14:00:01Z")

    assert (recorded["outcome"], recorded["occurrence"]["reason"], recorded["execution"]) == (
        "skipped",
        "overlap",
        None,
    )
    assert "execution e0 was still running (since Mon 2026-03-02 at 08:00)" in recorded["sentence"]
    assert (silent["outcome"], silent["occurrence"]) == (None, None)
    assert (
        "it is no time of the schedule. The one before is Mon 2026-03-02 at 09:00, which was skipped (overlap)"
        in (silent["sentence"])
    )


async def test_why_without_a_time_says_what_was_last_and_what_is_next(
    running: Gateway, bus: Client, history: ScriptedHistory
) -> None:
    await running.agent()
    job_id = (await running.job(schedule="0 9 * * *"))["id"]
    await keep(bus, Gate(job_id=job_id, running={"e9": Running(since=NINE)}))
    history.occurrences = [record(job_id, NINE - timedelta(days=1)), record(job_id, NINE)]

    why = await running.json("GET", f"/jobs/{job_id}/why")

    assert (why["at"], why["outcome"], why["occurrence"]["trigger"]["nominal_at"]) == (
        None,
        "fired",
        rfc3339(NINE),
    )
    assert why["sentence"].startswith("It fired on Mon 2026-03-02 at 14:00 UTC: execution ")
    assert (
        f"The next is {datetime.fromisoformat(why['next']['at']):%a %Y-%m-%d} at 09:00, in "
        in why["sentence"]
    )
    assert (
        "Execution e9 has run since Mon 2026-03-02 at 14:00: if it still does then, the next is skipped."
        in (why["sentence"])
    )


async def test_why_of_a_deleted_job(running: Gateway, history: ScriptedHistory) -> None:
    await running.agent()
    job_id = (await running.job(schedule="0 9 * * *"))["id"]
    await running.json("DELETE", f"/jobs/{job_id}")

    why = await running.json("GET", f"/jobs/{job_id}/why")

    assert why["sentence"].startswith("Nothing fires: the job was deleted on ")
    assert f"lamp job restore {job_id}" in why["sentence"]
    assert why["next"] is None
    for path in (f"/jobs/{job_id}/next", "/jobs/never/why", "/jobs/never/next"):
        assert (await running.http.get(f"/api/v1{path}")).status_code == 404


async def test_without_history_the_past_cannot_be_explained(running: Gateway) -> None:
    await running.agent()
    job_id = (await running.job(schedule="0 9 * * *"))["id"]

    past = await running.http.get(f"/api/v1/jobs/{job_id}/why?at=2026-03-02T14:00:00Z")
    coming = await running.json("GET", f"/jobs/{job_id}/why?at=2100-03-02T09:00:00Z")
    ahead = await running.json("GET", f"/jobs/{job_id}/why")

    assert past.status_code == 503
    assert coming["sentence"].startswith("It is due on Tue 2100-03-02 at 09:00 UTC, in ")
    assert ahead["sentence"].startswith("The next is ")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("next?n=0", "n"),
        ("next?n=101", "n"),
        ("why?at=yesterday", "at"),
        ("why?at=2026-03-02T14:00:00", "at"),
        ("why?at=9999-12-31T23:59:59-10:00", "at"),
        ("why?at=0001-01-01T00:00:00Z", "at"),
        ("occurrences?from=soon&until=2026-03-02T14:00:00Z", "from"),
        ("occurrences?outcome=lost", "outcome"),
        ("catchup?limit=501", "limit"),
        ("catchup?within_seconds=0", "within_seconds"),
    ],
)
async def test_a_wrong_question_is_refused(
    running: Gateway, history: ScriptedHistory, path: str, field: str
) -> None:
    await running.agent()
    job_id = (await running.job(schedule="0 9 * * *"))["id"]
    answer = await running.http.get(f"/api/v1/jobs/{job_id}/{path}")
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]
