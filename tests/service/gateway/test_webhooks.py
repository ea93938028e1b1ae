"""Deliveries: recorded before they are answered, once whoever sends them how often, and only if they are genuine."""

import asyncio
import base64
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from nats.aio.client import Client

from lamplighter_contracts import streams, subjects
from lamplighter_contracts.deliveries import DeliveryOutcome
from lamplighter_contracts.tokens import Role
from lamplighter_gateway.webhooks.room import Room
from lamplighter_runtime.bodies import Bodies
from lamplighter_runtime.latest import last_message
from tests.service.gateway.running import Json, Running, gateway, last_sequence, token
from tests.service.gateway.test_access import until_known
from tests.service.gateway.webhooks import (
    HOOK,
    deliver,
    example,
    github,
    received,
    said,
    slack,
    standard,
    stripe,
    triggered,
)
from tests.support.servers import Server


@pytest.fixture
async def job(running: Running) -> Json:
    """One with a webhook at `/deploy`."""
    await running.agent()
    return await running.job(webhook_path="/deploy")


@pytest.mark.parametrize("event", ["push", "pull_request", "issues"])
async def test_what_github_sends_starts_the_job(running: Running, bus: Client, job: Json, event: str) -> None:
    body = example(event)

    answer = await deliver(running, body, github(job["webhook_secret"], body, event=event))

    assert answer.status_code == 202, answer.text
    delivery, trigger = await received(bus, job, "d1"), await triggered(bus, job, "d1")
    assert delivery
    assert trigger
    assert answer.json() == {
        "job_id": job["id"],
        "delivery_id": delivery.delivery_id,
        "execution_id": trigger.execution_id,
        "status": "queued",
    }
    assert trigger.payload == json.loads(body)
    assert trigger.delivery
    assert (trigger.delivery.provider, trigger.delivery.delivery_id, trigger.delivery.event) == (
        "github",
        "d1",
        event,
    )
    assert trigger.firing.trust == "external"
    assert (delivery.outcome, delivery.path, delivery.size) == ("accepted", "/deploy", len(body))
    assert base64.b64decode(delivery.body) == body
    assert delivery.headers["x-github-hook-id"] == "1"
    assert not {"authorization", "x-hub-signature-256"} & delivery.headers.keys()
    assert delivery.address == "127.0.0.1"


async def test_both_records_are_kept_as_long_as_repeats_are_known(
    running: Running, bus: Client, job: Json
) -> None:
    await deliver(running, b"{}", github(job["webhook_secret"], b"{}"))

    for subject in (subjects.delivery(job["id"], "d1"), subjects.trigger(job["id"], "d1")):
        last = await last_message(bus, streams.JOBS.name, subject)
        assert last
        assert last.headers["Nats-TTL"] == f"{int(timedelta(hours=72).total_seconds())}s"


async def test_a_delivery_that_comes_fifty_times_at_once_starts_once(
    running: Running, bus: Client, job: Json, bearer: str, nats_server: Server
) -> None:
    body = example("push")
    headers = github(job["webhook_secret"], body)
    async with gateway(nats_server.url, bearer) as other:
        answers = await asyncio.gather(
            *(deliver(one, body, headers) for one in (running, other) for _ in range(25))
        )

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    repeats = [answer.headers.get("lamplighter-duplicate") for answer in answers]
    # Two gateways that take it within one millisecond write the same record: then neither of them is the second.
    assert repeats.count("true") in (48, 49)
    assert await last_sequence(bus, streams.JOBS) == 2, "one delivery and one start"


