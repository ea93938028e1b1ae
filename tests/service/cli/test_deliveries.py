"""`lamp delivery` against a gateway: what came, what became of it, its bytes, and once more."""

import json
from typing import Any

from tests.support.command_line import CommandLine
from tests.support.scripted.gateway import EXECUTION, Reply, ScriptedGateway, problem

MINE = "019caa5c-1a00-7abc-8def-0123456789ff"
REPLAY = f"/api/v1/deliveries/{MINE}/replay"

DELIVERY: dict[str, Any] = {
    "id": MINE,
    "delivery_id": MINE,
    "job_id": "deploy-7f3a",
    "project": "default",
    "producer": "github",
    "producer_delivery_id": "72d3162e",
    "event": "push",
    "outcome": "accepted",
    "detail": "",
    "became": "coalesced",
    "became_detail": "It was gathered with 2 others.",
    "execution_id": MINE,
    "into": EXECUTION,
    "group": "main",
    "received_at": "2026-03-02T08:00:00Z",
    "address": "192.0.2.7",
    "content_type": "application/json",
    "size": 8,
    "replay_of": "",
    "replays": [],
    "body_expires_at": "2026-04-01T08:00:00Z",
    "body_url": f"/api/v1/deliveries/{MINE}/body",
    "headers": {"x-github-event": "push"},
    "payload": {"ref": "main"},
}


def test_they_are_listed_as_asked(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    assert lamp("delivery", "list").err == "No deliveries.\n"
    gateway.deliveries = [
        DELIVERY,
        DELIVERY | {"id": "b", "outcome": "filtered", "became": None, "event": ""},
    ]
    filters = ("--outcome", "accepted", "--producer", "github", "--event", "push", "--execution", EXECUTION)
    ran = lamp("deliveries", "ls", *filters, "--from", "2026-03-01T00:00:00Z", "--limit", "7")
    head, first, second = ran.out.splitlines()
    assert head.split("   ")[0] == "DELIVERY ID"
    assert first.split()[:5] == [MINE, "deploy-7f3a", "github", "push", "coalesced"]
    assert second.split()[:5] == ["b", "deploy-7f3a", "github", "-", "filtered"]
    assert gateway.asked[-1].query == {
        "outcome": "accepted",
        "producer": "github",
        "event": "push",
        "execution_id": EXECUTION,
        "from": "2026-03-01T00:00:00Z",
        "limit": "7",
    }


def test_those_of_a_job_are_found_by_its_name(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.add_job("deploy-7f3a", name="Deploy")
    lamp("delivery", "list", "--job", "Deploy")
    assert gateway.asked[-1].query["job_id"] == "deploy-7f3a"


def test_one_is_shown_with_what_became_of_it(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.deliveries = [DELIVERY]
    sheet = lamp("delivery", "show", MINE).out
    for text in (
        "github at 192.0.2.7",
        "coalesced",
        "It was gathered with 2 others.",
        EXECUTION,
        "8 bytes of application/json",
        "2026-04-01 08:00:00 UTC",
        "x-github-event: push",
        '"ref": "main"',
    ):
        assert text in sheet, sheet
    assert json.loads(lamp("delivery", "show", MINE, "-o", "json").out) == DELIVERY
    assert lamp("delivery", "show", "none").code == 3


def test_one_whose_body_is_gone_says_so(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    replayed = {"replay_of": "first", "replayed_by": "ada", "body_url": None, "payload": None}
    gateway.deliveries = [DELIVERY | replayed]
    sheet = lamp("delivery", "show", MINE).out
    assert "8 bytes of application/json, no longer kept" in sheet
    assert "first by ada" in sheet
    assert "Body until" not in sheet
    ran = lamp("delivery", "body", MINE)
    assert (ran.code, ran.raw, ran.err) == (1, b"", "error: Its body is no longer kept.\n")


def test_a_body_is_written_byte_for_byte(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.bodies[MINE] = bytes(range(256)) * 1_000
    ran = lamp("delivery", "body", MINE)
    assert (ran.code, ran.raw, ran.out) == (0, bytes(range(256)) * 1_000, "")


def test_a_body_does_nothing_to_a_terminal(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.bodies[MINE] = b"\x1b]0;owned\x07 \xff text"
    ran = lamp("delivery", "body", MINE, terminal=True)
    assert ran.raw == b""
    assert "\x1b" not in ran.out
    assert ran.out.endswith("text")


def test_once_more(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    queued = {"job_id": "deploy-7f3a", "delivery_id": "new", "execution_id": EXECUTION, "status": "queued"}
    gateway.answers["POST", REPLAY] = Reply(202, queued)
    ran = lamp("delivery", "replay", MINE, "--idempotency-key", "k")
    assert ran.out == f"Delivered once more, as new: it leads to the execution {EXECUTION}\n"
    assert gateway.asked[-1].headers["idempotency-key"] == "k"
    filtered = {"delivery_id": "new", "status": "filtered", "detail": "The filter says no."}
    gateway.answers["POST", REPLAY] = Reply(200, filtered)
    assert (
        lamp("delivery", "replay", MINE).out == "Delivered once more, as new: filtered. The filter says no.\n"
    )
    gateway.answers["POST", REPLAY] = problem(410, "Its body is no longer kept.")
    assert lamp("delivery", "redeliver", MINE).code == 1
