"""Who changed what, and never a secret."""

import json
from collections.abc import Mapping
from datetime import timedelta

import pytest

from lamplighter_history.changes import catalog_change
from lamplighter_history.folds.audit import recorded
from tests.support.happenings import NOON, job

CANARY = b"canary-5e2f"
TOKEN = {
    "token_id": "ci",
    "name": "CI",
    "role": "viewer",
    "sha256": "canary-5e2f",
    "created_at": "2026-07-01",
}


def audited(key: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> dict[str, object]:
    return recorded(catalog_change(f"$KV.catalog.{key}", headers or {}, body), 42, NOON).document


def test_a_change_of_a_job_is_kept_as_it_was() -> None:
    body = job(created_by="ada").model_dump_json().encode()
    assert audited("jobs.nightly-7f3a", body) == {
        "_id": f"{int(NOON.timestamp())}000-000000000042",
        "at": NOON,
        "revision": 42,
        "by": "ada",
        "kind": "jobs",
        "object_id": "nightly-7f3a",
        "operation": "put",
        "document": body.decode(),
    }


def test_a_catalog_made_anew_does_not_hide_its_changes_behind_old_ones() -> None:
    change = catalog_change("$KV.catalog.jobs.a", {}, b"{}")
    first, again = (recorded(change, 1, at) for at in (NOON, NOON + timedelta(days=1)))
    assert first.document_id != again.document_id


def test_the_author_of_this_change_goes_before_the_creator() -> None:
    body = job(created_by="ada").model_dump_json().encode()
    assert audited("jobs.nightly-7f3a", body, {"Lamplighter-By": "grace"})["by"] == "grace"


@pytest.mark.parametrize(("header", "operation"), [("DEL", "delete"), ("PURGE", "purge")])
def test_the_end_of_an_object(header: str, operation: str) -> None:
    document = audited("agents.writer", b"", {"KV-Operation": header, "Lamplighter-By": "grace"})
    assert (document["operation"], document["document"], document["by"]) == (operation, None, "grace")


@pytest.mark.parametrize(
    ("key", "body", "shown"),
    [
        ("tokens.ci", json.dumps(TOKEN).encode(), '{"token_id": "ci", "name": "CI", "role": "viewer"}'),
        ("tokens.ci", b"not json " + CANARY, "{}"),
        ("secrets.default.api-key", CANARY, None),
        ("secrets.default.api-key", b'{"created_by": "canary-5e2f"}', None),
        ("newer-than-this-service.x", CANARY, None),
    ],
)
def test_what_is_not_for_everybody_is_not_kept(key: str, body: bytes, shown: str | None) -> None:
    document = audited(key, body)
    assert document["document"] == shown
    assert CANARY.decode() not in repr(document)


def test_a_key_with_several_parts() -> None:
    document = audited("secrets.default.api-key", b"x")
    assert (document["kind"], document["object_id"]) == ("secrets", "default.api-key")
