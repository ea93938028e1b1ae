"""Deliveries on record, with a history behind the gateway: listed, read, their bytes, and once more."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from nats.aio.client import Client
from pymongo import MongoClient

from lamplighter_contracts.events import JobDue, SkipReason
from lamplighter_contracts.streams import BODIES, JOBS
from lamplighter_runtime.provisioning import provision_streams
from tests.service.gateway.running import Json, Running, last_sequence
from tests.service.gateway.test_tokens import bearing, make
from tests.service.gateway.webhooks import deliver, github, received, triggered
from tests.service.history.conftest import History, has_reached_mongodb, running_history
from tests.support.happenings import due, happen, skipped
from tests.support.servers import Server
from tests.support.waiting import until

BODY = b'{"ref": "refs/heads/main",  "n": 1}'


@dataclass
class Site:
    """A job with a webhook, and a history that has heard of all there is when it is asked."""

    running: Running
    bus: Client
    history: History
    job: Json

    async def post(self, key: str = "d1", body: bytes = BODY, event: str = "push", **more: str) -> Json:
        headers = github(self.job["webhook_secret"], body, key, event, **more)
        answer = await deliver(self.running, body, headers)
        assert answer.is_success, answer.text
        await self.history.until_all_is_recorded()
        return answer.json()

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.running.http.get(f"/api/v1{path}", headers=headers)

    async def replay(self, delivery_id: str, **headers: str) -> httpx.Response:
        path = f"/api/v1/deliveries/{delivery_id}/replay"
        answer = await self.running.http.post(path, headers=headers)
        await self.history.until_all_is_recorded()
        return answer

    async def fires(self, delivery_id: str) -> None:
        """As the scheduler would have it."""
        found = (await self.get(f"/deliveries/{delivery_id}")).json()
        await happen(self.bus, self.due(found["execution_id"]))
        await self.history.until_all_is_recorded()

    def due(self, execution_id: str) -> JobDue:
        return due(job_id=self.job["id"]).model_copy(update={"execution_id": execution_id})


@pytest.fixture
async def site(running: Running, bus: Client, nats_server: Server, mongodb_url: str) -> AsyncIterator[Site]:
    async with running_history(bus, nats_server.url, mongodb_url) as history:
        await until(lambda: has_reached_mongodb(history), what="the first answer of MongoDB")
        await running.agent()
        yield Site(running, bus, history, await running.job(webhook_path="/deploy"))


async def test_one_is_told_with_what_came_and_what_became_of_it(site: Site) -> None:
    posted = await site.post()
    found = (await site.get(f"/deliveries/{posted['delivery_id']}")).json()

    assert (found["id"], found["job_id"], found["project"]) == (
        posted["delivery_id"],
        site.job["id"],
        "default",
    )
    assert (found["producer"], found["event"], found["producer_delivery_id"]) == ("github", "push", "d1")
    assert (found["outcome"], found["execution_id"], found["became"]) == (
        "accepted",
        posted["execution_id"],
        None,
    )
    assert (found["payload"], found["size"]) == ({"ref": "refs/heads/main", "n": 1}, len(BODY))
    assert found["headers"]["x-github-event"] == "push"
    assert not [name for name in found["headers"] if "signature" in name]
    assert found["body_url"] == f"/api/v1/deliveries/{posted['delivery_id']}/body"

    await site.fires(posted["delivery_id"])
    later = (await site.get(f"/deliveries/{posted['delivery_id']}")).json()
    assert (later["became"], later["into"]) == ("fired", posted["execution_id"])


async def test_while_history_is_away_nothing_is_said_not_to_be_there(running: Running) -> None:
    answer = await running.http.get("/api/v1/deliveries/01900000-0000-7000-8000-000000000000")
    assert answer.status_code == 503


async def test_it_is_there_as_soon_as_it_was_accepted(site: Site) -> None:
    async def at_once(number: int) -> None:
        body = f"{number}".encode()
        posted = await deliver(site.running, body, github(site.job["webhook_secret"], body, f"n{number}"))
        answer = await site.get(f"/deliveries/{posted.json()['delivery_id']}")
        assert (answer.status_code, answer.json()["payload"]) == (200, number)

    await asyncio.gather(*(at_once(number) for number in range(20)))


@pytest.mark.parametrize("size", [0, 10, 200_000, 700_000])
async def test_the_body_comes_back_byte_for_byte_and_never_as_a_page(site: Site, size: int) -> None:
    body = b"<script>alert(1)</script>".ljust(size, b"\xff")[:size]
    posted = await site.post(body=body, **{"Content-Type": "text/html"})

    answer = await site.get(f"/deliveries/{posted['delivery_id']}/body")

    assert (answer.status_code, answer.content) == (200, body)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == f'attachment; filename="{posted["delivery_id"]}"'
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_body_that_is_no_longer_kept(site: Site) -> None:
    small, large = await site.post("small"), await site.post("large", b'"%s"' % (b"x" * 400_000))
    soon = timedelta(milliseconds=200)
    await provision_streams(site.bus, streams=[replace(BODIES, max_age=soon, duplicate_window=soon)])

    async def expired() -> bool:
        return (await site.bus.jetstream().stream_info(BODIES.name)).state.messages == 0

    await until(expired, what="the expiry of the large body")
    await forget_bodies(site)
    for posted in (small, large):
        for answer in (
            await site.get(f"/deliveries/{posted['delivery_id']}/body"),
            await site.replay(posted["delivery_id"]),
        ):
            assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[1]) == (410, "body-gone")
    assert (await site.get(f"/deliveries/{small['delivery_id']}")).json()["body_url"] is None


async def forget_bodies(site: Site) -> None:
    """As MongoDB does when it is time."""
    with MongoClient[dict[str, Any]](site.history.mongodb_url) as client:
        client.get_database()["delivery_bodies"].delete_many({})


async def test_lists_and_their_filters(site: Site) -> None:
    other = await site.running.job(name="Other", webhook_path="/other", webhook_events=["push"])
    first, second = await site.post("d1"), await site.post("d2", event="issues")
    await deliver(
        site.running,
        b"{}",
        github(other["webhook_secret"], b"{}", "o1", "issues"),
        "/api/v1/jobs/webhook/other",
    )
    await site.history.until_all_is_recorded()
    gathered = skipped(job_id=site.job["id"], reason=SkipReason.COALESCED).model_copy(
        update={"execution_id": second["execution_id"], "into": first["execution_id"]}
    )
    await happen(site.bus, site.due(first["execution_id"]), gathered)
    await site.history.until_all_is_recorded()

    async def listed(query: str, path: str = "/deliveries") -> list[str]:
        answer = await site.get(f"{path}?{query}")
        assert answer.status_code == 200, answer.text
        return [
            one["producer_delivery_id"] + ":" + (one["became"] or one["outcome"]) for one in answer.json()
        ]

    assert await listed("") == ["o1:filtered", "d2:coalesced", "d1:fired"]
    assert await listed("", f"/jobs/{site.job['id']}/deliveries") == ["d2:coalesced", "d1:fired"]
    assert await listed(f"execution_id={first['execution_id']}") == ["d2:coalesced", "d1:fired"]
    assert await listed("outcome=filtered,ping") == ["o1:filtered"]
    assert await listed("event=issues") == ["o1:filtered", "d2:coalesced"]
    assert await listed("producer=stripe") == []
    assert await listed(f"job_id={other['id']}") == ["o1:filtered"]
    page = await site.get("/deliveries?limit=2")
    assert await listed(f"limit=2&cursor={page.headers['Next-Cursor']}") == ["d1:fired"]
    assert 'rel="next"' in page.headers["Link"]
    assert not {"headers", "payload", "body"} & page.json()[0].keys()
    for wrong in ("outcome=perhaps", "limit=0", "from=yesterday", "cursor=rubbish"):
        assert (await site.get(f"/deliveries?{wrong}")).status_code == 422, wrong
    assert (await site.get("/jobs/none/deliveries")).status_code == 404


async def test_a_replay_is_a_delivery_of_its_own_and_never_the_old_execution(site: Site) -> None:
    posted = await site.post()
    await site.fires(posted["delivery_id"])

    answer = await site.replay(posted["delivery_id"])

    again = answer.json()
    assert answer.status_code == 202
    assert (again["status"], again["replay_of"]) == ("queued", posted["delivery_id"])
    assert again["delivery_id"] != posted["delivery_id"]
    assert again["execution_id"] != posted["execution_id"]
    one = (await site.get(f"/deliveries/{again['delivery_id']}")).json()
    assert (one["replay_of"], one["replayed_by"]) == (posted["delivery_id"], "test admin")
    assert (one["payload"], one["event"], one["producer"]) == (
        {"ref": "refs/heads/main", "n": 1},
        "push",
        "github",
    )
    assert (one["headers"], one["producer_delivery_id"]) == (
        (await site.get(f"/deliveries/{posted['delivery_id']}")).json()["headers"],
        "d1",
    )
    start = await triggered(site.bus, site.job, one["key"])
    assert start is not None
    assert start.firing.trust == "external"
    first = (await site.get(f"/deliveries/{posted['delivery_id']}")).json()
    assert first["replays"] == [again["delivery_id"]]


async def test_two_replays_with_one_key_are_one(site: Site) -> None:
    posted = await site.post()
    before = await last_sequence(site.bus, JOBS)
    answers = await asyncio.gather(
        *(site.replay(posted["delivery_id"], **{"Idempotency-Key": "k"}) for _ in range(20))
    )
    assert {answer.text for answer in answers} == {answers[0].text}
    assert {answer.status_code for answer in answers} == {202}
    assert (
        sorted(answer.headers.get("idempotency-replayed", "") for answer in answers) == [""] + ["true"] * 19
    )
    assert await last_sequence(site.bus, JOBS) == before + 2, "a delivery and its start"
    other = await site.replay(posted["delivery_id"], **{"Idempotency-Key": "l"})
    assert other.json()["execution_id"] != answers[0].json()["execution_id"]


async def test_todays_filters_decide(site: Site) -> None:
    posted = await site.post()
    path = f"/jobs/{site.job['id']}"
    await site.running.json("PATCH", path, {"webhook_events": ["issues"]})
    answer = await site.replay(posted["delivery_id"])
    assert (answer.status_code, answer.json()["status"]) == (200, "filtered")
    await site.running.json("PATCH", path, {"webhook_events": []})
    assert (await site.replay(posted["delivery_id"])).status_code == 202


async def test_a_large_one_is_delivered_once_more_whole(site: Site) -> None:
    body = b'{"data": "%s"}' % (b"x" * 600_000)
    posted = await site.post(body=body)
    found = (await site.get(f"/deliveries/{posted['delivery_id']}")).json()
    assert (found["payload"], found["size"]) == (None, len(body))
    again = (await site.replay(posted["delivery_id"])).json()
    assert (await site.get(f"/deliveries/{again['delivery_id']}/body")).content == body
    event = await received(
        site.bus, site.job, (await site.get(f"/deliveries/{again['delivery_id']}")).json()["key"]
    )
    assert event is not None
    assert event.reference is not None


async def test_a_job_that_takes_nothing_more_gets_no_replay(site: Site) -> None:
    posted = await site.post()
    await site.running.json(
        "PATCH", f"/jobs/{site.job['id']}", {"webhook_path": None, "schedule": "0 9 * * *"}
    )
    answer = await site.replay(posted["delivery_id"])
    assert (answer.status_code, "no webhook" in answer.json()["detail"]) == (409, True)
    await site.running.json("DELETE", f"/jobs/{site.job['id']}")
    assert (await site.replay(posted["delivery_id"])).status_code in (404, 409)
    assert (await site.get(f"/jobs/{site.job['id']}/deliveries")).json()[0]["id"] == posted["delivery_id"]


async def test_what_is_out_of_reach_is_not_there(site: Site) -> None:
    posted = await site.post()
    await site.fires(posted["delivery_id"])
    delivery, execution = posted["delivery_id"], posted["execution_id"]
    stranger = bearing(await make(site.running, role="operator", projects=["payments"]))
    ours = bearing(await make(site.running, role="operator", projects=["default"]))
    nothing = "01900000-0000-7000-8000-000000000000"
    for method, path, name in (
        ("GET", "/deliveries/{}", delivery),
        ("GET", "/deliveries/{}/body", delivery),
        ("POST", "/deliveries/{}/replay", delivery),
        ("GET", "/executions/{}", execution),
        ("GET", "/executions/{}/logs", execution),
        ("GET", "/executions/{}/stream", execution),
        ("POST", "/executions/{}/cancel", execution),
    ):
        url = "/api/v1" + path
        theirs = await site.running.http.request(method, url.format(name), headers=stranger)
        none = await site.running.http.request(method, url.format(nothing), headers=stranger)
        assert theirs.status_code == none.status_code == 404, path
        assert theirs.json()["detail"] == none.json()["detail"].replace(nothing, name), path
    assert (await site.get(f"/jobs/{site.job['id']}/deliveries", **stranger)).status_code == 404
    for path in (
        "/deliveries",
        "/executions",
        "/approvals",
        "/backfills",
        "/deliveries?job_id=" + site.job["id"],
    ):
        assert (await site.get(path, **stranger)).json() == [], path
    assert [one["id"] for one in (await site.get("/deliveries", **ours)).json()] == [delivery]
    assert [one["id"] for one in (await site.get("/executions", **ours)).json()] == [execution]
    assert (await site.get(f"/deliveries/{delivery}", **ours)).status_code == 200


async def test_one_that_only_the_bus_knows_is_out_of_reach_too(site: Site) -> None:
    """History has not heard of it: the catalog says whose it is."""
    stranger = bearing(await make(site.running, role="operator", projects=["payments"]))
    posted = (await deliver(site.running, BODY, github(site.job["webhook_secret"], BODY))).json()
    for path in (f"/deliveries/{posted['delivery_id']}", f"/executions/{posted['execution_id']}"):
        assert (await site.get(path, **stranger)).status_code == 404, path
        assert (await site.get(path)).status_code == 200, path


async def test_a_viewer_reads_and_does_not_replay(site: Site) -> None:
    posted = await site.post()
    viewer = bearing(await make(site.running, role="viewer"))
    assert (await site.get(f"/deliveries/{posted['delivery_id']}/body", **viewer)).status_code == 200
    assert (await site.replay(posted["delivery_id"], **viewer)).status_code == 403


async def test_an_id_that_is_none(site: Site) -> None:
    for name in ("none", "a.*", "%2e%2e", "01900000-0000-7000-8000-000000000000"):
        for path in (f"/deliveries/{name}", f"/deliveries/{name}/body"):
            assert (await site.get(path)).status_code == 404, path
        assert (await site.replay(name)).status_code == 404
