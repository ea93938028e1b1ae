"""Secrets through the API: sealed where they are kept, and never seen again, whatever is asked and however it fails."""

import asyncio
import base64
import html
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from nats.aio.client import Client
from pydantic import SecretStr
from structlog.testing import capture_logs

from lamplighter_contracts import streams, subjects
from lamplighter_contracts.environments import SealedSecret
from lamplighter_contracts.tokens import Role
from lamplighter_gateway.access.table import ACCESS
from lamplighter_gateway.catalog.store import Store
from lamplighter_gateway.named import secrets
from lamplighter_history.chain.drafts import draft
from lamplighter_history.changes import catalog_change
from lamplighter_history.writes import Entry
from lamplighter_runtime.latest import last_message
from lamplighter_runtime.tails import Tail
from lamplighter_vault import KeyRing, new_key
from tests.service.gateway.running import (
    KEY,
    VAULT_KEYS,
    Running,
    before_writing,
    gateway,
    last_sequence,
    token,
)
from tests.support.servers import Server

CANARY = 'cänary/"s3cr3t" & <w0rd>+=?'
RING = KeyRing.parse(VAULT_KEYS)
DEADLINE = 20


def encodings(secret: str) -> set[str]:
    raw = secret.encode()
    return {
        secret,
        secret[::-1],
        secret.upper(),
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
        base64.b32encode(raw).decode().rstrip("="),
        raw.hex(),
        raw.hex().upper(),
        quote(secret),
        quote(secret, safe=""),
        html.escape(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(raw)[2:-1],
    }


async def stored(bus: Client, environment_id: str, name: str) -> SealedSecret | None:
    subject = subjects.catalog("secrets", f"{environment_id}.{name}")
    last = await last_message(bus, streams.CATALOG.name, subject)
    return SealedSecret.model_validate_json(last.body) if last and last.body else None


async def put(
    running: Running, value: Any = CANARY, name: str = "TOKEN", environment: str = "default"
) -> Any:
    return await running.json("PUT", f"/environments/{environment}/secrets/{name}", {"value": value})


async def test_it_is_set_listed_set_anew_and_deleted(running: Running, bus: Client) -> None:
    first = await put(running)
    second = await put(running, "another value")
    await put(running, "beside it", name="A_KEY")

    assert first.keys() == {"name", "version", "created_at", "updated_at", "updated_by", "key_id"}
    assert (first["name"], first["version"], first["key_id"]) == ("TOKEN", 1, "k1")
    assert (second["version"], second["created_at"]) == (2, first["created_at"])
    assert second["updated_by"] == "test admin"
    listed = await running.json("GET", "/environments/default/secrets")
    assert [one["name"] for one in listed] == ["A_KEY", "TOKEN"]
    assert listed[1] == second
    kept = await stored(bus, "default", "TOKEN")
    assert kept is not None
    assert RING.open("default", "TOKEN", kept.sealed) == "another value"
    environment = await running.json("GET", "/environments/default")
    assert environment["secrets"] == ["A_KEY", "TOKEN"]

    await running.json("DELETE", "/environments/default/secrets/TOKEN")
    gone = await running.http.delete("/api/v1/environments/default/secrets/TOKEN")
    assert (gone.status_code, await stored(bus, "default", "TOKEN")) == (404, None)


async def test_what_it_was_before_is_not_kept(running: Running, bus: Client) -> None:
    for turn in range(5):
        await put(running, f"value number {turn}")
    await put(running, "beside it", name="OTHER")
    await running.json("DELETE", "/environments/default/secrets/OTHER")

    held = [body async for subject, _, body in messages(bus) if "secrets" in subject and body]

    assert len(held) == 1
    assert RING.open("default", "TOKEN", SealedSecret.model_validate_json(held[0]).sealed) == "value number 4"


WRONG: list[tuple[str, Any, str, str]] = [
    ("too short", {"value": "12345"}, "value", "6 to 32,768 bytes"),
    ("too long", {"value": "x" * 32_769}, "value", "6 to 32,768 bytes"),
    ("too long in bytes", {"value": "ä" * 20_000}, "value", "6 to 32,768 bytes"),
    ("no text", {"value": {CANARY: CANARY}}, "value", "must be text"),
    ("a number", {"value": 1_234_567}, "value", "must be text"),
    ("a NUL", {"value": f"{CANARY}\0"}, "value", "NUL"),
    ("nothing", {}, "value", "missing"),
    ("null", {"value": None}, "value", "missing"),
    ("another field", {"value": CANARY, CANARY: 1}, "body", "known is value"),
]


@pytest.mark.parametrize(("body", "field", "words"), [c[1:] for c in WRONG], ids=[c[0] for c in WRONG])
async def test_a_wrong_value_is_refused_and_not_repeated(
    running: Running, bus: Client, body: Any, field: str, words: str
) -> None:
    before = await last_sequence(bus, streams.CATALOG)

    answer = await running.http.put("/api/v1/environments/default/secrets/TOKEN", json=body)

    assert (answer.status_code, [e["field"] for e in answer.json()["errors"]]) == (422, [field])
    assert words in answer.text
    assert not found_in(answer.text)
    assert await last_sequence(bus, streams.CATALOG) == before


async def test_a_number_that_was_meant_as_a_value_is_not_repeated(running: Running) -> None:
    path = "/api/v1/environments/default/secrets/TOKEN"
    answer = await running.http.put(path, content=b'{"value": 31415926535897932384e999}')
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (400, "malformed-json")
    assert "31415926" not in answer.text


@pytest.mark.parametrize("length", [6, 32_768])
async def test_the_shortest_and_the_longest_value(running: Running, bus: Client, length: int) -> None:
    await put(running, "x" * length)
    kept = await stored(bus, "default", "TOKEN")
    assert kept is not None
    assert RING.open("default", "TOKEN", kept.sealed) == "x" * length


@pytest.mark.parametrize("name", ["1A", "A-B", "A.B", "A%20B", "A" * 129, "A%0A"])
async def test_a_name_that_is_no_variables_is_refused(running: Running, name: str) -> None:
    path = f"/api/v1/environments/default/secrets/{name}"
    answer = await running.http.put(path, json={"value": CANARY})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "name")
    assert (await running.http.delete(path)).status_code == 422


