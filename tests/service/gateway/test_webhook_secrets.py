"""Secrets of webhooks: shown once or never, two of them while one takes the other's place, and paths nobody guesses."""

import json
import re
from datetime import UTC, datetime

import pytest
from nats.aio.client import Client
from pydantic import SecretStr

from lamplighter_contracts import subjects
from lamplighter_contracts.streams import CATALOG, STREAMS
from lamplighter_contracts.tokens import Role
from lamplighter_gateway.webhooks.keys import webhook_secret
from lamplighter_runtime.latest import messages_since
from tests.service.gateway.running import VAULT_KEYS, Json, Running, gateway, token
from tests.service.gateway.test_access import until_known
from tests.service.gateway.webhooks import deliver, github, standard, stripe
from tests.support.servers import Server
from tests.support.waiting import until

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
GIVEN = "whsec_aSecretOfTheProducersOwn"


@pytest.fixture
async def job(running: Running) -> Json:
    await running.agent()
    return await running.job(webhook_path="/deploy")


async def _status(running: Running, secret: str, delivery: str) -> int:
    return (await deliver(running, b"{}", github(secret, b"{}", delivery))).status_code


async def test_a_rotation_ends_the_old_secret_at_once(running: Running, job: Json) -> None:
    rotated = await running.json("POST", f"/jobs/{job['id']}/webhook/rotate")

    assert rotated["webhook_secret"] != job["webhook_secret"]
    assert rotated["webhook_previous_until"] is None
    assert await _status(running, job["webhook_secret"], "d1") == 401
    assert await _status(running, rotated["webhook_secret"], "d2") == 202


async def test_a_rotation_can_leave_both_secrets_live(running: Running, job: Json) -> None:
    rotated = await running.json("POST", f"/jobs/{job['id']}/webhook/rotate", {"keep_old_seconds": 600})
    both = [await _status(running, one["webhook_secret"], f"d{n}") for n, one in enumerate((job, rotated))]
    again = await running.json("POST", f"/jobs/{job['id']}/webhook/rotate", {"keep_old_seconds": 600})
    three = [
        await _status(running, one["webhook_secret"], f"e{n}") for n, one in enumerate((job, rotated, again))
    ]

    assert both == [202, 202]
    assert rotated["webhook_previous_until"]
    assert three == [401, 202, 202], "two at most"


async def test_an_old_secret_is_refused_when_its_time_is_over(running: Running, job: Json) -> None:
    await running.json("POST", f"/jobs/{job['id']}/webhook/rotate", {"keep_old_seconds": 1})
    numbers = iter(range(1_000))

    async def is_refused() -> bool:
        return await _status(running, job["webhook_secret"], f"d{next(numbers)}") == 401

    await until(is_refused, what="the end of the old secret")


@pytest.mark.parametrize("body", [{"keep_old_seconds": -1}, {"keep_old_seconds": 10**9}, {"keep": 1}])
async def test_what_a_rotation_cannot_be_asked(running: Running, job: Json, body: Json) -> None:
    answer = await running.http.post(f"/api/v1/jobs/{job['id']}/webhook/rotate", json=body)
    assert (answer.status_code, len(answer.json()["errors"])) == (422, 1)


async def test_a_given_secret_stands_beside_the_jobs_own(running: Running, job: Json) -> None:
    path, body = f"/jobs/{job['id']}/webhook/secret", b'{"id": "evt_1"}'
    said = await running.json("PUT", path, {"value": GIVEN})
    first = await deliver(running, body, stripe(GIVEN, body))
    own = await _status(running, job["webhook_secret"], "d1")
    await running.json("PUT", path, {"value": GIVEN + "2", "keep_old_seconds": 600})
    second = [(await deliver(running, body, stripe(one, body))).status_code for one in (GIVEN, GIVEN + "2")]
    await running.json("PUT", path, {"value": GIVEN + "3"})
    third = [(await deliver(running, body, stripe(GIVEN + n, body))).status_code for n in ("", "2", "3")]
    await running.json("DELETE", path)
    after = (await deliver(running, body, stripe(GIVEN + "3", body))).status_code

    assert len(said["webhook_given"]) == 1
    assert (first.status_code, own) == (202, 202)
    assert second == [202, 202]
    assert third == [401, 401, 202]
    assert after == 401
    assert await _status(running, job["webhook_secret"], "d2") == 202
    gone = await running.http.delete(f"/api/v1{path}")
    assert gone.status_code == 404


