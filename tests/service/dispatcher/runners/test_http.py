"""The http runner against an agent on a loopback port: all ways to answer, to fail, to be stopped."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from nats.aio.client import Client

from lamplighter_contracts import runners
from lamplighter_contracts.environments import NetworkRules
from lamplighter_contracts.executions import LogStream
from lamplighter_contracts.usage import Usage
from lamplighter_dispatcher.outcomes import Completed, Ended, StopReason, Unsuccessful
from lamplighter_dispatcher.runners import exchange, reading
from lamplighter_dispatcher.runners.contract import Outfit
from lamplighter_dispatcher.runners.folders import Folders
from lamplighter_dispatcher.runners.http import HttpRunner
from lamplighter_dispatcher.stops import Stop
from tests.support.scripted.agent import (
    CUT,
    Answer,
    ScriptedAgent,
    document,
    events,
    lines,
    scripted_agent,
    text,
)
from tests.support.sessions import RecordedEffect, RecordingSession, agent, work

HERE = NetworkRules(ranges=("127.0.0.1/32",))
SECONDS = 15
KEY = "k3y-of-the-agent"


@pytest.fixture
async def there() -> AsyncIterator[ScriptedAgent]:
    async with scripted_agent() as scripted:
        yield scripted


def _runner() -> HttpRunner:
    return HttpRunner(Outfit(cast("Client", None), cast("Folders", None), grace_seconds=2))


async def _run(
    url: str, session: RecordingSession | None = None, stop: Stop | None = None, **fields: Any
) -> Ended:
    given = {name: fields.pop(name) for name in ("headers", "secret_headers") if name in fields}
    specification = runners.HttpRunner(url=url, poll_seconds=0.2, **given)
    asked = work(specification, **{"network": HERE, **fields})
    async with asyncio.timeout(SECONDS):
        return await _runner().run(specification, asked, session or RecordingSession(), stop or Stop())


async def _unsuccessful(url: str, session: RecordingSession | None = None, **fields: Any) -> Unsuccessful:
    ended = await _run(url, session, **fields)
    assert isinstance(ended, Unsuccessful), ended
    return ended


async def test_the_agent_is_told_what_is_to_be_done(there: ScriptedAgent) -> None:
    there.script("POST", "/run", text("done"))
    session = RecordingSession({"TOKEN": "tok-of-the-job", "KEY": KEY})
    ended = await _run(
        f"{there.url}/run",
        session,
        prompt="Mow the lawn, grüße",
        payload={"n": 1},
        attempt=2,
        variables={"CITY": "Bern", "TOKEN": "tok-of-the-job", "URL": "https://x/?t=tok-of-the-job"},
        done=("watered the roses",),
        secrets={"KEY": f"{KEY}\n"},
        headers={"X-Plain": "blümchen", "Content-Type": "text/odd"},
        secret_headers={"X-Key": "KEY"},
    )
    assert ended == Completed("done")
    request = there.asked[0]
    assert request.document == {
        "execution_id": "019caa5c-1a00-7abc-8def-0123456789ab",
        "job_id": "job-1",
        "attempt": 2,
        "prompt": "Mow the lawn, grüße",
        "payload": {"n": 1},
        "variables": {"CITY": "Bern"},
        "done": ["watered the roses"],
        "timeout_seconds": 1800,
    }
    assert b"tok-of-the-job" not in request.body
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-key"] == KEY
    assert request.headers["x-plain"].encode("latin-1").decode() == "blümchen"
    assert request.headers["idempotency-key"].startswith("019caa5c-1a00-7abc-8def-0123456789ab-2-")


async def test_members_of_a_team_do_not_share_a_key(there: ScriptedAgent) -> None:
    there.script("POST", "/", text("done"))
    specification = runners.HttpRunner(url=there.url)
    for asked in ({}, {}, {"prompt": "Another"}, {"agent": agent(specification, agent_id="other")}):
        await _run(f"{there.url}/", **asked)
    keys = [request.headers["idempotency-key"] for request in there.asked]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


@pytest.mark.parametrize(
    ("answer", "ended"),
    [
        (document({"result": "fine"}), Completed("fine")),
        (document({"output": {"a": [1, "é"]}}), Completed('{"a": [1, "é"]}')),
        (document({"status": "succeeded"}), Completed("")),
        (document("only a text"), Completed("only a text")),
        (document(["a", 1]), Completed('["a", 1]')),
        (document({"result": "x"}, headers={"content-type": "application/vnd.agent+json"}), Completed("x")),
        (text("plain\nwords"), Completed("plain\nwords")),
        (text("<b>words</b>", headers={"content-type": "text/html; charset=utf-8"}), Completed("<b>words</b>")),
        (Answer(204), Completed("")),
        (document({"status": "failed", "detail": "No lawn here."}), Unsuccessful("agent_error", "No lawn here.")),
        (document({"error": {"message": "No lawn."}}), Unsuccessful("agent_error", "No lawn.")),
        (document({"error": "No lawn.", "output": "half"}), Unsuccessful("agent_error", "No lawn.", "half")),
        (document({"outcome": "failed", "reason": "unavailable"}),
         Unsuccessful("unavailable", "It says that it failed: unavailable.")),
    ],
)  # fmt: skip
async def test_an_answer_is_the_end(there: ScriptedAgent, answer: Answer, ended: Ended) -> None:
    there.script("POST", "/", answer)
    assert await _run(f"{there.url}/") == ended


async def test_usage_of_an_answer_counts(there: ScriptedAgent) -> None:
    used = {"input_tokens": 7, "output_tokens": 3, "cost": 0.5}
    there.script("POST", "/", document({"result": "fine", "usage": used}))
    session = RecordingSession()
    assert await _run(f"{there.url}/", session) == Completed("fine")
    assert session.spent == Usage(**used)


@pytest.mark.parametrize("form", [events, lines])
async def test_a_stream_tells_steps_effects_usage_and_log_on_the_way(there: ScriptedAgent, form: Any) -> None:
    go_on = asyncio.Event()
    there.script(
        "POST",
        "/",
        form(
            {"step": "mowing", "phase": "started"},
            {"log": "brrr"},
            {"log": "smoke", "stream": "stderr"},
            {"usage": {"input_tokens": 5}},
            {"effect": "mowed", "detail": "the lawn"},
            go_on,
            {"step": "mowing", "detail": "done"},
            {"something": "else"},
            {"result": {"height": 3}, "usage": {"input_tokens": 2}},
            asyncio.Event(),
        ),
    )
    session = RecordingSession()
    running = asyncio.create_task(_run(f"{there.url}/", session))
    await session.until("effect mowed")
    assert session.lines() == ["brrr"], "what is told is seen while the agent is at work"
    go_on.set()
    assert await running == Completed('{"height": 3}')
    assert session.lines() == ["brrr", '{"something": "else"}']
    assert session.lines(LogStream.STDERR) == ["smoke"]
    assert session.effects == [RecordedEffect("mowed", "the lawn")]
    assert session.spent.input_tokens == 7
    assert [(step.name, step.detail, step.ended) for step in session.steps] == [("mowing", "done", True)]


async def test_an_event_stream_may_name_its_events_and_pause(there: ScriptedAgent) -> None:
    parts = b": hello\r\n\r\nevent: log\r\ndata: one\r\ndata: two\r\n\r\nevent: result\r\ndata: it is\r\n\r\n"
    there.script("POST", "/", events(*(parts[at : at + 7] for at in range(0, len(parts), 7))))
    session = RecordingSession()
    assert await _run(f"{there.url}/", session) == Completed("it is")
    assert session.lines() == ["one", "two"]


async def test_secrets_are_masked_in_what_the_agent_says(there: ScriptedAgent) -> None:
    there.script("POST", "/result", document({"result": f"I was given {KEY}."}))
    there.script("POST", "/error", document({"error": f"Bad key {KEY}"}))
    there.script("POST", "/refused", text(f"Bad key {KEY}", 401))
    there.script("POST", "/nonsense", document({"hm": KEY}))
    there.script("POST", "/moved", Answer(302, {"location": f"/{KEY}"}))
    for path in ("result", "error", "refused", "nonsense", "moved"):
        ended = await _run(f"{there.url}/{path}", RecordingSession({"KEY": KEY}))
        assert KEY not in repr(ended)
        assert "[secret KEY]" in repr(ended)


@pytest.mark.parametrize(
    ("answer", "reason", "detail"),
    [
        (text("No key.", 401), "refused", "The agent at '127.0.0.1' answered 401: No key."),
        (text("Not you.", 403), "refused", "answered 403: Not you."),
        (text("What?", 400), "refused", "answered 400: What?"),
        (text("", 404), "refused", "answered 404."),
        (text("x" * 5000, 422), "refused", "x" * 300),
        (Answer(301, {"location": "https://elsewhere.example/"}), "refused", "is at 'https://elsewhere.example/' now"),
        (text("Busy.", 429), "unavailable", "answered 429: Busy."),
        (text("Broken.", 500), "unavailable", "answered 500: Broken."),
        (text("Later.", 503), "unavailable", "answered 503"),
        (events({"step": "a"}), "unavailable", "ended its answer without a result"),
        (lines(), "unavailable", "ended its answer without a result"),
        (events({"step": "a"}, CUT), "unavailable", "could not be reached, or broke off"),
        (Answer(parts=[CUT]), "unavailable", "could not be reached, or broke off"),
        (Answer(202, parts=[b"{}"]), "agent_error", "does not say where to ask"),
        (document({"hm": 1}), "agent_error", 'what makes no sense: {"hm": 1}'),
        (document({"status": "running"}), "agent_error", "makes no sense"),
        (document({"result": "x", "usage": {"input_tokens": "many"}}), "agent_error", "makes no sense"),
        (Answer(headers={"content-type": "application/json"}, parts=[b'{"result']), "agent_error", "makes no sense"),
        (Answer(headers={"content-type": "application/json"}, parts=[b"[" * 100_000]), "agent_error", "makes no sense"),
        (Answer(headers={"content-type": "image/png"}, parts=[b"\x89PNG"]), "agent_error", "'image/png', which is"),
        (Answer(headers={"content-encoding": "gzip"}, parts=[b"no gzip"]), "agent_error", ""),
    ],
)  # fmt: skip
async def test_a_failure_has_a_reason_and_a_sentence(
    there: ScriptedAgent, answer: Answer, reason: str, detail: str
) -> None:
    there.script("POST", "/", answer)
    ended = await _unsuccessful(f"{there.url}/")
    assert ended.reason == reason
    assert detail in ended.detail


@pytest.mark.parametrize(
    ("said", "seconds"), [("7", 7.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("soon", None)]
)
async def test_who_is_busy_may_say_until_when(there: ScriptedAgent, said: str, seconds: float | None) -> None:
    there.script("POST", "/", text("Busy.", 429, {"retry-after": said}))
    assert (await _unsuccessful(f"{there.url}/")).retry_after_seconds == seconds


async def test_nobody_there_is_unavailable(there: ScriptedAgent) -> None:
    async with scripted_agent() as gone:
        url = gone.url
    ended = await _unsuccessful(f"{url}/")
    assert (ended.reason, "could not be reached" in ended.detail) == ("unavailable", True)


async def test_no_more_is_read_than_is_kept(there: ScriptedAgent) -> None:
    line = json.dumps({"log": "x" * 100_000}).encode() + b"\n"
    kinds = {"content-type": "application/x-ndjson"}, {"content-type": "text/event-stream"}
    there.script("POST", "/stream", Answer(headers=kinds[0], parts=[line] * 200 + [asyncio.Event()]))
    there.script("POST", "/line", Answer(headers=kinds[0], parts=[b"x" * 100_000] * 30 + [asyncio.Event()]))
    there.script("POST", "/event", Answer(headers=kinds[1], parts=[b"data: " + b"x" * 100_000 + b"\n"] * 30))
    there.script(
        "POST", "/json", Answer(headers={"content-type": "application/json"}, parts=[b" " * 100_000] * 30)
    )
    there.script("POST", "/text", Answer(parts=[b"x" * 100_000] * 30))
    for path in ("stream", "line", "event", "json", "text"):
        session = RecordingSession()
        ended = await _unsuccessful(f"{there.url}/{path}", session)
        assert ended.reason == "agent_error", path
        assert len(session.output.get(LogStream.STDOUT, b"")) <= reading.STREAM_LIMIT


async def test_a_limit_that_is_reached_ends_it(there: ScriptedAgent) -> None:
    there.script("POST", "/", events({"usage": {"input_tokens": 9}}, asyncio.Event()))
    ended = await _unsuccessful(f"{there.url}/", RecordingSession(most_tokens=5))
    assert ended.reason == "limit: tokens"
    await asyncio.wait_for(there.hung_up.wait(), 5)


async def test_an_address_that_rules_close_is_refused_without_a_request(there: ScriptedAgent) -> None:
    ended = await _unsuccessful(f"{there.url}/", network=NetworkRules())
    assert ended.reason == "refused"
    assert "'127.0.0.1' is not allowed: it is a loopback address" in ended.detail
    assert there.asked == []


@pytest.mark.parametrize(
    "url",
    ["http://0177.0.0.1/", "http://[::ffff:10.0.0.1]/", "http://u:p@8.8.8.8/", "http://169.254.169.254/"],
)
async def test_so_are_other_ways_to_write_one(url: str) -> None:
    assert (await _unsuccessful(url)).reason == "refused"


@pytest.mark.parametrize("secrets", [{}, {"KEY": " "}, {"KEY": "a\nb"}])
async def test_a_header_without_a_usable_secret_is_not_sent(
    there: ScriptedAgent, secrets: dict[str, str]
) -> None:
    ended = await _unsuccessful(f"{there.url}/", secrets=secrets, secret_headers={"X-Key": "KEY"})
    assert ended.reason == "refused"
    assert "The secret 'KEY' of the header 'X-Key'" in ended.detail
    assert there.asked == []


# Work that goes on after the answer


async def test_work_that_goes_on_is_asked_after(there: ScriptedAgent) -> None:
    there.script("POST", "/", document({"status": "queued"}, 202, {"location": "/runs/1"}))
    there.script(
        "GET",
        "/runs/1",
        document({"status": "running", "step": "mowing"}),
        document({"status": "running", "step": "mowing"}, 202),
        document({"status": "running", "result": None, "step": "raking"}),
        document({"status": "done", "result": "mown", "usage": {"input_tokens": 4}}),
    )
    session = RecordingSession({"KEY": KEY})
    ended = await _run(f"{there.url}/", session, secrets={"KEY": KEY}, secret_headers={"X-Key": "KEY"})
    assert ended == Completed("mown")
    assert [step.name for step in session.steps] == ["mowing", "raking"]
    assert session.spent.input_tokens == 4
    assert {request.headers["x-key"] for request in there.requests("GET")} == {KEY}
    assert there.requests("DELETE") == []


@pytest.mark.parametrize(
    "first",
    [document({"status_url": "/runs/1"}, 202), document({"status": "running", "status_url": "/runs/1"}),
     Answer(303, {"location": "/runs/1"})],
)  # fmt: skip
async def test_it_may_say_in_several_ways_where(there: ScriptedAgent, first: Answer) -> None:
    there.script("POST", "/", first)
    there.script("GET", "/runs/1", Answer(303, {"location": "/results/1"}))
    there.script("GET", "/results/1", text("mown"))
    assert await _run(f"{there.url}/") == Completed("mown")


async def test_it_says_when_to_ask_again(there: ScriptedAgent) -> None:
    there.script("POST", "/", document({}, 202, {"location": "/runs/1", "retry-after": "1"}))
    there.script("GET", "/runs/1", text("mown"))
    began = asyncio.get_running_loop().time()
    assert await _run(f"{there.url}/") == Completed("mown")
    assert asyncio.get_running_loop().time() - began >= 1


async def test_headers_go_to_no_other_host(there: ScriptedAgent) -> None:
    async with scripted_agent() as other:
        there.script("POST", "/", document({}, 202, {"location": f"{other.url}/runs/1"}))
        other.script("GET", "/runs/1", text("mown"))
        asked: dict[str, Any] = {
            "secrets": {"KEY": KEY},
            "headers": {"X-Plain": "plain"},
            "secret_headers": {"X-Key": "KEY"},
        }
        assert await _run(f"{there.url}/", **asked) == Completed("mown")
        assert not {"x-key", "x-plain"} & other.asked[0].headers.keys()


async def test_rules_hold_for_where_it_says_too(there: ScriptedAgent) -> None:
    there.script("POST", "/", document({}, 202, {"location": "http://169.254.169.254/latest/meta-data"}))
    ended = await _unsuccessful(f"{there.url}/")
    assert (ended.reason, "169.254.169.254" in ended.detail) == ("refused", True)


async def test_one_that_cannot_be_asked_for_a_moment_is_asked_again(there: ScriptedAgent) -> None:
    there.script("POST", "/", document({}, 202, {"location": "/runs/1"}))
    there.script("GET", "/runs/1", text("", 503), Answer(parts=[CUT]), text("", 429), text("mown"))
    assert await _run(f"{there.url}/") == Completed("mown")


async def test_one_that_cannot_be_asked_for_long_is_unavailable(there: ScriptedAgent) -> None:
    there.script("POST", "/", document({}, 202, {"location": "/runs/1"}))
    there.script("GET", "/runs/1", text("", 503))
    there.script("DELETE", "/runs/1", Answer(204))
    assert (await _unsuccessful(f"{there.url}/")).reason == "unavailable"
    assert len(there.requests("GET")) == exchange.MOST_FAILURES
    assert len(there.requests("DELETE")) == 1, "it may still be at work, and another attempt may follow"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (text("", 404), "refused"),
        (document({"status": "failed"}), "agent_error"),
        (document({"hm": 1}), "agent_error"),
    ],
)
async def test_work_that_goes_on_may_fail(there: ScriptedAgent, answer: Answer, reason: str) -> None:
    there.script("POST", "/", document({}, 202, {"location": "/runs/1"}))
    there.script("GET", "/runs/1", answer)
    assert (await _unsuccessful(f"{there.url}/")).reason == reason


# Stops


@pytest.mark.parametrize("reason", [StopReason.CANCEL, StopReason.TIMEOUT, StopReason.SHUTDOWN])
async def test_a_stop_breaks_the_connection_off(there: ScriptedAgent, reason: StopReason) -> None:
    there.script("POST", "/", events({"log": "begun"}, asyncio.Event()))
    session, stop = RecordingSession(), Stop()
    running = asyncio.create_task(_run(f"{there.url}/", session, stop))
    await session.until("write")
    stop.request(reason)
    assert isinstance(await running, Unsuccessful)
    await asyncio.wait_for(there.hung_up.wait(), 5)


async def test_a_stop_before_the_answer_does_too(there: ScriptedAgent) -> None:
    there.script("POST", "/", Answer(parts=[asyncio.Event()]))
    stop = Stop()
    running = asyncio.create_task(_run(f"{there.url}/", stop=stop))
    await asyncio.wait_for(there.came.wait(), 5)
    stop.request(StopReason.CANCEL)
    assert isinstance(await running, Unsuccessful)
    await asyncio.wait_for(there.hung_up.wait(), 5)


async def _stopped(there: ScriptedAgent, session: RecordingSession, **fields: Any) -> Ended:
    """A run that is stopped while it asks after its work."""
    there.script("POST", "/", document({}, 202, {"location": "/runs/1"}))
    there.script("GET", "/runs/1", document({"status": "running"}))
    stop = Stop()
    running = asyncio.create_task(_run(f"{there.url}/", session, stop, **fields))
    while not there.requests("GET"):
        there.came.clear()
        await asyncio.wait_for(there.came.wait(), 5)
    stop.request(StopReason.CANCEL)
    return await running


async def test_a_stop_is_told_where_the_work_is(there: ScriptedAgent) -> None:
    there.script("DELETE", "/runs/1", Answer(204))
    session = RecordingSession({"KEY": KEY})
    ended = await _stopped(there, session, secrets={"KEY": KEY}, secret_headers={"X-Key": "KEY"})
    assert isinstance(ended, Unsuccessful)
    assert [request.headers["x-key"] for request in there.requests("DELETE")] == [KEY]
    assert session.lines(LogStream.SYSTEM) == []


@pytest.mark.parametrize(
    ("answer", "told"),
    [(text("No.", 500), ["The agent could not be told to stop: it answered 500"]), (text("Gone.", 410), [])],
)
async def test_it_is_told_that_an_agent_could_not_be_stopped(
    there: ScriptedAgent, answer: Answer, told: list[str]
) -> None:
    there.script("DELETE", "/runs/1", answer)
    session = RecordingSession()
    await _stopped(there, session)
    assert session.lines(LogStream.SYSTEM) == told
