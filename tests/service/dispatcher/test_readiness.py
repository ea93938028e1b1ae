"""Checks of environments: made in their interval by one of all dispatchers, at once on a change, and told to all."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from nats.aio.client import Client

from lamplighter_cli.embedded.servers import free_port
from lamplighter_contracts import subjects
from lamplighter_contracts.environments import (
    Check,
    CommandCheck,
    Environment,
    NetworkRules,
    Readiness,
    UrlCheck,
)
from lamplighter_contracts.streams import PRESENCE
from lamplighter_dispatcher.presence.board import Board
from lamplighter_dispatcher.presence.inspection import Inspection
from lamplighter_dispatcher.presence.readiness import Checker
from lamplighter_dispatcher.runners.folders import Folders
from lamplighter_runtime.latest import last_message
from lamplighter_runtime.messages import Message
from lamplighter_runtime.publishing import publish
from lamplighter_runtime.tasks import end
from tests.support.waiting import until

OPEN = NetworkRules(ranges=("127.0.0.1",))


def python(code: str, **more: Any) -> CommandCheck:
    return CommandCheck(command=(sys.executable, "-c", code), **more)


def environment(check: Check | None, environment_id: str = "lab", **more: Any) -> Environment:
    now = datetime.now(UTC)
    fields: dict[str, Any] = {"revision": 1, "network": OPEN} | more
    return Environment(
        environment_id=environment_id, name="Lab", check=check, created_at=now, updated_at=now, **fields
    )


def checker_of(bus: Client, folder: Path, worker: str = "w") -> Checker:
    folders = Folders(folder, worker)
    folders.open()
    return Checker(bus, folders, worker, lambda: datetime.now(UTC))


@pytest.fixture
def checker(bus: Client, tmp_path: Path) -> Checker:
    return checker_of(bus, tmp_path / "runs")


async def told(bus: Client, environment_id: str = "lab") -> Readiness | None:
    last = await last_message(bus, PRESENCE.name, subjects.readiness(environment_id))
    return Readiness.model_validate_json(last.body) if last else None


# One check


@pytest.mark.parametrize(
    ("check", "ready", "reason"),
    [
        (python("pass"), True, ""),
        (None, True, ""),
        (python("print('No disk.\\n'); exit(1)"), False, "No disk."),
        (
            python("import sys; print('out'); sys.stdout.flush(); print('why', file=sys.stderr); exit(2)"),
            False,
            "why",
        ),
        (python("exit(3)"), False, f"Its check {sys.executable!r} ended with exit code 3."),
        (python("import os; os.kill(os.getpid(), 9)"), False, "was ended by signal 9."),
        (CommandCheck(command=("no-such-program",)), False, "'no-such-program'"),
        (python("import time; time.sleep(60)", timeout_seconds=1), False, "took longer than 1 seconds."),
        (python("print('x' * 10_000_000); print('the end'); exit(1)"), False, "the end"),
    ],
)
async def test_how_a_command_ends_is_the_word_on_it(
    bus: Client, checker: Checker, check: Check | None, ready: bool, reason: str
) -> None:
    async with asyncio.timeout(30):
        found = await checker.check_now(environment(check))

    assert found.ready is ready
    assert reason in found.reason
    assert len(found.reason) <= 500
    assert await told(bus) == Readiness.model_validate_json(found.model_dump_json())


async def test_a_command_has_the_environments_variables_and_nothing_of_ours(
    checker: Checker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMPLIGHTER_VAULT_KEYS", "k1:secret")
    code = (
        "import os; print(sorted(n for n in os.environ if 'LAMPLIGHTER' in n), os.environ['REGION']); exit(1)"
    )

    found = await checker.check_now(environment(python(code), variables={"REGION": "eu"}))

    assert found.reason == "[] eu"


async def test_nothing_of_a_check_that_is_too_slow_is_left(checker: Checker, tmp_path: Path) -> None:
    code = "import subprocess, time; subprocess.Popen(['sleep', '61.5']); time.sleep(60)"

    await checker.check_now(environment(python(code, timeout_seconds=1)))

    async def gone() -> bool:
        return not running("61.5")

    await until(gone, seconds=10, what="the end of what the check had started")
    assert list((tmp_path / "runs" / "w").glob("[0-9]*")) == []


def running(argument: str) -> list[str]:
    """Command lines, of all there are, with that argument."""
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, timeout=10, check=True)
    return [line for line in listed.stdout.splitlines() if line.endswith(argument)]


@asynccontextmanager
async def answering(reply: bytes) -> AsyncIterator[str]:
    """An address where any request gets that reply; an empty one is never sent."""
    hold = asyncio.Event()

    async def on_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if not reply:
            await hold.wait()
        writer.write(reply)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(on_request, "127.0.0.1", free_port())
    port = server.sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/health"
    hold.set()
    server.close()


@pytest.mark.parametrize(
    ("reply", "ready", "reason"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", True, ""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", True, ""),
        (b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", False, "answered with the status 503."),
        (
            b"HTTP/1.1 302 No\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n",
            False,
            "answered with the status 302.",
        ),
        (b"", False, "gave no answer within 1 seconds."),
        (b"rubbish\r\n\r\n", False, "could not be reached"),
    ],
)
async def test_what_an_address_answers_is_the_word_on_it(
    checker: Checker, reply: bytes, ready: bool, reason: str
) -> None:
    async with answering(reply) as url:
        found = await checker.check_now(environment(UrlCheck(url=url, timeout_seconds=1)))

    assert (found.ready, reason in found.reason) == (ready, True), found


async def test_an_address_where_nobody_is(checker: Checker) -> None:
    found = await checker.check_now(environment(UrlCheck(url=f"http://127.0.0.1:{free_port()}/")))

    assert not found.ready
    assert "could not be reached" in found.reason


async def test_an_address_is_asked_only_where_the_environment_allows_it(checker: Checker) -> None:
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as url:
        found = await checker.check_now(environment(UrlCheck(url=url), network=NetworkRules()))

    assert not found.ready
    assert "is not allowed" in found.reason


async def test_a_check_that_breaks_leaves_the_environment_not_ready(
    checker: Checker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*_: object) -> str:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(checker._command, "why_not", breaks)

    found = await checker.check_now(environment(python("pass")))

    assert (found.ready, "ZeroDivisionError('oh')" in found.reason) == (False, True)


# In their interval


@asynccontextmanager
async def inspecting(
    bus: Client, folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> AsyncIterator[Inspection]:
    board = Board(bus)
    inspection = Inspection(bus, ["default"], checker_of(bus, folder), board.said, now)
    tasks = [asyncio.create_task(board.follow()), asyncio.create_task(inspection.follow())]
    try:
        yield inspection
    finally:
        await end(tasks)


async def put(bus: Client, item: Environment) -> int:
    subject = subjects.catalog("environments", item.environment_id)
    stored = await publish(bus, Message(subject, item.model_dump_json().encode()))
    return stored.sequence  # type: ignore[union-attr]


async def found_at(bus: Client, revision: int, environment_id: str = "lab") -> Readiness:
    async def ask() -> Readiness | None:
        found = await told(bus, environment_id)
        return found if found is not None and found.revision == revision else None

    return await until(ask, what=f"the check of revision {revision}")


async def test_an_environment_is_checked_at_once_when_it_is_there_and_when_it_changes(
    bus: Client, tmp_path: Path
) -> None:
    first = await put(bus, environment(python("exit(1)")))
    async with inspecting(bus, tmp_path / "runs"):
        assert not (await found_at(bus, first)).ready

        second = await put(bus, environment(python("pass")))
        assert (await found_at(bus, second)).ready


async def test_it_is_checked_again_and_again(bus: Client, tmp_path: Path) -> None:
    revision = await put(bus, environment(python("pass", every_seconds=5)))
    later = timedelta(0)
    # The clock runs fast: each look at it is a minute later.

    def now() -> datetime:
        nonlocal later
        later += timedelta(minutes=1)
        return datetime.now(UTC) + later

    async with inspecting(bus, tmp_path / "runs", now=now):
        first = await found_at(bus, revision)

        async def again() -> bool:
            found = await told(bus)
            return found is not None and found.checked_at > first.checked_at

        await until(again, what="another check")


async def test_what_another_has_found_a_moment_ago_is_not_looked_for_again(
    bus: Client, tmp_path: Path
) -> None:
    mine, other = environment(python("exit(1)")), environment(python("pass"), "other")
    revision = await put(bus, mine)
    said = Readiness(
        environment_id="lab", revision=revision, ready=True, checked_at=datetime.now(UTC), worker="another"
    )
    inspection_says = {"lab": said}
    inspection = Inspection(bus, ["default"], checker_of(bus, tmp_path / "runs"), lambda: inspection_says)
    task = asyncio.create_task(inspection.follow())
    await found_at(bus, await put(bus, other), "other")

    assert await told(bus, "lab") is None
    # What it found of an older revision says nothing of this one.
    newer = await put(bus, mine)
    assert not (await found_at(bus, newer)).ready
    await end([task])


class Counting(Checker):
    """Keeps who looked at what."""

    looked: ClassVar[list[tuple[str, str]]] = []

    async def check_now(self, environment: Environment) -> Readiness:
        self.looked.append((self._worker, environment.environment_id))
        return await super().check_now(environment)


async def test_of_several_dispatchers_one_makes_the_check(bus: Client, tmp_path: Path) -> None:
    Counting.looked.clear()
    board, following = Board(bus), list[asyncio.Task[None]]()
    following.append(asyncio.create_task(board.follow()))

    def start(worker: str) -> None:
        folders = Folders(tmp_path / "runs", worker)
        folders.open()
        checker = Counting(bus, folders, worker, lambda: datetime.now(UTC))
        inspection = Inspection(bus, ["default"], checker, board.said)
        following.append(asyncio.create_task(inspection.follow()))

    revision = await put(bus, environment(python("pass", every_seconds=3_600)))
    start("a")
    await found_at(bus, revision)

    async def known() -> bool:
        return "lab" in board.said()

    await until(known, what="the word on it")
    start("b")
    start("c")
    # They hear of it after the other one.
    await found_at(bus, await put(bus, environment(python("pass"), "later")), "later")
    await end(following)

    assert [worker for worker, name in Counting.looked if name == "lab"] == ["a"]


async def test_only_environments_of_its_own_queues_are_checked(bus: Client, tmp_path: Path) -> None:
    await put(bus, environment(python("pass"), "far", queue="far"))
    here = await put(bus, environment(python("pass"), "here"))
    async with inspecting(bus, tmp_path / "runs"):
        await found_at(bus, here, "here")

        assert await told(bus, "far") is None


async def test_an_environment_that_is_gone_is_not_checked_any_more(bus: Client, tmp_path: Path) -> None:
    first = await put(bus, environment(python("pass")))
    async with inspecting(bus, tmp_path / "runs") as inspection:
        await found_at(bus, first)
        marker = Message(subjects.catalog("environments", "lab"), b"", {"KV-Operation": "DEL"})
        await publish(bus, marker)

        async def none() -> bool:
            return not inspection._tasks

        await until(none, what="the end of its checks")


async def test_a_slow_check_holds_up_no_other(bus: Client, tmp_path: Path) -> None:
    slow = python("import time; time.sleep(60)", timeout_seconds=30)
    for number in range(3):
        await put(bus, environment(slow, f"slow-{number}"))
    quick = await put(bus, environment(python("pass"), "quick"))
    async with inspecting(bus, tmp_path / "runs"):
        assert (await found_at(bus, quick, "quick")).ready
