"""Who changed what, and never a secret."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lamplighter_contracts.audit import AuditEvent
from lamplighter_history.chain.drafts import MOST_BYTES, draft
from lamplighter_history.changes import catalog_change, job_start
from lamplighter_history.writes import Entry
from tests.support.happenings import NOON, job

CANARY = b"canary-5e2f"
TOKEN = {
    "token_id": "ci",
    "name": "CI",
    "role": "viewer",
    "projects": ["*"],
    "sha256": "canary-5e2f",
    "created_at": "2026-07-01",
}
AUTHOR = {
    "Lamplighter-By": "grace",
    "Lamplighter-Name": "Grace %C3%96. Hopper",
    "Lamplighter-Role": "editor",
    "Lamplighter-From": "192.0.2.7",
    "Lamplighter-Project": "payments",
}


def audited(
    key: str, body: bytes = b"", headers: Mapping[str, str] | None = None, at: datetime = NOON
) -> dict[str, Any]:
    return draft(Entry(catalog_change(f"$KV.catalog.{key}", headers or {}, body), 42, at))


def test_a_change_of_a_job_is_kept_as_it_was() -> None:
    body = job(created_by="ada").model_dump_json().encode()
    assert audited("jobs.nightly-7f3a", body, AUTHOR) == {
        "at": NOON,
        "actor": "grace",
        "actor_name": "Grace Ö. Hopper",
        "role": "editor",
        "address": "192.0.2.7",
        "project": "payments",
        "action": "job.change",
        "kind": "jobs",
        "object_id": "nightly-7f3a",
        "outcome": "done",
        "count": 1,
        "after": body.decode(),
        "source": f"KV_catalog/{NOON:%Y-%m-%dT%H:%M:%S}.000000Z/42",
    }


def test_a_write_that_does_not_say_its_author_is_its_creators_in_the_project_it_names() -> None:
    body = job(created_by="ada", project="lab").model_dump_json().encode()
    told = audited("jobs.nightly-7f3a", body)
    assert (told["actor"], told["project"]) == ("ada", "lab")


@pytest.mark.parametrize(
    ("key", "body", "headers", "action"),
    [
        ("jobs.a", b"{}", {"Nats-Expected-Last-Subject-Sequence": "0"}, "job.create"),
        ("jobs.a", b"{}", {"Nats-Expected-Last-Subject-Sequence": "7"}, "job.change"),
        ("jobs.a", b'{"deleted_at": "2026-07-01T12:00:00Z"}', {}, "job.delete"),
        ("agents.a", b"", {"KV-Operation": "DEL"}, "agent.delete"),
        ("jobs.a", b"", {"KV-Operation": "PURGE"}, "job.purge"),
        ("secrets.default.KEY", b"sealed", {"Nats-Expected-Last-Subject-Sequence": "0"}, "secret.create"),
        ("newer.x", b"{}", {}, "newer.change"),
    ],
)
def test_what_was_done(key: str, body: bytes, headers: dict[str, str], action: str) -> None:
    assert audited(key, body, headers)["action"] == action


def test_the_end_of_an_object() -> None:
    told = audited("agents.writer", b"", {**AUTHOR, "KV-Operation": "DEL"})
    assert "after" not in told
    assert (told["actor"], told["project"]) == ("grace", "payments")


@pytest.mark.parametrize(
    ("key", "body", "shown"),
    [
        (
            "tokens.ci",
            json.dumps(TOKEN).encode(),
            {"token_id": "ci", "name": "CI", "role": "viewer", "projects": ["*"], "created_at": "2026-07-01"},
        ),
        ("tokens.ci", b"not json " + CANARY, {}),
        ("secrets.default.api-key", CANARY, None),
        ("secrets.default.api-key", b'{"created_by": "canary-5e2f", "project": "canary-5e2f"}', None),
        ("webhooks.3f", b'{"given": "canary-5e2f"}', None),
        ("newer-than-this-service.x", CANARY, None),
    ],
)
def test_what_is_not_for_everybody_is_not_kept(key: str, body: bytes, shown: object) -> None:
    told = audited(key, body)
    assert (json.loads(told["after"]) if "after" in told else None) == shown
    assert CANARY.decode() not in repr(told)


def test_a_key_with_several_parts() -> None:
    told = audited("secrets.default.api-key", b"x")
    assert (told["kind"], told["object_id"]) == ("secrets", "default.api-key")


def test_an_object_too_large_for_a_message_is_known_by_its_hash() -> None:
    told = audited("jobs.a", b'"' * (MOST_BYTES // 2))
    assert "after" not in told
    assert told["detail"].startswith("too large to be kept here: 350000 bytes, SHA-256 ")
    assert "after" in audited("jobs.a", b"-" * (MOST_BYTES // 2))


def test_a_time_is_as_mongodb_keeps_it_and_the_source_is_exact() -> None:
    told = audited("jobs.a", at=datetime(2026, 7, 1, 12, 0, 0, 123_456, UTC))
    assert told["at"].microsecond == 123_000
    assert told["source"] == "KV_catalog/2026-07-01T12:00:00.123456Z/42"


def test_sources_are_in_the_order_of_their_times_also_of_a_catalog_made_anew() -> None:
    seventh = audited("jobs.a", at=NOON)["source"]
    first = draft(Entry(catalog_change("$KV.catalog.jobs.a", {}, b""), 1, NOON + timedelta(microseconds=1)))
    assert seventh < first["source"]


def test_what_somebody_did() -> None:
    event = AuditEvent(
        audit_id="a1",
        at=NOON,
        actor="ci",
        action="execution.cancel",
        kind="executions",
        object_id="e1",
        project="lab",
    )
    assert draft(Entry(event, 3, NOON + timedelta(seconds=1))) == {
        "at": NOON,
        "actor": "ci",
        "action": "execution.cancel",
        "kind": "executions",
        "object_id": "e1",
        "project": "lab",
        "outcome": "done",
        "count": 1,
        "source": f"AUDIT/{NOON + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}.000000Z/3",
    }


def test_a_start_by_hand() -> None:
    start = job_start("trigger.job.nightly-7f3a.k", {**AUTHOR, "ce-id": "e1"})
    assert start is not None
    told = draft(Entry(start, 3, NOON))
    assert (told["actor"], told["project"], told["action"], told["object_id"], told["detail"]) == (
        "grace",
        "payments",
        "job.trigger",
        "nightly-7f3a",
        "execution e1",
    )
    assert told["source"].startswith("JOBS/")


def test_a_start_by_a_delivery_is_no_deed_of_anybody() -> None:
    assert job_start("trigger.job.nightly-7f3a.k", {"ce-id": "e1"}) is None


def test_what_many_were_denied() -> None:
    event = AuditEvent(
        audit_id="a1",
        at=NOON,
        actor="anonymous",
        action="GET /api/v1/jobs",
        outcome="denied",
        count=9,
        first_at=NOON - timedelta(seconds=1),
    )
    told = draft(Entry(event, 3, NOON))
    assert (told["outcome"], told["count"], told["first_at"]) == ("denied", 9, NOON - timedelta(seconds=1))
