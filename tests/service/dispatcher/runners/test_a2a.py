"""The A2A runner against real A2A servers on loopback: streams, artifacts, what goes wrong, stops."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
import uvicorn
from a2a.helpers.proto_helpers import (
    get_data_parts,
    get_text_parts,
    new_data_part,
    new_task_from_user_message,
    new_text_part,
)
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandlerV2
from a2a.server.request_handlers.response_helpers import agent_card_to_dict
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types import AgentCapabilities, AgentCard, AgentInterface, Message
from starlette.applications import Starlette
from starlette.requests import Request

from lamplighter_contracts import runners
from lamplighter_contracts.environments import NetworkRules
from lamplighter_contracts.executions import LogStream
from lamplighter_dispatcher.outcomes import Completed, Ended, StopReason, Unsuccessful
from lamplighter_dispatcher.runners import a2a, a2a_bridge
from lamplighter_dispatcher.runners.a2a import A2aRunner
from lamplighter_dispatcher.runners.contract import Outfit
from lamplighter_dispatcher.stops import Stop
from tests.support.scripted.agent import CUT, Answer, document, events, scripted_agent, text
from tests.support.sessions import RecordingSession, work

HERE = NetworkRules(ranges=("127.0.0.1/32",))
TOKEN = "t0ken-of-the-agent"

Script = Callable[[TaskUpdater], Awaitable[None]]


class Scripted(AgentExecutor):
    """What the agent at the other end does."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked: list[Message] = []
        self.headers: list[dict[str, str]] = []
        self.cancelled = asyncio.Event()
        self.url = ""

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        assert context.message is not None
        self.asked.append(context.message)
        task = context.current_task or new_task_from_user_message(context.message)
        await event_queue.enqueue_event(task)
        await self.script(TaskUpdater(event_queue, task.id, task.context_id))

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        assert context.task_id is not None
        assert context.context_id is not None
        await TaskUpdater(event_queue, context.task_id, context.context_id).cancel()
        self.cancelled.set()


@asynccontextmanager
async def _serving(
    script: Script, *, streaming: bool = True, port_of_card: int = 0
) -> AsyncIterator[Scripted]:
    agent = Scripted(script)
    server = uvicorn.Server(
        uvicorn.Config(Starlette(), port=0, log_level="warning", ws="none", lifespan="off")
    )
    sockets = [server.config.bind_socket()]
    port = sockets[0].getsockname()[1]
    card = _card(port_of_card or port, streaming)
    handler = DefaultRequestHandlerV2(agent_executor=agent, task_store=InMemoryTaskStore(), agent_card=card)
    app = Starlette(routes=[*create_agent_card_routes(card), *create_jsonrpc_routes(handler, "/a2a")])

    async def noted(scope: Any, receive: Any, send: Any) -> None:
        agent.headers.append(dict(Request(scope).headers))
        await app(scope, receive, send)

    server.config.loaded_app = server.config.app = noted
    agent.url = f"http://127.0.0.1:{port}"
    serving = asyncio.create_task(server.serve(sockets))
    try:
        yield agent
    finally:
        server.should_exit = server.force_exit = True
        await serving


def _card(port: int, streaming: bool = True) -> AgentCard:
    place = AgentInterface(
        url=f"http://127.0.0.1:{port}/a2a", protocol_binding="JSONRPC", protocol_version="1.0"
    )
    return AgentCard(
        name="gardener",
        version="1.0",
        capabilities=AgentCapabilities(streaming=streaming),
        supported_interfaces=[place],
    )


async def _run(
    url: str, session: RecordingSession | None = None, stop: Stop | None = None, **fields: Any
) -> Ended:
    specification = runners.A2aRunner(url=url, token=fields.pop("token", None))
    runner = A2aRunner(Outfit(cast("Any", None), cast("Any", None), grace_seconds=2))
    asked = work(specification, **{"network": HERE, **fields})
    async with asyncio.timeout(20):
        return await runner.run(specification, asked, session or RecordingSession(), stop or Stop())