async def test_a_ping_is_recorded_and_starts_nothing(running: Running, bus: Client, job: Json) -> None:
    body = example("ping")

    answer = await deliver(running, body, github(job["webhook_secret"], body, event="ping"))
    unsigned = await deliver(running, body, {"X-GitHub-Event": "ping"})

    delivery = await received(bus, job, "d1")
    assert delivery
    assert delivery.outcome is DeliveryOutcome.PING
    assert (answer.status_code, answer.json()) == (
        200,
        {"job_id": job["id"], "delivery_id": delivery.delivery_id, "status": "pong"},
    )
    assert unsigned.status_code == 401
    assert await last_sequence(bus, streams.JOBS) == 1


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        (
            {"webhook_events": ["issues.*", "pull_request"]},
            "The event 'push' is none of issues.*, pull_request.",
        ),
        ({"webhook_filter": "payload.ref == 'refs/heads/main'"}, "The filter says no."),
        ({"webhook_filter": "payload.branch == 'main'"}, "The filter finds no 'branch'."),
        ({"webhook_filter": "payload.ref"}, "The filter gives text, not true or false."),
        ({"webhook_filter": "headers['x-github-event'] == 'issues'"}, "The filter says no."),
        (
            {"webhook_gather_seconds": 5, "webhook_gather_by": "payload.number"},
            "What it is to be gathered by finds no 'number'.",
        ),
    ],
)
async def test_what_a_filter_leaves_out_is_recorded_alone(
    running: Running, bus: Client, job: Json, fields: Json, detail: str
) -> None:
    await running.json("PATCH", f"/jobs/{job['id']}", fields)
    body = example("push")
    headers = github(job["webhook_secret"], body)

    answers = [await deliver(running, body, headers) for _ in range(2)]

    delivery = await received(bus, job, "d1")
    assert delivery
    assert (delivery.outcome, delivery.detail, delivery.execution_id) == ("filtered", detail, "")
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == {
        "job_id": job["id"],
        "delivery_id": delivery.delivery_id,
        "status": "filtered",
        "detail": detail,
    }
    assert answers[1].text == answers[0].text
    assert answers[1].headers["lamplighter-duplicate"] == "true"
    assert await last_sequence(bus, streams.JOBS) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"webhook_events": ["pull_request.opened"]},
        {"webhook_events": ["pull_*"]},
        {"webhook_filter": "payload.pull_request.base.ref == 'master' && payload.number > 1"},
        {"webhook_filter": "payload.pull_request.labels.all(one, one.name != 'draft')"},
        {"webhook_filter": "headers['x-github-event'].startsWith('pull')"},
    ],
)
async def test_what_a_filter_lets_through_starts_the_job(
    running: Running, bus: Client, job: Json, fields: Json
) -> None:
    await running.json("PATCH", f"/jobs/{job['id']}", fields)
    body = example("pull_request")

    answer = await deliver(running, body, github(job["webhook_secret"], body, event="pull_request"))

    assert answer.status_code == 202, answer.text


async def test_what_is_gathered_says_until_when_and_by_what(running: Running, bus: Client, job: Json) -> None:
    await running.json(
        "PATCH",
        f"/jobs/{job['id']}",
        {"webhook_gather_seconds": 60, "webhook_gather_by": "payload.number"},
    )
    body = example("pull_request")

    await deliver(running, body, github(job["webhook_secret"], body, event="pull_request"))

    trigger, delivery = await triggered(bus, job, "d1"), await received(bus, job, "d1")
    assert trigger
    assert delivery
    assert trigger.gather_until == trigger.accepted_at + timedelta(seconds=60)
    assert trigger.group == delivery.group == "2"


async def test_an_expression_without_end_is_ended(running: Running, bus: Client, job: Json) -> None:
    await running.json(
        "PATCH",
        f"/jobs/{job['id']}",
        {
            "webhook_filter": "payload.all(a, payload.all(b, payload.all(c, payload.all(d, a + b + c + d != 1))))"
        },
    )
    body = json.dumps(list(range(10, 2_000))).encode()

    slow = await deliver(running, body, github(job["webhook_secret"], body))
    quick = await deliver(running, b"[1]", github(job["webhook_secret"], b"[1]", "d2"))

    assert (slow.status_code, slow.json()["status"]) == (200, "filtered")
    assert slow.json()["detail"] == "The filter takes too long, or too much memory, on this delivery."
    assert quick.status_code == 202, "others have an engine as before"


@pytest.mark.parametrize(
    ("content_type", "body", "payload"),
    [
        ("application/json", b'{"a": [1, "\xc3\xa4"]}', {"a": [1, "ä"]}),
        ("application/json; charset=utf-8", b"3", 3),
        ("application/vnd.github+json", b'{"a": 1}', {"a": 1}),
        ("application/json", b"", None),
        (None, b"", None),
        (None, b'{"a": 1}', {"a": 1}),
        (None, b"plain", {"text": "plain"}),
        ("text/plain", b'{"a": 1}', {"text": '{"a": 1}'}),
        ("application/octet-stream", b"\xff\x00", {"text": "\ufffd\x00"}),
        ("application/x-www-form-urlencoded", urlencode({"payload": '{"a": 1}'}).encode(), {"a": 1}),
        ("application/x-www-form-urlencoded", b"a=1&b=", {"a": "1", "b": ""}),
    ],
)
async def test_bodies_of_every_kind(
    running: Running, bus: Client, job: Json, content_type: str | None, body: bytes, payload: Any
) -> None:
    headers = github(job["webhook_secret"], body)
    del headers["Content-Type"]
    if content_type:
        headers["Content-Type"] = content_type

    answer = await deliver(running, body, headers)

    assert answer.status_code == 202, answer.text
    trigger = await triggered(bus, job, "d1")
    assert trigger
    assert trigger.payload == payload