async def test_a_given_secret_goes_with_the_job_to_another_path(running: Running, job: Json) -> None:
    await running.json("PUT", f"/jobs/{job['id']}/webhook/secret", {"value": GIVEN})

    await running.json("PATCH", f"/jobs/{job['id']}", {"webhook_path": "/moved"})

    body = b'{"id": "evt_1"}'
    moved = await deliver(running, body, stripe(GIVEN, body), "/api/v1/jobs/webhook/moved")
    assert moved.status_code == 202


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"value"}),
        ({"value": 7}, {"value"}),
        ({"value": "short"}, {"value"}),
        ({"value": "x" * 501}, {"value"}),
        ({"value": " has blanks at its ends "}, {"value"}),
        ({"value": "two\nlines-of-it"}, {"value"}),
        ({"value": "sécrète-sécrète"}, {"value"}),
        ({"value": "lamp_00112233aabb_" + "A" * 43}, {"value"}),
        ({"value": GIVEN, "keep_old_seconds": "long", "more": 1}, {"keep_old_seconds", "more"}),
    ],
)
async def test_what_no_given_secret_can_be(running: Running, job: Json, body: Json, fields: set[str]) -> None:
    answer = await running.http.put(f"/api/v1/jobs/{job['id']}/webhook/secret", json=body)

    assert answer.status_code == 422, answer.text
    assert {error["field"] for error in answer.json()["errors"]} == fields
    assert str(body.get("value", "no such text")) not in answer.text


async def test_secrets_are_for_editors_and_for_jobs_with_a_webhook(
    running: Running, job: Json, nats_server: Server
) -> None:
    weak = {"Authorization": f"Bearer {await token(nats_server.url, Role.OPERATOR)}"}
    other = await running.job()
    for method, verb in (("POST", "rotate"), ("PUT", "secret"), ("DELETE", "secret")):
        refused = await until_known(running.http, method, f"/api/v1/jobs/{job['id']}/webhook/{verb}", weak)
        none = await running.http.request(
            method,
            f"/api/v1/jobs/{other['id']}/webhook/{verb}",
            json={"value": GIVEN} if method == "PUT" else None,
        )
        unknown = await running.http.request(
            method, f"/api/v1/jobs/nope/webhook/{verb}", json={"value": GIVEN} if method == "PUT" else None
        )
        assert (refused.status_code, none.status_code, unknown.status_code) == (403, 409, 404), (method, verb)


async def test_a_secret_is_shown_once_and_kept_nowhere(running: Running, job: Json, bus: Client) -> None:
    job_id, own = job["id"], job["webhook_secret"]
    shown = [
        await running.http.put(f"/api/v1/jobs/{job_id}/webhook/secret", json={"value": GIVEN}),
        await running.http.put(f"/api/v1/jobs/{job_id}/webhook/secret", content=f'{{"value": "{GIVEN}"'),
        await running.http.patch(f"/api/v1/jobs/{job_id}", json={"webhook_filter": "true"}),
        await running.http.get(f"/api/v1/jobs/{job_id}"),
        await running.http.get("/api/v1/jobs"),
        await deliver(running, b"{}", github(own, b"{}")),
        await deliver(running, b"{}", {"Authorization": f"Bearer {own}"}),
        await deliver(running, b"{}", {"X-Gitlab-Token": GIVEN}),
        await deliver(running, b"{}", {"X-Gitlab-Token": GIVEN}, "/api/v1/jobs/webhook/nowhere"),
        await running.http.delete(f"/api/v1/jobs/{job_id}"),
        await running.http.post(f"/api/v1/jobs/{job_id}/restore"),
    ]

    told = [answer.text + str(answer.headers) for answer in shown]
    kept = []
    for stream in STREAMS:
        found = await messages_since(bus, stream.name, ">", LONG_AGO, 1_000, 1 << 24)
        kept += [one.body.decode(errors="replace") + str(one.headers) for one in found]
    assert kept
    for text in [*told, *kept]:
        assert own not in text
        assert GIVEN not in text


