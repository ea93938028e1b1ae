"""Jobs over HTTP, in both dialects: made, read, changed, deleted, restored, purged."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from nats.aio.client import Client

from lamplighter_contracts import streams, subjects
from lamplighter_contracts.envelope import AUTHOR_HEADER
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job
from lamplighter_gateway.webhooks.keys import webhook_secret
from lamplighter_runtime.latest import last_message
from lamplighter_runtime.messages import Message
from lamplighter_runtime.publishing import publish
from tests.service.gateway.running import Running, last_sequence
from tests.support.waiting import until as until_true


async def _stored(bus: Client, kind: str, name: str) -> tuple[dict[str, str], bytes]:
    last = await last_message(bus, streams.CATALOG.name, subjects.catalog(kind, name))
    assert last is not None
    return last.headers, last.body


async def test_a_job_in_the_flat_dialect(running: Running, bus: Client) -> None:
    await running.agent()

    answer = await running.http.post(
        "/api/v1/jobs",
        json={"name": "Daily report", "prompt": "Go", "agent_id": "idle", "schedule": "0 9 * * *"},
    )

    job = answer.json()
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/api/v1/jobs/{job['id']}"
    assert answer.headers["etag"] == f'"{job["revision"]}"'
    assert job["id"].startswith("daily-report-")
    assert (job["cron_schedule"], job["prompt_template"], job["entity_name"]) == ("0 9 * * *", "Go", "Idle")
    assert job["schedule_words"] == "At 09:00, UTC"
    assert len(job["next_runs"]) == 5
    assert job["next_run_at"] == job["next_execution_at"] == job["next_runs"][0]
    assert "webhook_secret" not in job
    headers, body = await _stored(bus, "jobs", job["id"])
    stored = Job.model_validate_json(body)
    assert stored.revision == 0, "the revision is the sequence, not part of what is written"
    assert stored.scheduled_from == stored.created_at
    assert headers[AUTHOR_HEADER] == (await running.json("GET", "/tokens"))[0]["id"]


async def test_the_writer_knows_a_job_as_others_read_it(running: Running, bus: Client) -> None:
    """To the millisecond: the scheduler counts runs since `scheduled_from`, and compares it."""
    await running.agent()
    job = await running.job(schedule="0 9 * * *", max_runs=3)
    _, body = await _stored(bus, "jobs", job["id"])
    counted = Gate(job_id=job["id"], runs=2, counted_from=Job.model_validate_json(body).scheduled_from)
    await publish(bus, Message(subjects.gate(job["id"]), counted.model_dump_json().encode()))

    assert len((await running.json("GET", f"/jobs/{job['id']}"))["next_runs"]) == 1


async def test_a_job_in_the_server_dialect(running: Running) -> None:
    await running.agent()

    job = await running.json(
        "POST",
        "/jobs",
        {
            "name": "Nightly",
            "prompt_template": "Go",
            "planning_mode": "predefined_agent",
            "entity_id": "idle",
            "trigger_type": "cron",
            "cron_schedule": "30 1 * * *",
            "cron_timezone": "Europe/Berlin",
            "config": {"timeout": 60},
        },
    )

    assert (job["agent_id"], job["schedule"], job["timezone"]) == ("idle", "30 1 * * *", "Europe/Berlin")
    assert job["timeout_seconds"] == 60


async def test_what_is_read_can_be_sent_back_whole(running: Running) -> None:
    await running.agent()
    made = await running.job(schedule="0 9 * * *", webhook_path="/deploy")
    read = await running.json("GET", f"/jobs/{made['id']}")

    changed = await running.json("PATCH", f"/jobs/{made['id']}", {**read, "name": "Renamed"})

    same = {"name", "updated_at", "revision"}
    assert {k: v for k, v in changed.items() if k not in same} == {
        k: v for k, v in read.items() if k not in same
    }
    assert changed["name"] == "Renamed"


async def test_a_change_counts_only_from_now_on(running: Running, bus: Client) -> None:
    """`scheduled_from` moves with schedules, zone and start; not with a new name, and not with a pause."""
    await running.agent()
    job_id = (await running.job(schedule="0 9 * * *"))["id"]

    async def scheduled_from(change: dict[str, object]) -> datetime:
        await running.json("PATCH", f"/jobs/{job_id}", change)
        _, body = await _stored(bus, "jobs", job_id)
        return Job.model_validate_json(body).scheduled_from

    first = await scheduled_from({"name": "Other"})
    second = await scheduled_from({"schedule": "0 10 * * *"})
    third = await scheduled_from({"timezone": "Asia/Tokyo"})
    disabled = await scheduled_from({"enabled": False})
    enabled = await scheduled_from({"enabled": True})
    ending = await scheduled_from({"ends_at": "2999-01-01T00:00:00Z"})
    starting = await scheduled_from({"starts_at": "2027-01-01T00:00:00Z"})
    assert first < second < third == disabled == enabled == ending < starting


@pytest.mark.parametrize(("pause", "resume"), [("disable", "enable"), ("pause", "resume")])
async def test_pause_and_resume(running: Running, pause: str, resume: str) -> None:
    await running.agent()
    job_id = (await running.job(schedule="0 9 * * *"))["id"]

    paused = await running.json("POST", f"/jobs/{job_id}/{pause}")
    again = await running.json("POST", f"/jobs/{job_id}/{pause}")
    resumed = await running.json("POST", f"/jobs/{job_id}/{resume}")

    assert (paused["enabled"], paused["status"], paused["next_run_at"]) == (False, "disabled", None)
    assert again["revision"] == paused["revision"], "nothing changed, so nothing was written"
    assert (resumed["enabled"], resumed["status"]) == (True, "active")
    assert resumed["next_run_at"]
    assert paused["pause"] == {
        "paused_at": paused["updated_at"],
        "until": None,
        "resumed_at": None,
        "note": "",
        "paused_by": "test admin",
    }
    assert resumed["pause"] == paused["pause"] | {"resumed_at": resumed["updated_at"]}


async def test_a_pause_ends_by_itself(running: Running) -> None:
    """Nobody writes that, and every answer says it."""
    await running.agent()
    job_id = (await running.job(schedule="* * * * * *", seconds=True))["id"]
    until = datetime.now(UTC) + timedelta(seconds=1.2)
    body = {"until": rfc3339(until), "note": "a moment"}

    paused = await running.json("POST", f"/jobs/{job_id}/pause", body)
    listed = [job["enabled"] for job in await running.json("GET", "/jobs")]
    filtered = await running.json("GET", "/jobs?enabled=false")
    assert (paused["enabled"], paused["status"], listed, len(filtered)) == (False, "disabled", [False], 1)
    assert (paused["pause"]["until"], paused["pause"]["note"]) == (rfc3339(until), "a moment")
    assert datetime.fromisoformat(paused["next_run_at"]) >= until - timedelta(milliseconds=1)

    async def over() -> bool:
        return bool((await running.json("GET", f"/jobs/{job_id}"))["enabled"])

    await until_true(over, what="the end of the pause")
    job = await running.json("GET", f"/jobs/{job_id}")
    assert (job["status"], job["revision"]) == ("active", paused["revision"])
    assert [job["enabled"] for job in await running.json("GET", "/jobs?enabled=true")] == [True]
    assert await running.json("GET", "/jobs?enabled=false") == []


async def test_the_list_is_a_bare_array_with_filters(running: Running) -> None:
    await running.agent()
    await running.agent("other")
    first = await running.job(name="B", schedule="0 9 * * *")
    second = await running.job(name="a", agent_id="other", enabled=False)
    gone = await running.job(name="c")
    await running.json("DELETE", f"/jobs/{gone['id']}")

    async def ids(query: str = "") -> list[str]:
        return [job["id"] for job in await running.json("GET", f"/jobs{query}")]

    assert await ids() == [second["id"], first["id"]], "by name, without the deleted one"
    assert await ids("?enabled=true") == [first["id"]]
    assert await ids("?agent_id=other") == [second["id"]]
    assert await ids("?agent_id=No+agent.has%3Ethis%00") == await ids("?team_id=%2A") == []
    assert await ids("?team_id=none") == []
    assert await ids("?limit=1&offset=1") == [first["id"]]


async def test_if_match_guards_a_change(running: Running) -> None:
    await running.agent()
    job = await running.job()
    path, tag = f"/api/v1/jobs/{job['id']}", f'"{job["revision"]}"'

    first = await running.http.patch(path, json={"name": "One"}, headers={"If-Match": tag})
    second = await running.http.patch(path, json={"name": "Two"}, headers={"If-Match": tag})
    third = await running.http.delete(path, headers={"If-Match": tag})
    fourth = await running.http.delete(path, headers={"If-Match": first.headers["etag"]})

    statuses = [answer.status_code for answer in (first, second, third, fourth)]
    assert statuses == [200, 412, 412, 204]
    assert second.json()["type"].endswith("/stale")
    assert second.headers["etag"] == first.headers["etag"]


async def test_changes_without_if_match_do_not_overwrite_each_other(running: Running) -> None:
    await running.agent()
    job_id = (await running.job())["id"]
    changes = [{"name": "New"}, {"description": "New"}, {"prompt": "New"}, {"timeout_seconds": 7}]

    await asyncio.gather(*(running.json("PATCH", f"/jobs/{job_id}", change) for change in changes))

    job = await running.json("GET", f"/jobs/{job_id}")
    assert (job["name"], job["description"], job["prompt"]) == ("New", "New", "New")
    assert job["timeout_seconds"] == 7


async def test_a_deleted_job_can_be_restored(running: Running) -> None:
    await running.agent()
    job = await running.job(schedule="0 9 * * *", webhook_path="/deploy")
    path = f"/jobs/{job['id']}"

    await running.json("DELETE", path)
    missing = await running.http.get(f"/api/v1{path}")
    again = await running.http.delete(f"/api/v1{path}")
    restored = await running.json("POST", f"{path}/restore")

    assert (missing.status_code, again.status_code) == (404, 404)
    assert "restore" in missing.json()["detail"]
    assert restored["schedule"] == "0 9 * * *"
    assert restored["webhook_path"] == "/deploy"


async def test_a_deleted_job_gives_its_path_away(running: Running) -> None:
    await running.agent()
    job = await running.job(webhook_path="/deploy")
    await running.json("DELETE", f"/jobs/{job['id']}")
    await running.job(name="Heir", webhook_path="/deploy")

    refused = await running.http.post(f"/api/v1/jobs/{job['id']}/restore")

    assert refused.status_code == 409
    assert refused.json()["type"].endswith("/webhook-path-taken")


async def test_a_purged_job_leaves_nothing(running: Running, bus: Client) -> None:
    await running.agent()
    job = await running.job(webhook_path="/deploy")
    path = f"/jobs/{job['id']}"
    await running.json("PATCH", path, {"prompt": "A secret that has to go"})

    await running.json("DELETE", f"{path}?purge=true")

    assert (await running.http.post(f"/api/v1{path}/restore")).status_code == 404
    headers, body = await _stored(bus, "jobs", job["id"])
    assert (headers["KV-Operation"], body) == ("PURGE", b"")
    entry = await bus.jetstream().get_last_msg("KV_catalog", f"$KV.catalog.jobs.{job['id']}")
    history = await bus.request(
        "$JS.API.STREAM.INFO.KV_catalog",
        f'{{"subjects_filter": "$KV.catalog.jobs.{job["id"]}"}}'.encode(),
        timeout=3,
    )
    assert entry.seq is not None
    assert f'"$KV.catalog.jobs.{job["id"]}":1'.encode() in history.data.replace(b" ", b"")
    await running.job(name="Heir", webhook_path="/deploy")


async def test_a_secret_is_shown_when_it_is_new_and_never_again(running: Running) -> None:
    await running.agent()
    made = await running.job(webhook_path="/deploy")
    path = f"/jobs/{made['id']}"
    read = await running.json("GET", path)
    renamed = await running.json("PATCH", path, {"name": "New"})
    moved = await running.json("PATCH", path, {"webhook_path": "/other"})
    rotated = await running.json("POST", f"{path}/webhook/rotate")
    back = await running.json("PATCH", path, {"webhook_path": "/deploy"})
    listed = await running.json("GET", "/jobs")

    assert made["webhook_url"] == f"http://127.0.0.1:{running.port}/api/v1/jobs/webhook/deploy"
    assert made["webhook_secret"].startswith("lampwh_")
    assert not any("webhook_secret" in job for job in (read, renamed, *listed))
    secrets = [
        made["webhook_secret"],
        moved["webhook_secret"],
        rotated["webhook_secret"],
        back["webhook_secret"],
    ]
    assert len(set(secrets)) == 4, "a path that is taken again does not bring its old secret back"
    assert webhook_secret(bytes(range(32)), made["id"], "/deploy", 1) not in secrets


async def test_nothing_is_written_where_nothing_was_asked_for(running: Running, bus: Client) -> None:
    await running.agent()
    job = await running.job()
    before = await last_sequence(bus, streams.CATALOG)

    await running.json("GET", f"/jobs/{job['id']}")
    await running.json("GET", "/jobs")
    await running.json("POST", f"/jobs/{job['id']}/enable")

    assert await last_sequence(bus, streams.CATALOG) == before