async def test_a_form_as_github_sends_it(running: Running, bus: Client, job: Json) -> None:
    payload = example("push")
    body = urlencode({"payload": payload.decode()}).encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = await deliver(running, body, github(job["webhook_secret"], body, **form))

    assert answer.status_code == 202, answer.text
    trigger = await triggered(bus, job, "d1")
    assert trigger
    assert trigger.payload == json.loads(payload)


async def test_slack_is_answered_what_it_asks(running: Running, bus: Client, job: Json) -> None:
    signing = "8f742231b10e8888abcd99yyyzzz85a5"
    await running.json("PUT", f"/jobs/{job['id']}/webhook/secret", {"value": signing})
    asked = b'{"token":"Jhj5","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWM","type":"url_verification"}'
    happened = b'{"type":"event_callback","event_id":"Ev1","event":{"type":"app_mention","text":"hi"}}'

    hello = await deliver(running, asked, slack(signing, asked))
    mention = await deliver(running, happened, slack(signing, happened))
    again = await deliver(running, happened, slack(signing, happened) | {"X-Slack-Retry-Num": "1"})

    assert (hello.status_code, hello.json()) == (
        200,
        {"challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWM"},
    )
    assert (mention.status_code, again.status_code) == (202, 202)
    assert again.text == mention.text
    trigger = await triggered(bus, job, "Ev1")
    assert trigger
    assert trigger.delivery
    assert (trigger.delivery.provider, trigger.delivery.event) == ("slack", "app_mention")


async def test_stripe_and_standard_webhooks(running: Running, bus: Client, job: Json) -> None:
    await running.json("PUT", f"/jobs/{job['id']}/webhook/secret", {"value": "whsec_fromStripe123"})
    body = b'{"id": "evt_1", "type": "invoice.paid"}'

    paid = await deliver(running, body, stripe("whsec_fromStripe123", body))
    paid_again = await deliver(running, body, stripe("whsec_fromStripe123", body))
    ours = await deliver(running, body, standard(job["webhook_secret"], body))
    stale = await deliver(running, body, standard(job["webhook_secret"], body, "msg_2", at=1_700_000_000))

    assert [one.status_code for one in (paid, paid_again, ours, stale)] == [202, 202, 202, 401]
    assert paid.text == paid_again.text != ours.text
    trigger = await triggered(bus, job, "evt_1")
    assert trigger
    assert trigger.delivery
    assert (trigger.delivery.provider, trigger.delivery.event) == ("stripe", "invoice.paid")


async def test_gitlab_with_its_token(running: Running, bus: Client, job: Json) -> None:
    await running.json("PATCH", f"/jobs/{job['id']}", {"webhook_producer": "gitlab"})
    headers = {
        "X-Gitlab-Event": "Push Hook",
        "Idempotency-Key": "908a6d9e",
        "Content-Type": "application/json",
    }
    body = b'{"object_kind": "push"}'

    genuine = await deliver(running, body, headers | {"X-Gitlab-Token": job["webhook_secret"]})
    other = await deliver(running, body, headers | {"X-Gitlab-Token": "guess"})
    wrong_kind = await deliver(running, body, github(job["webhook_secret"], body))

    assert [one.status_code for one in (genuine, other, wrong_kind)] == [202, 401, 401]
    trigger = await triggered(bus, job, "908a6d9e")
    assert trigger
    assert trigger.delivery
    assert (trigger.delivery.provider, trigger.delivery.event) == ("gitlab", "Push Hook")


