"""A remote server: asked over its data API, and whatever goes wrong is a failure."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Any

import pytest

from lamplighter_contracts.policies import Constraints, Effect, Opa, PolicyInput
from lamplighter_policies.opa import ANSWER_LIMIT, Server
from lamplighter_policies.opinions import PolicyFailed, Said
from tests.support.scripted.opa import PATH, ScriptedOpa, scripted_opa
from tests.unit.policies.documents import start

SECONDS = 10


@pytest.fixture
async def opa() -> AsyncIterator[ScriptedOpa]:
    async with scripted_opa() as running:
        yield running


async def asked(opa: ScriptedOpa, document: PolicyInput | None = None, **settings: Any) -> Any:
    server = Server(Opa(**{"url": opa.url, **settings}), {"OPA_TOKEN": "sesame"}.get)
    try:
        async with asyncio.timeout(SECONDS):
            return await server.ask(document or start())
    finally:
        await server.close()


async def test_it_is_asked_with_the_document(opa: ScriptedOpa) -> None:
    opa.answer = 200, {"result": {"deny": ["No."], "constraints": {"max_seconds": 9}}, "decision_id": "x"}

    opinion = await asked(opa, token="OPA_TOKEN")

    assert opinion.said[0] == Said(Effect.DENY, "deny", "No.")
    assert opinion.constraints == Constraints(max_seconds=9)
    ((path, headers, body),) = opa.asked
    assert (path, headers["authorization"]) == (PATH, "Bearer sesame")
    assert PolicyInput.model_validate(body["input"], extra="forbid") == start()


FAILURES: list[tuple[tuple[int, Any], str]] = [
    ((200, {}), "undefined: nothing was decided"),
    ((200, {"result": {}}), "none of 'deny'"),
    ((200, {"result": True}), "true or false, where it has to be an object"),
    ((200, {"result": {"allow": "yes"}}), "'allow' is a text"),
    ((200, {"result": {"allow": True, "constraints": {"x": 1}}}), "x: is not known"),
    ((200, []), "not a JSON object"),
    ((200, b"<html>"), "not JSON"),
    ((200, b"[" * 100_000), "not JSON"),
    ((200, b"\xff"), "not JSON"),
    ((204, b""), "answered 204"),
    ((302, b""), "answered 302"),
    ((401, {"result": {"allow": True}}), "answered 401"),
    ((500, {"code": "internal_error"}), "answered 500"),
    ((200, b" " * (ANSWER_LIMIT + 1)), "more than the 1,048,576 bytes"),
]


@pytest.mark.parametrize(("answer", "words"), FAILURES)
async def test_whatever_is_no_clear_decision_is_a_failure(
    opa: ScriptedOpa, answer: tuple[int, Any], words: str
) -> None:
    opa.answer = answer
    with pytest.raises(PolicyFailed) as failed:
        await asked(opa)
    assert words in str(failed.value)


async def test_a_redirect_is_not_followed(opa: ScriptedOpa) -> None:
    opa.answer, opa.headers = (307, b""), {"Location": opa.url}
    with pytest.raises(PolicyFailed, match="answered 307"):
        await asked(opa)
    assert len(opa.asked) == 1


async def test_an_answer_that_grows_on_the_way_is_not_read_to_its_end(opa: ScriptedOpa) -> None:
    opa.answer, opa.headers = (200, gzip.compress(b" " * (50 << 20))), {"Content-Encoding": "gzip"}
    with pytest.raises(PolicyFailed, match="more than"):
        await asked(opa)


async def test_one_that_is_late_is_a_failure() -> None:
    async with scripted_opa(at_once=False) as opa:
        with pytest.raises(PolicyFailed, match=r"gave no answer within 0\.2 s"):
            await asked(opa, timeout_seconds=0.2)


async def test_one_that_is_not_there_is_a_failure(opa: ScriptedOpa) -> None:
    with pytest.raises(PolicyFailed, match=r"127\.0\.0\.1:9 cannot be asked"):
        await asked(opa, url="http://127.0.0.1:9/v1/data/x")


async def test_a_secret_that_is_not_there_is_a_failure_and_nobody_is_asked(opa: ScriptedOpa) -> None:
    with pytest.raises(PolicyFailed, match="'OTHER' of the environment 'default', which is not there"):
        await asked(opa, token="OTHER")
    assert opa.asked == []


async def test_the_connection_is_kept(opa: ScriptedOpa) -> None:
    opa.answer = 200, {"result": {"allow": True}}
    server = Server(Opa(url=opa.url), lambda name: None)
    async with asyncio.timeout(SECONDS):
        for _ in range(3):
            await server.ask(start())
    await server.close()
    assert (len(opa.asked), opa.connections) == (3, 1)