@pytest.mark.parametrize("way", ["/jobs", "/jobs:batch"])
async def test_a_repeat_of_the_request_that_made_the_job_shows_no_secret_of_later(
    running: Running, way: str
) -> None:
    """Or whoever made the job had every secret after it, and nobody would know."""
    await running.agent()
    body = {"name": "Mine", "prompt": "Go", "agent_id": "idle", "webhook_path": "/deploy"}

    async def ask() -> Json:
        asked = body if way == "/jobs" else {"jobs": [body]}
        said = await running.json("POST", way, asked, **{"Idempotency-Key": "k1"})
        return said if way == "/jobs" else said["results"][0]

    first, again = await ask(), await ask()
    assert again == first
    await running.json("POST", f"/jobs/{first['id']}/webhook/rotate")
    # So often that what the job was at first is no longer kept.
    for number in range(CATALOG.history or 0):
        await running.json("PATCH", f"/jobs/{first['id']}", {"description": f"No. {number}"})
    assert "webhook_secret" not in await ask()


async def test_what_was_given_is_purged_with_its_old_revisions(
    running: Running, job: Json, bus: Client
) -> None:
    path = f"/jobs/{job['id']}/webhook/secret"
    await running.json("PUT", path, {"value": GIVEN})
    await running.json("DELETE", path)

    found = await messages_since(bus, CATALOG.name, subjects.catalog("webhooks", ">"), LONG_AGO, 100, 1 << 20)

    assert [json.loads(one.body)["given"] for one in found] == [[]]


async def test_given_secrets_are_sealed_anew_with_the_others(
    nats_server: Server, bearer: str, bus: Client
) -> None:
    async with gateway(nats_server.url, bearer) as running:
        await running.agent()
        job = await running.job(webhook_path="/deploy")
        await running.json("PUT", f"/jobs/{job['id']}/webhook/secret", {"value": GIVEN})
    fresh = "k2:" + "A" * 43 + "="
    async with gateway(nats_server.url, bearer, vault_keys=SecretStr(f"{fresh},{VAULT_KEYS}")) as running:
        assert (await running.json("POST", "/secrets/rotate"))["resealed"] == 1
        assert (await running.json("POST", "/secrets/rotate"))["resealed"] == 0
    async with gateway(nats_server.url, bearer, vault_keys=SecretStr(fresh)) as running:
        body = b'{"id": "evt_1"}'
        assert (await deliver(running, body, stripe(GIVEN, body))).status_code == 202


@pytest.mark.parametrize("asked", [{"webhook_path": "generate"}, {"trigger_type": "webhook"}])
async def test_a_path_that_nobody_guesses(running: Running, asked: Json) -> None:
    await running.agent()
    jobs = [await running.job(**asked) for _ in range(2)]

    paths = [job["webhook_path"] for job in jobs]
    assert all(re.fullmatch(r"/hooks/[a-z2-7]{32}", path) for path in paths)
    assert paths[0] != paths[1]
    answer = await deliver(
        running, b"{}", github(jobs[0]["webhook_secret"], b"{}"), f"/api/v1/jobs/webhook{paths[0]}"
    )
    assert answer.status_code == 202
    kept = await running.json("PATCH", f"/jobs/{jobs[0]['id']}", {"trigger_type": "webhook"})
    assert kept["webhook_path"] == paths[0]
    assert "webhook_secret" not in kept