async def test_who_may_not_learns_nothing(running: Running, bus: Client, job: Json) -> None:
    """A wrong signature and an unknown path look alike."""
    body, secret = b'{"ref": "main"}', job["webhook_secret"]
    good = github(secret, body)
    bad = [
        {**good, "X-Hub-Signature-256": github(secret, body + b" ")["X-Hub-Signature-256"]},
        {**good, "X-Hub-Signature-256": ""},
        {**good, "X-Hub-Signature-256": "sha256=" + "0" * 64},
        {**good, "X-Hub-Signature-256": "sha1=" + "0" * 40},
        {k: v for k, v in good.items() if k != "X-Hub-Signature-256"},
        {"Authorization": "Bearer guess"},
        {"Authorization": "Basic Z3Vlc3M6Z3Vlc3M="},
        standard(secret + "x", body),
        stripe(secret, body, at=1_700_000_000),
        slack(secret + "x", body),
        {"X-Gitlab-Token": "guess"},
    ]

    known = [await deliver(running, body, headers) for headers in bad]
    unknown = [
        await deliver(running, body, headers, "/api/v1/jobs/webhook/nowhere") for headers in [*bad, good]
    ]

    assert {json.dumps(said(answer)) for answer in known} == {json.dumps(said(answer)) for answer in unknown}
    assert {answer.status_code for answer in [*known, *unknown]} == {401}
    assert await last_sequence(bus, streams.JOBS) == 0
    assert (await deliver(running, body, good)).status_code == 202


async def test_a_delivery_by_token(running: Running, bus: Client, job: Json, nats_server: Server) -> None:
    operator = {"Authorization": f"Bearer {await token(nats_server.url, Role.OPERATOR)}"}
    viewer = {"Authorization": f"Bearer {await token(nats_server.url, Role.VIEWER)}"}

    accepted = await until_known(running.http, "POST", HOOK, operator)
    weak = await until_known(running.http, "POST", HOOK, viewer)
    unknown = await running.http.post("/api/v1/jobs/webhook/nowhere", headers=operator)
    wrong = await running.http.post(HOOK, headers={"Authorization": "Bearer lamp_a_b"})
    own = await running.http.post(HOOK, headers={"Authorization": f"Bearer {job['webhook_secret']}"})

    statuses = [answer.status_code for answer in (accepted, weak, unknown, wrong, own)]
    assert statuses == [202, 403, 404, 401, 202]
    assert await last_sequence(bus, streams.JOBS) == 4


async def test_a_token_that_does_not_reach_the_project_finds_no_webhook(
    running: Running, bus: Client, job: Json
) -> None:
    made = await running.json(
        "POST", "/tokens", {"name": "elsewhere", "role": "operator", "projects": ["elsewhere"]}
    )
    elsewhere = {"Authorization": f"Bearer {made['token']}"}

    there = await running.http.post(HOOK, headers=elsewhere)
    nowhere = await running.http.post("/api/v1/jobs/webhook/nowhere", headers=elsewhere)

    assert there.status_code == nowhere.status_code == 404
    assert there.json()["detail"].replace("/deploy", "/nowhere") == nowhere.json()["detail"]
    assert await last_sequence(bus, streams.JOBS) == 0


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"a": ', {}, 400),
        (b"[" * 100 + b"]" * 100, {}, 400),
        (b"payload=%7B", {"Content-Type": "application/x-www-form-urlencoded"}, 400),
        (b"\xff", {"Content-Type": "application/x-www-form-urlencoded"}, 400),
        (b'{"a": "' + b"a" * 300_000, {}, 400),
        (b"[" * 300_000, {}, 400),
        (b'"' + b"a" * (1 << 20) + b'"', {}, 413),
    ],
)
async def test_a_delivery_that_cannot_be_read(
    running: Running, bus: Client, job: Json, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = await deliver(running, body, {**github(job["webhook_secret"], body), **headers})

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert await last_sequence(bus, streams.JOBS) == 0


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"text": "' + b"a" * 600_000 + b'"}', "application/json"),
        (b"\x01" * 200_000, "text/plain"),
    ],
    ids=["long", "longer as JSON"],
)
async def test_a_large_body_goes_by_reference(
    running: Running, bus: Client, job: Json, body: bytes, content_type: str
) -> None:
    headers = github(job["webhook_secret"], body, **{"Content-Type": content_type})

    first, again = await deliver(running, body, headers), await deliver(running, body, headers)

    assert (first.status_code, again.status_code) == (202, 202), first.text
    assert again.text == first.text
    assert again.headers["lamplighter-duplicate"] == "true"
    trigger, delivery = await triggered(bus, job, "d1"), await received(bus, job, "d1")
    assert trigger
    assert delivery
    assert (trigger.payload, delivery.body) == (None, "")
    assert trigger.body == delivery.reference
    assert delivery.reference
    assert delivery.reference.content_type == content_type
    assert await Bodies(bus).get(delivery.reference) == body