async def _mow(task: TaskUpdater) -> None:
    await task.start_work(task.new_agent_message([new_text_part("mowing")]))
    await task.add_artifact([new_text_part("The lawn ")], artifact_id="report")
    await task.add_artifact([new_text_part("is mown.")], artifact_id="report", append=True)
    await task.add_artifact([new_data_part({"height": "low"})], artifact_id="data")
    await task.complete()


@pytest.mark.parametrize("streaming", [True, False])
async def test_what_the_agent_makes_is_the_result(streaming: bool) -> None:
    session = RecordingSession({"TOKEN": TOKEN})
    async with _serving(_mow, streaming=streaming) as agent:
        ended = await _run(
            agent.url,
            session,
            prompt="Mow the lawn",
            payload={"n": "one"},
            done=("watered",),
            token="TOKEN",
            secrets={"TOKEN": TOKEN},
        )
    assert ended == Completed('The lawn is mown.\n{"height": "low"}')
    asked = agent.asked[0]
    assert get_text_parts(asked.parts) == ["Mow the lawn"]
    assert get_data_parts(asked.parts) == [{"payload": {"n": "one"}}, {"done": ["watered"]}]
    assert asked.metadata["job_id"] == "job-1"
    assert {headers["authorization"] for headers in agent.headers} == {f"Bearer {TOKEN}"}
    if streaming:
        assert session.lines() == ["mowing"]
        assert [step.name for step in session.steps] == ["submitted", "working", "completed"]
    assert all(step.ended for step in session.steps)


@pytest.mark.parametrize(
    ("how", "reason", "detail"),
    [
        (TaskUpdater.failed, "agent_error", "It says that it failed: No [secret TOKEN]"),
        (TaskUpdater.reject, "refused", "The agent rejects it: No [secret TOKEN]"),
        (TaskUpdater.cancel, "agent_error", "It was cancelled at the agent: No [secret TOKEN]"),
        (TaskUpdater.requires_input, "agent_error", "It asks for input, which nobody can give"),
        (TaskUpdater.requires_auth, "refused", "The agent asks for another authorization"),
    ],
)  # fmt: skip
async def test_a_task_that_is_not_completed_says_why(how: Any, reason: str, detail: str) -> None:
    async def script(task: TaskUpdater) -> None:
        await task.add_artifact([new_text_part("half")], artifact_id="report")
        await how(task, task.new_agent_message([new_text_part(f"No {TOKEN}")]))

    async with _serving(script) as agent:
        ended = await _run(agent.url, RecordingSession({"TOKEN": TOKEN}))
    assert isinstance(ended, Unsuccessful)
    assert (ended.reason, ended.result) == (reason, "half")
    assert ended.detail.startswith(detail)
    assert TOKEN not in repr(ended)


@pytest.mark.parametrize("reason", [StopReason.CANCEL, StopReason.TIMEOUT, StopReason.SHUTDOWN])
async def test_a_stop_cancels_the_task_at_the_agent(reason: StopReason) -> None:
    async def script(task: TaskUpdater) -> None:
        await task.start_work(task.new_agent_message([new_text_part("mowing")]))
        await asyncio.Event().wait()

    session, stop = RecordingSession(), Stop()
    async with _serving(script) as agent:
        running = asyncio.create_task(_run(agent.url, session, stop))
        await session.until("begin working")
        stop.request(reason)
        assert isinstance(await running, Unsuccessful)
        await asyncio.wait_for(agent.cancelled.wait(), 5)
    assert session.lines(LogStream.SYSTEM) == []
    assert all(step.ended for step in session.steps)


async def test_an_address_that_rules_close_is_refused() -> None:
    async with _serving(_mow) as agent:
        ended = await _run(agent.url, network=NetworkRules())
        assert agent.headers == []
    assert isinstance(ended, Unsuccessful)
    assert (ended.reason, "it is a loopback address" in ended.detail) == ("refused", True)


async def test_so_is_one_that_its_card_names() -> None:
    async with scripted_agent() as elsewhere:
        card = agent_card_to_dict(_card(elsewhere.port))
        card["supportedInterfaces"][0]["url"] = "http://169.254.169.254/a2a"
        elsewhere.script("GET", "/.well-known/agent-card.json", document(card))
        ended = await _run(elsewhere.url)
    assert isinstance(ended, Unsuccessful)
    assert (ended.reason, "169.254.169.254" in ended.detail) == ("refused", True)


