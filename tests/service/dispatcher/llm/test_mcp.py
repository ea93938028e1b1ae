"""Tools of MCP servers: a program, and an address; both of them real."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from lamplighter_contracts.environments import NetworkRules
from lamplighter_dispatcher.outcomes import Completed, StopReason, Unsuccessful
from tests.service.dispatcher.llm.bench import bench
from tests.service.dispatcher.llm.test_stops import running
from tests.support.scripted import hostile_mcp_server, mcp_server
from tests.support.scripted.agent import Answer, scripted_agent
from tests.support.scripted.models import Turn, in_turn
from tests.support.waiting import until

SERVER = str(Path(mcp_server.__file__))
LOOPBACK = NetworkRules(hosts=("127.0.0.1",))


def program(**given: Any) -> dict[str, Any]:
    desk = {
        "name": "desk",
        "command": [sys.executable, SERVER, "stdio"],
        "tools": ["look_*", "close_ticket", "fail", "crash", "linger"],
        "read_only": ["look_*"],
    }
    return {"mcp": [{**desk, **given}]}


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {**os.environ, "DESK_FILE": str(tmp_path / "desk")}
    with subprocess.Popen(  # noqa: ASYNC220 - it only starts
        [sys.executable, SERVER, "streamable-http", str(port)], env=variables, stderr=subprocess.DEVNULL
    ) as process:

        async def listening() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        await until(listening)
        yield f"http://127.0.0.1:{port}/mcp"
        process.kill()


CALLS: tuple[tuple[str, dict[str, str]], ...] = (
    ("mcp_desk_look_up", {"ticket": "7"}),
    ("mcp_desk_close_ticket", {"ticket": "7"}),
    ("mcp_desk_fail", {}),
    ("mcp_desk_delete_all", {}),
)


async def test_a_program(tmp_path: Path) -> None:
    with bench(
        in_turn(Turn(calls=CALLS), Turn("Closed.")), tmp_path, secrets={"DESK": "canary-of-the-desk"}
    ) as b:
        tools = program(variables={"DESK_FILE": "desk"}, secret_variables={"DESK_USER": "DESK"})
        secrets = {"MODEL_KEY": "k", "DESK": "canary-of-the-desk"}
        ended = await b.run(b.work(tools=tools, secrets=secrets))
        assert running(f"{SERVER} stdio") == []

    assert ended == Completed("Closed.")
    first, second = b.model.requests
    assert "mcp_desk_look_up" in first.tools
    assert "mcp_desk_delete_all" not in first.tools
    looked, closed, failed, deleted = second.results
    assert looked == '<data name="mcp.desk.look_up">\nticket 7 of [secret DESK]\n</data>'
    assert "closed 7" in closed
    assert "Error executing tool fail" in failed
    assert "there is no tool 'mcp_desk_delete_all'" in deleted
    assert [(call.tool, call.has_effect) for call in b.session.calls] == [
        ("mcp.desk.look_up", False),
        ("mcp.desk.close_ticket", True),
        ("mcp.desk.fail", True),
    ]
    assert [effect.name for effect in b.session.effects] == ["mcp.desk.close_ticket"] * 2 + [
        "mcp.desk.fail"
    ] * 2


async def test_an_address(address: str, tmp_path: Path) -> None:
    with bench(in_turn(Turn(calls=CALLS), Turn("Closed.")), tmp_path) as b:
        tools = program(command=[], url=address)
        assert await b.run(b.work(tools=tools, network=LOOPBACK)) == Completed("Closed.")
    assert "ticket 7 of nobody" in b.model.requests[1].results[0]
    assert (tmp_path / "desk").read_text() == "closed 7\n"


async def test_an_address_that_network_rules_close(address: str, tmp_path: Path) -> None:
    with bench(in_turn(Turn("")), tmp_path) as b:
        ended = await b.run(b.work(tools=program(command=[], url=address)))
    assert isinstance(ended, Unsuccessful)
    assert ended.reason == "unavailable"
    assert "'desk'" in ended.detail
    assert b.model.requests == []


@pytest.mark.parametrize("command", [["no-such-server"], ["true"], ["sleep", "60"]])
async def test_a_server_that_is_none(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lamplighter_dispatcher.llm import mcp

    monkeypatch.setattr(mcp, "START_SECONDS", 1)
    with bench(in_turn(Turn("")), tmp_path) as b:
        ended = await b.run(b.work(tools=program(command=command)))
    assert isinstance(ended, Unsuccessful)
    assert ended.reason == "unavailable"
    assert "The MCP server 'desk' does not answer" in ended.detail


async def test_a_server_that_dies_is_told_to_the_model(tmp_path: Path) -> None:
    calls: tuple[tuple[str, dict[str, str]], ...] = (
        ("mcp_desk_crash", {}),
        ("mcp_desk_look_up", {"ticket": "7"}),
    )
    with bench(in_turn(Turn(calls=calls), Turn("It is gone.")), tmp_path) as b:
        assert await b.run(b.work(tools=program())) == Completed("It is gone.")
    assert all("the server did not do it" in text for text in b.model.requests[1].results)


async def test_nothing_of_a_server_is_left_when_it_is_stopped(tmp_path: Path) -> None:
    mark = f"5{uuid4().int % 10**9}.5"
    turns = (Turn(calls=(("mcp_desk_linger", {"mark": mark}),)), Turn("late", wait=20))
    with bench(in_turn(*turns), tmp_path) as b:
        task = asyncio.create_task(b.run(b.work(tools=program())))

        async def asked() -> bool:
            return len(b.model.requests) == 2

        await until(asked)
        assert running(f"^sleep {mark}")
        b.stop.request(StopReason.CANCEL)
        async with asyncio.timeout(1):
            await task
        assert running(mark) == []
        assert running(f"{SERVER} stdio") == []


async def test_what_a_hostile_server_says_holds_nobody_up(tmp_path: Path) -> None:
    """Patterns of a schema, which take for ever to apply, are its own affair; names and schemas have bounds."""
    command = [sys.executable, str(Path(hostile_mcp_server.__file__))]
    loop, longest = asyncio.get_running_loop(), 0.0

    async def beat() -> None:
        nonlocal longest
        while True:
            before = loop.time()
            await asyncio.sleep(0.02)
            longest = max(longest, loop.time() - before)

    with bench(in_turn(Turn(calls=(("mcp_desk_trap", {}),)), Turn("Done.")), tmp_path) as b:
        beating = asyncio.create_task(beat())
        assert await b.run(b.work(tools=program(command=command, tools=["*"]))) == Completed("Done.")
        beating.cancel()
    assert "sprung" in b.model.requests[1].results[0]
    assert longest < 2
    assert list(b.model.requests[0].tools) == ["mcp_desk_trap"]


async def test_an_answer_without_end_is_cut(tmp_path: Path) -> None:
    flood = Answer(headers={"content-type": "application/json"}, parts=[b'{"x":"'] + [b"x" * 65_536] * 1_000)
    async with scripted_agent() as agent:
        agent.script("POST", "/mcp", flood)
        with bench(in_turn(Turn("")), tmp_path) as b:
            tools = program(command=[], url=f"{agent.url}/mcp")
            ended = await b.run(b.work(tools=tools, network=LOOPBACK))
    assert isinstance(ended, Unsuccessful)
    assert "16,777,216 bytes" in ended.detail


async def test_what_a_server_says_of_its_tools_is_masked(tmp_path: Path) -> None:
    command = [sys.executable, str(Path(hostile_mcp_server.__file__))]
    secrets = {"MODEL_KEY": "k", "DESK": 'canary "of" the desk'}
    with bench(in_turn(Turn("Done.")), tmp_path, secrets=secrets) as b:
        tools = program(command=command, tools=["*"], secret_variables={"DESK_USER": "DESK"})
        assert await b.run(b.work(tools=tools, secrets=secrets)) == Completed("Done.")
    [request] = b.model.requests
    told = json.dumps(request.body)
    assert "canary" not in told
    assert told.count("[secret DESK]") >= 2