async def test_a_producer_of_standard_webhooks_is_given_a_secret_in_its_form(
    running: Running, job: Json
) -> None:
    changed = await running.json("PATCH", f"/jobs/{job['id']}", {"webhook_producer": "standard"})
    old = await deliver(running, b"{}", standard(job["webhook_secret"], b"{}"))
    rotated = await running.json("POST", f"/jobs/{job['id']}/webhook/rotate")
    new = await deliver(running, b"{}", standard(rotated["webhook_secret"], b"{}", "msg_2"))

    assert "webhook_secret" not in changed, "it is the same secret"
    assert rotated["webhook_secret"].startswith("whsec_")
    assert (old.status_code, new.status_code) == (202, 202)


async def test_the_fields_of_a_webhook_are_shown_and_stay(running: Running, job: Json) -> None:
    fields = {
        "webhook_producer": "github",
        "webhook_events": ["push"],
        "webhook_filter": "payload.ref == 'refs/heads/main'",
        "webhook_gather_seconds": 60,
        "webhook_gather_by": "payload.ref",
        "webhook_rate_per_minute": 600,
    }
    changed = await running.json("PATCH", f"/jobs/{job['id']}", fields)
    renamed = await running.json("PATCH", f"/jobs/{job['id']}", {"name": "other"})
    back = await running.json("PATCH", f"/jobs/{job['id']}", renamed)
    none = await running.json("PATCH", f"/jobs/{job['id']}", {"webhook_path": None})

    for answer in (changed, renamed, back):
        assert {field: answer[field] for field in fields} == fields
        assert "webhook_secret" not in answer
    assert {none[field] for field in fields} == {None}


@pytest.mark.parametrize(
    ("fields", "wrong", "words"),
    [
        (
            {"webhook_filter": "payload.ref =="},
            "webhook_filter",
            "is not CEL at column 15: it ends too early",
        ),
        ({"webhook_filter": "body.ref == 'x'"}, "webhook_filter", "names 'body', which is not there"),
        ({"webhook_filter": "payload.ref.startwith('x')"}, "webhook_filter", "did you mean 'startsWith'?"),
        ({"webhook_filter": "x" * 2_001}, "webhook_filter", "2000"),
        ({"webhook_producer": "bitbucket"}, "webhook_producer", "such as 'github'"),
        ({"webhook_events": [""]}, "webhook_events", "empty"),
        ({"webhook_gather_seconds": 0}, "webhook_gather_seconds", "such as 60"),
        ({"webhook_gather_by": "payload.ref"}, "webhook_gather_by", "needs 'webhook_gather_seconds'"),
        ({"webhook_rate_per_minute": 0}, "webhook_rate_per_minute", "such as 600"),
        ({"webhook_path": None, "webhook_filter": "true"}, "webhook_filter", "needs a webhook"),
    ],
)
async def test_what_is_wrong_with_a_webhook_is_told_by_its_field(
    running: Running, job: Json, fields: Json, wrong: str, words: str
) -> None:
    answer = await running.http.patch(f"/api/v1/jobs/{job['id']}", json=fields)

    assert answer.status_code == 422, answer.text
    errors = {error["field"]: error["problem"] for error in answer.json()["errors"]}
    assert errors.keys() == {wrong}
    assert words in errors[wrong]
    if wrong == "webhook_filter" and "needs" not in words and len(fields[wrong]) < 2_000:
        assert "such as 'payload." in errors[wrong]


async def test_secrets_of_a_path_are_its_jobs_own(running: Running, job: Json) -> None:
    """A path given up and taken again does not bring its old secret back."""
    await running.json("DELETE", f"/jobs/{job['id']}?purge=true")
    other = await running.job(webhook_path="/deploy")

    assert other["webhook_secret"] != job["webhook_secret"]
    assert await _status(running, job["webhook_secret"], "d1") == 401
    assert webhook_secret(bytes(32), other["id"], "/deploy", 1) != webhook_secret(
        bytes(32), other["id"], "/deploy", 2
    )
