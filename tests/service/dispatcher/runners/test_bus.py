"""Work that is given to any process on the bus: against a real NATS, with executors of every temper."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError

from lamplighter_contracts import runners
from lamplighter_contracts.executions import LogStream
from lamplighter_contracts.executors import Instruction
from lamplighter_contracts.usage import Usage
from lamplighter_dispatcher.outcomes import Completed, Ended, NotStarted, StopReason, Unsuccessful
from lamplighter_dispatcher.runners.bus import BusRunner
from lamplighter_dispatcher.runners.contract import Outfit
from lamplighter_dispatcher.runners.folders import Folders
from lamplighter_dispatcher.stops import Stop
from lamplighter_runtime.messages import BusUnavailable
from tests.support import servers
from tests.support.sessions import RecordedEffect, RecordingSession, work

ROOT = Path(__file__).parents[4]
EXAMPLES = ROOT / "examples" / "executors"
SPECIFICATION = runners.BusRunner(executor="crew", claim_seconds=5, silence_seconds=5)

Offer = dict[str, Any]


class Executor:
    """What an executor of a test says."""

    def __init__(self, bus: Client, offer: Msg) -> None:
        self._bus = bus
        self.offer: Offer = json.loads(offer.data)

    async def ask(self, kind: str, data: bytes | None = None, **said: Any) -> Instruction:
        body = json.dumps(said).encode() if data is None else data
        answer = await self._bus.request(f"{self.offer['reply_to']}.{kind}", body, timeout=10)
        return Instruction.model_validate_json(answer.data)

    async def say(self, kind: str, data: bytes | None = None, **said: Any) -> None:
        body = json.dumps(said).encode() if data is None else data
        await self._bus.publish(f"{self.offer['reply_to']}.{kind}", body)

    async def told_to_stop(self) -> Instruction:
        stops = await self._bus.subscribe(f"{self.offer['reply_to']}.stop")
        return Instruction.model_validate_json((await stops.next_msg(timeout=10)).data)


@asynccontextmanager
async def serving(
    bus: Client, does: Callable[[Executor], Awaitable[None]], *, accept: bool = True
) -> AsyncIterator[list[Offer]]:
    """An executor that does this with each offer; the offers, as they came."""
    offers: list[Offer] = []
    tasks: list[asyncio.Task[None]] = []

    async def take(offer: Msg) -> None:
        executor = Executor(bus, offer)
        offers.append(executor.offer)
        tasks.append(asyncio.ensure_future(does(executor)))
        await offer.respond(json.dumps({"accept": accept, "executor": "the test's"}).encode())

    subscription = await bus.subscribe("executor.crew.offer", queue="crew", cb=take)
    await bus.flush()
    yield offers
    await subscription.unsubscribe()
    for task in tasks:
        task.cancel()
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        assert ended is None or isinstance(ended, asyncio.CancelledError), repr(ended)


async def nothing(executor: Executor) -> None:
    pass


async def run(
    bus: Client,
    session: RecordingSession | None = None,
    stop: Stop | None = None,
    specification: runners.BusRunner = SPECIFICATION,
    grace_seconds: float = 1,
    **fields: Any,
) -> Ended:
    runner = BusRunner(Outfit(bus, Folders(Path("/nowhere"), "worker"), grace_seconds))
    async with asyncio.timeout(20):
        return await runner.run(
            specification, work(specification, **fields), session or RecordingSession(), stop or Stop()
        )


async def test_an_executor_is_given_everything_and_tells_everything(bus: Client) -> None:
    async def does(executor: Executor) -> None:
        assert await executor.ask("progress", step="reading", phase="started") == Instruction()
        await executor.say("log", text="one\ntwo")
        await executor.say("log", text="three\n", stream="stderr")
        await executor.ask("progress", step="reading", detail="3 pages")
        await executor.ask("progress", effect="sent a mail", usage={"input_tokens": 5, "cost": 0.5})
        await executor.ask("progress", data=b"")
        assert not (
            await executor.ask("result", outcome="completed", result="done", usage={"requests": 1})
        ).stop

    session = RecordingSession()
    async with serving(bus, does) as offers:
        ended = await run(
            bus, session, payload={"a": [1]}, variables={"KEY": "v"}, done=("ate",), attempt=2, prompt="Go"
        )
    assert ended == Completed("done")
    (offer,) = offers
    assert offer["work_id"].startswith("019caa5c-1a00-7abc-8def-0123456789ab-2")
    assert offer["reply_to"] == f"executor.crew.work.{offer['work_id']}"
    given = {
        name: offer[name] for name in ("prompt", "payload", "variables", "done", "attempt", "silence_seconds")
    }
    assert given == {
        "prompt": "Go",
        "payload": {"a": [1]},
        "variables": {"KEY": "v"},
        "done": ["ate"],
        "attempt": 2,
        "silence_seconds": 5,
    }
    assert session.lines() == ["one", "two"]
    assert session.lines(LogStream.STDERR) == ["three"]
    assert [(step.name, step.detail, step.ended) for step in session.steps] == [("reading", "3 pages", True)]
    assert session.effects == [RecordedEffect("sent a mail")]
    assert session.spent == Usage(input_tokens=5, cost=0.5, requests=1)


@pytest.mark.parametrize(
    ("said", "reason", "detail"),
    [
        ({}, "agent_error", "It says that it failed."),
        ({"reason": "no_paper", "detail": "Out of paper."}, "agent_error", "no_paper: Out of paper."),
        ({"reason": "unavailable", "detail": "Model away."}, "unavailable", "Model away."),
    ],
)
async def test_an_executor_that_fails_says_why(
    bus: Client, said: dict[str, Any], reason: str, detail: str
) -> None:
    async def does(executor: Executor) -> None:
        await executor.say("result", outcome="failed", result="half", **said)

    async with serving(bus, does):
        assert await run(bus) == Unsuccessful(reason, detail, "half")


async def test_without_anybody_it_is_unavailable_after_the_time_to_claim(bus: Client) -> None:
    ended = await run(bus, specification=SPECIFICATION.model_copy(update={"claim_seconds": 1}))
    assert isinstance(ended, Unsuccessful)
    assert ended.reason == "unavailable"
    assert "'crew'" in ended.detail
    assert "nobody takes offers of that name" in ended.detail


async def test_a_refusal_is_asked_again_and_again(bus: Client) -> None:
    async with serving(bus, nothing, accept=False) as offers:
        ended = await run(bus, specification=SPECIFICATION.model_copy(update={"claim_seconds": 1}))
    assert isinstance(ended, Unsuccessful)
    assert (ended.reason, "the test's refused" in ended.detail) == ("unavailable", True)
    assert 3 <= len(offers) <= 8
    assert len({offer["work_id"] for offer in offers}) == len(offers)


async def test_who_comes_later_still_gets_it(bus: Client) -> None:
    async def does(executor: Executor) -> None:
        await executor.say("result", outcome="completed", result="late")

    running = asyncio.create_task(run(bus))
    watch = await bus.subscribe("executor.crew.work.>")
    await bus.flush()
    async with serving(bus, does):
        assert await running == Completed("late")
    await watch.unsubscribe()


async def test_who_answers_too_late_is_told_to_stop_and_speaks_to_nobody(
    bus: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lamplighter_dispatcher.runners.offering.ANSWER_SECONDS", 0.3)
    silent = await bus.subscribe("executor.crew.offer")
    stops = await bus.subscribe("executor.crew.work.*.stop")
    running = asyncio.create_task(
        run(bus, specification=SPECIFICATION.model_copy(update={"claim_seconds": 1}))
    )
    late = Executor(bus, await silent.next_msg(timeout=5))
    stop = await stops.next_msg(timeout=5)
    assert isinstance(await running, Unsuccessful)
    assert stop.subject == f"{late.offer['reply_to']}.stop"
    with pytest.raises(NoRespondersError):
        await late.ask("progress", step="I begin")
    for subscription in (silent, stops):
        await subscription.unsubscribe()


async def test_silence_is_taken_for_death(bus: Client) -> None:
    heard: asyncio.Future[Instruction] = asyncio.get_running_loop().create_future()

    async def does(executor: Executor) -> None:
        heard.set_result(await executor.told_to_stop())

    async with serving(bus, does):
        ended = await run(bus, specification=SPECIFICATION.model_copy(update={"silence_seconds": 2}))
        assert "said nothing for 2 seconds" in (await asyncio.wait_for(heard, 5)).reason
    assert ended == Unsuccessful("lost", "The executor 'crew' said nothing for 2 seconds.")


async def test_an_empty_progress_is_a_sign_of_life(bus: Client) -> None:
    async def does(executor: Executor) -> None:
        for _ in range(4):
            await asyncio.sleep(0.7)
            await executor.say("progress", data=b"")
        await executor.say("result", outcome="completed")

    async with serving(bus, does):
        ended = await run(bus, specification=SPECIFICATION.model_copy(update={"silence_seconds": 2}))
    assert ended == Completed()


@pytest.mark.parametrize("way", ["message", "answer"])
async def test_a_cancel_is_told_and_its_result_is_waited_for(bus: Client, way: str) -> None:
    stop, session = Stop(), RecordingSession()

    async def does(executor: Executor) -> None:
        stopping = asyncio.ensure_future(executor.told_to_stop())
        await executor.ask("log", text="ready")
        instruction = await stopping
        if way == "answer":
            instruction = await executor.ask("progress", data=b"")
        assert instruction == Instruction(stop=True, reason="it was cancelled")
        await executor.say("result", outcome="failed", result="half", detail="Stopped.")

    async with serving(bus, does):
        running = asyncio.create_task(run(bus, session, stop, grace_seconds=10))
        await session.until("write")
        stop.request(StopReason.CANCEL)
        assert await running == Unsuccessful("agent_error", "Stopped.", "half")
    assert session.lines(LogStream.SYSTEM) == []


async def test_who_ignores_a_cancel_is_left_after_the_grace_time(bus: Client) -> None:
    stop, session = Stop(), RecordingSession()

    async def does(executor: Executor) -> None:
        for _ in range(100):
            await executor.say("log", text="la la la")
            await asyncio.sleep(0.05)

    async with serving(bus, does):
        running = asyncio.create_task(run(bus, session, stop, grace_seconds=0.5))
        await session.until("write")
        stop.request(StopReason.CANCEL)
        ended = await asyncio.wait_for(running, 3)
    assert ended == Unsuccessful("lost", "It was told to stop, and did not within 0.5 seconds.")


async def test_at_once_leaves_at_once(bus: Client) -> None:
    stop, session = Stop(), RecordingSession()
    heard: asyncio.Future[Instruction] = asyncio.get_running_loop().create_future()

    async def does(executor: Executor) -> None:
        stopping = asyncio.ensure_future(executor.told_to_stop())
        await executor.say("log", text="ready")
        heard.set_result(await stopping)

    async with serving(bus, does):
        running = asyncio.create_task(run(bus, session, stop, grace_seconds=60))
        await session.until("write")
        stop.request(StopReason.LEASE)
        await asyncio.wait_for(running, 1)
        assert (await asyncio.wait_for(heard, 5)).stop


async def test_a_stop_before_anybody_took_it_withdraws_the_offer(bus: Client) -> None:
    stop = Stop()
    silent = await bus.subscribe("executor.crew.offer")
    stops = await bus.subscribe("executor.crew.work.*.stop")
    running = asyncio.create_task(run(bus, stop=stop))
    await silent.next_msg(timeout=5)
    stop.request(StopReason.CANCEL)
    assert isinstance(await asyncio.wait_for(running, 2), NotStarted)
    assert b"withdrawn" in (await stops.next_msg(timeout=5)).data


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("progress", b"{", "makes no sense"),
        ("log", b"{}", "text: Field required"),
        ("result", b'{"outcome": "perhaps"}', "outcome: "),
        ("progress", b'{"usage": {"cost": 1e999}}', "no run uses more"),
        ("log", b'{"text": "' + b"x" * (300 << 10) + b'"}', "at most 262,144 are read"),
        ("nonsense", b"{}", "nothing to say on '.nonsense'"),
    ],
)
async def test_what_makes_no_sense_is_answered_logged_and_survived(
    bus: Client, kind: str, data: bytes, words: str
) -> None:
    answers: list[Instruction] = []

    async def does(executor: Executor) -> None:
        answers.append(await executor.ask(kind, data=data))
        await executor.say(kind, data=data)
        await executor.say("result", outcome="completed", result="all the same")

    session = RecordingSession()
    async with serving(bus, does):
        assert await run(bus, session) == Completed("all the same")
    assert (answers[0].stop, words in answers[0].reason) == (False, True)
    logged = session.lines(LogStream.SYSTEM)
    assert len(logged) == 2
    assert words in logged[0]


async def test_a_limit_stops_it_and_keeps_what_it_has(bus: Client) -> None:
    async def does(executor: Executor) -> None:
        instruction = await executor.ask("progress", usage={"input_tokens": 11})
        assert instruction == Instruction(stop=True, reason="It used 11 of 10 tokens.")
        await executor.say("result", outcome="completed", result="half", usage={"input_tokens": 1})

    async with serving(bus, does):
        ended = await run(bus, RecordingSession(most_tokens=10), grace_seconds=10)
    assert ended == Unsuccessful("limit: tokens", "It used 11 of 10 tokens.", "half")


async def test_an_effect_that_cannot_be_stored_holds_up_whoever_reports_it_but_not_a_stop(
    bus: Client,
) -> None:
    stop, session = Stop(), RecordingSession(effect_fails=BusUnavailable("away"))

    async def does(executor: Executor) -> None:
        await executor.say("log", text="ready")
        await executor.ask("progress", effect="sent")

    async with serving(bus, does):
        running = asyncio.create_task(run(bus, session, stop))
        await session.until("write")
        stop.request(StopReason.LEASE)
        assert isinstance(await asyncio.wait_for(running, 2), Unsuccessful)


async def test_work_larger_than_a_message_is_not_offered(bus: Client) -> None:
    ended = await run(bus, payload="x" * (2 << 20))
    assert isinstance(ended, NotStarted)
    assert "more than a message may have" in ended.detail


async def test_secrets_in_what_it_says_are_masked(bus: Client) -> None:
    async def does(executor: Executor) -> None:
        await executor.say(
            "result", outcome="failed", result="it is hunter2hunter2", detail="hunter2hunter2!"
        )

    async with serving(bus, does):
        ended = await run(bus, RecordingSession(secrets={"KEY": "hunter2hunter2"}))
    assert ended == Unsuccessful("agent_error", "[secret KEY]!", "it is [secret KEY]")


PROMPT = 'Say "hello" \\ in two\nlines, ünïcode and all, not "reply_to":"nowhere"'


@pytest.mark.parametrize("example", ["executor.sh", "executor.py"])
async def test_an_example_takes_one_offer_after_another(
    bus: Client, nats_server: servers.Server, example: str
) -> None:
    at = urlsplit(nats_server.url)
    where = [str(at.hostname), str(at.port)] if example.endswith(".sh") else [nats_server.url]
    interpreter = "bash" if example.endswith(".sh") else sys.executable
    process = await asyncio.create_subprocess_exec(interpreter, str(EXAMPLES / example), "crew", *where)
    try:
        for _ in range(3):
            session = RecordingSession()
            payload = {"reply_to": "nowhere", "prompt": "no"}
            assert await run(bus, session, prompt=PROMPT, payload=payload) == Completed(
                f"You asked: {PROMPT}"
            )
            assert [step.ended for step in session.steps] == [True]
            assert len(session.lines()) == 1
    finally:
        process.kill()
        await process.wait()


@pytest.mark.parametrize("example", ["executor.sh", "executor.py"])
def test_the_documentation_shows_the_examples_as_they_are(example: str) -> None:
    blocks = re.findall(r"^```\w+\n(.*?)^```$", (ROOT / "docs" / "executors.md").read_text(), re.M | re.S)
    assert (EXAMPLES / example).read_text() in blocks