async def test_only_administrators_may(running: Running, nats_server: Server) -> None:
    editor = {"Authorization": f"Bearer {await token(nats_server.url, Role.EDITOR)}"}
    await put(running)
    routes = [route for route in ACCESS if "secrets" in route]
    assert {ACCESS[route] for route in routes} == {Role.ADMIN}
    for route in routes:
        method, path = route.replace("{environment_id}", "default").replace("{name}", "TOKEN").split()
        answer = await running.http.request(method, path, json={"value": CANARY}, headers=editor)
        assert answer.status_code == 403, route


async def test_an_environment_that_is_not_there_has_no_secrets(running: Running) -> None:
    for method, path in (("GET", ""), ("PUT", "/TOKEN"), ("DELETE", "/TOKEN")):
        body = {"value": CANARY} if method == "PUT" else None
        answer = await running.http.request(method, f"/api/v1/environments/moon/secrets{path}", json=body)
        assert (answer.status_code, "moon" in answer.json()["detail"]) == (404, True)


async def test_an_environment_with_secrets_stays(running: Running, bus: Client) -> None:
    await running.json("POST", "/environments", {"id": "lab", "name": "Lab"})
    await put(running, environment="lab")

    refused = await running.http.delete("/api/v1/environments/lab")
    assert (refused.status_code, "its secret 'TOKEN'" in refused.json()["detail"]) == (409, True)
    await running.json("DELETE", "/environments/lab/secrets/TOKEN")
    await running.json("DELETE", "/environments/lab")