async def test_a_large_body_is_filtered_as_any(running: Running, bus: Client, job: Json) -> None:
    await running.json(
        "PATCH", f"/jobs/{job['id']}", {"webhook_filter": "payload.ref == 'main'", "webhook_events": ["push"]}
    )
    bodies = {ref: json.dumps({"ref": ref, "rest": "a" * 500_000}).encode() for ref in ("main", "other")}

    answers = {
        ref: await deliver(running, body, github(job["webhook_secret"], body, ref))
        for ref, body in bodies.items()
    }

    assert {ref: answer.status_code for ref, answer in answers.items()} == {"main": 202, "other": 200}


async def test_25_mib_where_the_setting_allows_it(nats_server: Server, bearer: str, bus: Client) -> None:
    async with gateway(nats_server.url, bearer, webhook_limit_bytes=25 << 20) as running:
        await running.agent()
        job = await running.job(webhook_path="/deploy")
        body = b'{"text": "' + b"a" * ((25 << 20) - 12) + b'"}'

        answer = await deliver(running, body, github(job["webhook_secret"], body))

        assert answer.status_code == 202, answer.text
        delivery = await received(bus, job, "d1")
        assert delivery
        assert delivery.reference
        assert delivery.reference.size == 25 << 20


async def test_large_bodies_have_no_more_than_their_room(
    nats_server: Server, bearer: str, bus: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lamplighter_gateway.app.Room.of", lambda limit: Room(300_000))
    async with gateway(nats_server.url, bearer) as running:
        await running.agent()
        job = await running.job(webhook_path="/deploy")

        async def answer(size: int, delivery: str) -> httpx.Response:
            body = b'"' + b"a" * size + b'"'
            return await deliver(running, body, github(job["webhook_secret"], body, delivery))

        answers = [await answer(size, f"d{n}") for n, size in enumerate((400_000, 350_000, 350_000, 10))]

        assert [one.status_code for one in answers] == [503, 202, 202, 202]
        assert int(answers[0].headers["retry-after"]) > 0


async def test_a_paused_job_accepts_deliveries_and_a_deleted_one_does_not(
    running: Running, bus: Client, job: Json
) -> None:
    await running.json("POST", f"/jobs/{job['id']}/pause")
    paused = await deliver(running, b"{}", github(job["webhook_secret"], b"{}"))
    await running.json("DELETE", f"/jobs/{job['id']}")
    deleted = await deliver(running, b"{}", github(job["webhook_secret"], b"{}", "d2"))

    assert (paused.status_code, deleted.status_code) == (202, 401)
    assert await last_sequence(bus, streams.JOBS) == 2, "the scheduler decides about it"


async def test_a_start_by_hand_under_the_same_key_is_the_start(
    running: Running, bus: Client, job: Json
) -> None:
    by_hand = await running.json("POST", f"/jobs/{job['id']}/trigger", **{"Idempotency-Key": "deploy-1"})

    answers = [
        await deliver(running, b"{}", github(job["webhook_secret"], b"{}", "deploy-1")) for _ in range(2)
    ]

    assert {answer.json()["execution_id"] for answer in answers} == {by_hand["execution_id"]}
    assert answers[0].text == answers[1].text
    delivery = await received(bus, job, "deploy-1")
    assert delivery
    assert delivery.execution_id == by_hand["execution_id"]


async def test_more_than_a_webhook_takes_is_told_when_to_come_again(
    running: Running, bus: Client, job: Json
) -> None:
    await running.json("PATCH", f"/jobs/{job['id']}", {"webhook_rate_per_minute": 2})
    secret = job["webhook_secret"]

    answers = [await deliver(running, b"{}", github(secret, b"{}", f"d{n}")) for n in range(3)]
    forged = await deliver(running, b"{}", github(secret + "x", b"{}", "d9"))

    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert 0 < int(answers[2].headers["retry-after"]) <= 30
    assert answers[2].headers["content-type"] == "application/problem+json"
    assert forged.status_code == 401, "only what is genuine counts"
    assert await last_sequence(bus, streams.JOBS) == 4


async def test_a_long_delivery_id_is_known_by_its_hash(running: Running, bus: Client, job: Json) -> None:
    headers = github(job["webhook_secret"], b"{}", "d" * 3_000)

    answers = [await deliver(running, b"{}", headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].text == answers[1].text


async def test_deliveries_without_an_id_are_none_of_them_repeats(running: Running, job: Json) -> None:
    headers = github(job["webhook_secret"], b"{}")
    del headers["X-GitHub-Delivery"]

    answers = [await deliver(running, b"{}", headers) for _ in range(2)]

    assert answers[0].json()["execution_id"] != answers[1].json()["execution_id"]