async def test_the_token_goes_to_no_other_host() -> None:
    async with (
        _serving(_mow) as agent,
        _serving(_mow, port_of_card=int(agent.url.rpartition(":")[2])) as named,
    ):
        ended = await _run(named.url, token="TOKEN", secrets={"TOKEN": TOKEN})
    assert isinstance(ended, Completed)
    assert all("authorization" in headers for headers in named.headers)
    assert agent.headers
    assert not any("authorization" in headers for headers in agent.headers)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (text("No.", 401), "refused"),
        (text("No.", 404), "refused"),
        (text("Broken.", 503), "unavailable"),
        (text("no card"), "agent_error"),
        (document(["no card"]), "agent_error"),
        (document({"name": "no interfaces"}), "agent_error"),
    ],
)
async def test_a_card_that_cannot_be_had_has_a_reason(answer: Any, reason: str) -> None:
    async with scripted_agent() as agent:
        agent.script("GET", "/.well-known/agent-card.json", answer)
        ended = await _run(agent.url)
    assert isinstance(ended, Unsuccessful)
    assert ended.reason == reason


async def test_nobody_there_is_unavailable() -> None:
    async with scripted_agent() as gone:
        url = gone.url
    ended = await _run(url)
    assert isinstance(ended, Unsuccessful)
    assert ended.reason == "unavailable"


async def test_a_stream_that_breaks_off_is_followed_by_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(a2a, "LOOK_SECONDS", 0.05)
    card, task = agent_card_to_dict(_card(1)), {"id": "t1", "contextId": "c1"}
    working = {"task": {**task, "status": {"state": "TASK_STATE_WORKING"}}}
    done = {
        **task,
        "status": {"state": "TASK_STATE_COMPLETED"},
        "artifacts": [{"artifactId": "a", "parts": [{"text": "mown"}]}],
    }
    async with scripted_agent() as agent:
        card["supportedInterfaces"][0]["url"] = f"{agent.url}/a2a"
        agent.script("GET", "/.well-known/agent-card.json", document(card))
        cut = events({"jsonrpc": "2.0", "id": "1", "result": working}, CUT)
        agent.script(
            "POST", "/a2a", cut, text("", 503), document({"jsonrpc": "2.0", "id": "2", "result": done})
        )
        assert await _run(agent.url) == Completed("mown")


async def test_no_more_is_read_than_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(a2a_bridge, "STREAM_LIMIT", 50_000)

    async def script(task: TaskUpdater) -> None:
        for number in range(100):
            await task.add_artifact([new_text_part("x" * 10_000)], artifact_id="report", append=number > 0)
        await task.complete()

    async with _serving(script) as agent:
        ended = await _run(agent.url)
    assert isinstance(ended, Unsuccessful)
    assert (ended.reason, "50,000 bytes" in ended.detail) == ("agent_error", True)


async def test_what_is_packed_counts_as_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few kilobytes can hold gigabytes, once or many times over."""
    monkeypatch.setattr(a2a_bridge, "STREAM_LIMIT", 50_000)
    once = gzip.compress(bytes(30_000_000))
    for packed, coding in ((once, "gzip"), (gzip.compress(once), "gzip, gzip")):
        assert len(packed) < 50_000
        async with scripted_agent() as agent:
            bomb = Answer(headers={"content-encoding": coding}, parts=[packed])
            agent.script("GET", "/.well-known/agent-card.json", bomb)
            ended = await _run(agent.url)
        assert isinstance(ended, Unsuccessful)
        assert (ended.reason, "50,000 bytes" in ended.detail) == ("agent_error", True)


@pytest.mark.parametrize("secrets", [{}, {"TOKEN": "a\nb"}, {"TOKEN": "é"}])
async def test_a_token_that_cannot_be_sent_is_refused(secrets: dict[str, str]) -> None:
    ended = await _run("http://127.0.0.1:9/", token="TOKEN", secrets=secrets)
    assert isinstance(ended, Unsuccessful)
    assert (ended.reason, "'TOKEN'" in ended.detail) == ("refused", True)