async def test_a_secret_does_not_outlive_an_environment_that_goes_meanwhile(
    running: Running, bus: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Set after the environment was looked at, and before it went; and the other way around."""
    path = "/api/v1/environments/lab"
    for kind, first, then in (("secrets", "put", "delete"), ("environments", "delete", "put")):
        await running.json("POST", "/environments", {"id": "lab", "name": "Lab"})
        asks = {
            "put": lambda: running.http.put(f"{path}/secrets/TOKEN", json={"value": CANARY}),
            "delete": lambda: running.http.delete(path),
        }
        before_writing(monkeypatch, kind, asks[then])

        answer = await asks[first]()

        assert answer.status_code == (404 if first == "put" else 204)
        assert (await running.http.get(path)).status_code == 404
        assert await stored(bus, "lab", "TOKEN") is None
        monkeypatch.undo()


async def test_those_sealed_with_an_old_key_are_sealed_anew(
    running: Running, bus: Client, nats_server: Server, bearer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "MOST_AT_ONCE", 3)
    await running.json("POST", "/environments", {"id": "lab", "name": "Lab"})
    for number in range(7):
        await put(running, f"{CANARY}{number}", f"S{number}", "lab")
    await running.stop()
    fresh = new_key("k2")
    ring = KeyRing.parse(fresh)

    async with gateway(nats_server.url, bearer, vault_keys=SecretStr(f"{fresh},{VAULT_KEYS}")) as rotating:
        before = await rotating.json("GET", "/environments/lab/secrets")
        assert {one["key_id"] for one in before} == {"k1"}
        assert await rotating.json("POST", "/secrets/rotate") == {"resealed": 7, "key_id": "k2"}
        assert await rotating.json("POST", "/secrets/rotate") == {"resealed": 0, "key_id": "k2"}
        after = await rotating.json("GET", "/environments/lab/secrets")
        assert after == [{**one, "key_id": "k2"} for one in before], "only the seal is another"

    async with gateway(nats_server.url, bearer, vault_keys=SecretStr(fresh)):
        for number in range(7):
            kept = await stored(bus, "lab", f"S{number}")
            assert kept is not None
            assert ring.open("lab", f"S{number}", kept.sealed) == f"{CANARY}{number}"


async def test_rotating_does_not_bring_back_what_was_set_meanwhile(
    running: Running, bus: Client, nats_server: Server, bearer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = f"{new_key('k2')},{VAULT_KEYS}"
    for number in range(3):
        await put(running, f"old value {number}", f"S{number}")
    async with gateway(nats_server.url, bearer, vault_keys=SecretStr(fresh)) as rotating:
        before_writing(monkeypatch, "secrets", lambda: put(running, "new value", "S1"))
        await rotating.json("POST", "/secrets/rotate")

    ring, values = KeyRing.parse(fresh), {}
    for number in range(3):
        kept = await stored(bus, "default", f"S{number}")
        assert kept is not None
        assert not ring.is_stale(kept.sealed)
        values[number] = ring.open("default", f"S{number}", kept.sealed)
    assert values == {0: "old value 0", 1: "new value", 2: "old value 2"}


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (new_key("k2"), "lacks the key 'k1'"),
        (new_key("k1"), "the key 'k1' in LAMPLIGHTER_VAULT_KEYS is another one"),
    ],
)
async def test_it_does_not_start_with_keys_that_open_nothing(
    running: Running, nats_server: Server, keys: str, words: str
) -> None:
    await put(running)
    environment = {"NATS_URL": nats_server.url, "LAMPLIGHTER_SECRET_KEY": KEY, "LAMPLIGHTER_PORT": "0"}
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "lamplighter_gateway"],
        env={**os.environ, **environment, "LAMPLIGHTER_VAULT_KEYS": keys},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )

    assert done.returncode == 1
    said = [json.loads(line) for line in (done.stdout + done.stderr).splitlines() if line.startswith("{")]
    (critical,) = [line["detail"] for line in said if line.get("event") == "vault.wrong_keys"]
    assert words in critical
    assert "the secret 'TOKEN' of the environment 'default'" in critical
    assert keys.partition(":")[2] not in done.stdout + done.stderr


async def messages(bus: Client) -> Any:
    """All that the catalog holds, with its old revisions: subject, headers, body."""
    tail = Tail(bus, streams.CATALOG.name, [subjects.ANY_CATALOG_CHANGE], after=0)
    await tail.open()
    try:
        while True:
            for entry in await tail.take():
                yield entry.subject, entry.headers, entry.body
            if tail.behind == 0:
                return
    finally:
        await tail.close()


def found_in(text: str) -> list[str]:
    return [form for form in sorted(encodings(CANARY)) if form in text]


def requests() -> Iterator[tuple[str, str, bytes]]:
    """Right ones and wrong ones, with the canary wherever a careless person might put it."""
    value = json.dumps({"value": CANARY}).encode()
    yield "PUT", "/environments/default/secrets/TOKEN", value
    yield "PUT", "/environments/moon/secrets/TOKEN", value
    yield "PUT", "/environments/default/secrets/A-B", value
    yield "PUT", "/environments/default/secrets/TOKEN", value[:-1]
    yield "PUT", "/environments/default/secrets/TOKEN", b'{"value": ' + CANARY.encode() + b"}"
    yield "PUT", "/environments/default/secrets/TOKEN", b'{"value": 1e400}'
    yield "PUT", "/environments/default/secrets/TOKEN", json.dumps([CANARY]).encode()
    yield "PUT", "/environments/default/secrets/TOKEN", json.dumps({"value": [CANARY]}).encode()
    yield "PUT", "/environments/default/secrets/TOKEN", json.dumps({"value": CANARY * 2_000}).encode()
    yield "PUT", "/environments/default/secrets/TOKEN", json.dumps({CANARY: CANARY}).encode()
    yield "POST", "/environments/default/secrets", value
    yield "POST", "/secrets/rotate", b""
    yield "GET", "/environments/default/secrets", b""
    yield "GET", "/environments", b""
    yield "GET", "/environments/default", b""
    yield "PATCH", "/environments/default", b'{"description": "x"}'
    yield "GET", "/jobs", b""
    yield "GET", "/agents", b""
    yield "DELETE", "/environments/lab", b""
    yield "DELETE", "/environments/default/secrets/TOKEN", b""


async def test_a_value_is_nowhere_to_be_seen(
    running: Running, bus: Client, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await running.json("POST", "/environments", {"id": "lab", "name": "Lab"})
    await put(running, environment="lab")
    await running.agent()
    await running.job(secrets=["TOKEN"])
    said = list[str]()
    with capture_logs() as logs:
        for method, path, body in requests():
            answer = await running.http.request(method, f"/api/v1{path}", content=body)
            said.append(f"{answer.status_code} {dict(answer.headers)} {answer.text}")
        said += [str(logs)]

        async def broken(self: Store, *_: Any) -> None:
            raise RuntimeError("the disk is on fire")

        monkeypatch.setattr(Store, "write", broken)
        answer = await running.http.put("/api/v1/environments/default/secrets/TOKEN", json={"value": CANARY})
        assert answer.status_code == 500
        said += [answer.text, str(logs)]
    at, number = datetime.now(UTC), 0
    async for subject, headers, body in messages(bus):
        number += 1
        change = catalog_change(subject, headers, body)
        said += [subject, str(headers), body.decode(), str(draft(Entry(change, number, at)))]
    captured = capsys.readouterr()
    said += [captured.out, captured.err, repr(running.settings), str(RING)]

    assert number > 4
    assert any("secrets" in text for text in said), "it has looked where secrets are"
    assert [form for text in said for form in found_in(text)] == []


def test_its_own_eyes_see() -> None:
    assert len(encodings(CANARY)) >= 12
    assert found_in(f"... {CANARY} ...")
