"""A run that waits for a person ends, and goes on in another process from nothing but JSON."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue

from lamplighter_contracts.executions import Approval
from lamplighter_dispatcher.outcomes import Completed, Waits
from lamplighter_dispatcher.runners.contract import Allowed, NeedsApproval, Permission, Refused
from tests.service.dispatcher.llm.bench import Bench, Provider, bench
from tests.support.scripted.models import Script, Turn, in_turn
from tests.support.sessions import Call

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PROVIDERS = pytest.mark.parametrize("provider", ["openai", "anthropic"])
TOOLS = {"shell": {"programs": ["python3", "echo"]}, "files": {"write": True}}

Permit = Callable[[Call], Permission]


def approval(call: Call, number: int = 1) -> Approval:
    return Approval(
        approval_id=f"execution-{number}",
        action="tool",
        action_hash=json.dumps([call.tool, dict(call.arguments)]),
        summary=call.tool,
        requested_at=NOW,
        deadline_at=NOW + timedelta(hours=1),
    )


def asks_for(tool: str) -> Permit:
    return lambda call: NeedsApproval(approval(call)) if call.tool == tool else Allowed()


def carried(waits: object) -> JsonValue:
    """Only what a message on the bus can hold."""
    assert isinstance(waits, Waits), waits
    state: JsonValue = json.loads(json.dumps(waits.state))
    return state


async def parked(b: Bench, **given: Any) -> Waits:
    ended = await b.run(b.work(tools=TOOLS, **given))
    assert isinstance(ended, Waits), ended
    assert b.left() == []
    return ended


MAKE = "open('made', 'a').write('x'); print(open('note.txt').read(), len(open('made').read()))"
TURNS = in_turn(
    Turn("I shall ask. ", (("files_write", {"path": "note.txt", "text": "noted"}),)),
    Turn(
        "Now. ",
        (
            ("files_read", {"path": "note.txt"}),
            ("shell", {"command": ["python3", "-c", MAKE]}),
            ("files_list", {}),
        ),
    ),
    Turn("It is done."),
)


@PROVIDERS
async def test_it_goes_on_exactly_there(provider: Provider, tmp_path: Path) -> None:
    with bench(TURNS, tmp_path / "1", provider, permit=asks_for("shell")) as b:
        waits = await parked(b)
        assert [one.summary for one in waits.approvals] == ["shell"]
        assert len(b.model.requests) == 2
        assert b.session.effects == []
        assert [call.tool for call in b.session.calls] == ["files.write", "files.read", "shell", "files.list"]
        assert [step.ended for step in b.session.steps] == [True] * 6

    with bench(TURNS, tmp_path / "2", provider) as b:
        assert await b.run(b.work(tools=TOOLS, state=carried(waits))) == Completed("It is done.")
    [again] = b.session.calls
    assert again.arguments == {"command": ["python3", "-c", MAKE], "input": ""}, (
        "the others are not made again"
    )
    [request] = b.model.requests
    assert request.turns == 2
    _, read, shell, listed = request.results
    assert "noted" in read
    assert "noted 1" in shell, "its files are there again"
    assert "note.txt" in listed


async def test_a_denial_is_told_and_the_model_goes_on(tmp_path: Path) -> None:
    with bench(TURNS, tmp_path / "1", permit=asks_for("shell")) as b:
        waits = await parked(b)
    denied: Permit = lambda _: Refused("ana@example.org denied it: not today")  # noqa: E731
    with bench(TURNS, tmp_path / "2", permit=denied) as b:
        assert await b.run(b.work(tools=TOOLS, state=carried(waits))) == Completed("It is done.")
    assert b.model.requests[0].results[2] == "Refused: ana@example.org denied it: not today"
    assert b.session.effects == []


async def test_several_calls_wait_together_and_one_may_wait_again(tmp_path: Path) -> None:
    calls = tuple(("shell", {"command": ["echo", str(number)]}) for number in range(3))
    script = in_turn(Turn(calls=calls), Turn("Done."))

    def numbered(call: Call) -> Permission:
        number = int(call.arguments["command"][1])  # type: ignore[index, arg-type]
        return Allowed() if number == 1 else NeedsApproval(approval(call, number))

    with bench(script, tmp_path / "1", permit=numbered) as b:
        waits = await parked(b)
        assert [one.approval_id for one in waits.approvals] == ["execution-0", "execution-2"]
        assert [effect.detail for effect in b.session.effects if effect.done] == ["echo 1"]

    def only_the_last(call: Call) -> Permission:
        return NeedsApproval(approval(call, 2)) if call.arguments["command"][1] == "2" else Allowed()  # type: ignore[index]

    with bench(script, tmp_path / "2", permit=only_the_last) as b:
        waits = await parked(b, state=carried(waits))
        assert [call.arguments["command"] for call in b.session.calls] == [["echo", "0"], ["echo", "2"]]
        assert b.model.requests == []
    with bench(script, tmp_path / "3") as b:
        assert await b.run(b.work(tools=TOOLS, state=carried(waits))) == Completed("Done.")
    assert [text.split("\n")[2] for text in b.model.requests[0].results] == ["0", "1", "2"]


async def test_a_loop_is_seen_across_approvals(tmp_path: Path) -> None:
    again: Script = lambda _: Turn(calls=(("shell", {"command": ["echo"]}),))  # noqa: E731
    state: JsonValue = None
    for number in range(4):
        with bench(again, tmp_path / str(number), permit=_once_approved(state)) as b:
            state = carried(await parked(b, state=state))
    with bench(again, tmp_path / "last", permit=_once_approved(state)) as b:
        ended = await b.run(b.work(tools=TOOLS, state=state))
    assert getattr(ended, "reason", "") == "tool_loop"


def _once_approved(state: JsonValue) -> Permit:
    """The first call of a run that goes on is the one that was approved."""
    left = [Allowed()] if state is not None else []
    return lambda call: left.pop() if left else NeedsApproval(approval(call))


async def test_no_secret_is_in_what_is_parked(tmp_path: Path) -> None:
    secret = "canary-3-parked-0123"
    script = in_turn(
        Turn(
            calls=(
                (
                    "shell",
                    {
                        "command": [
                            "python3",
                            "-c",
                            "import os; print(os.environ['TOKEN']); open('t', 'w').write(os.environ['TOKEN'])",
                        ]
                    },
                ),
            )
        ),
        Turn(calls=(("shell", {"command": ["echo", "1"]}),)),
        Turn("Done."),
    )
    asks: Permit = lambda call: NeedsApproval(approval(call)) if "echo" in str(call.arguments) else Allowed()  # noqa: E731
    with bench(script, tmp_path / "1", permit=asks, secrets={"TOKEN": secret}) as b:
        waits = await parked(b, variables={"TOKEN": secret})
    state = carried(waits)
    assert isinstance(state, dict)
    assert secret not in json.dumps(state)
    assert state["files_left"] == ["t"]
    with bench(script, tmp_path / "2") as b:
        assert await b.run(b.work(tools=TOOLS, state=state)) == Completed("Done.")
    assert "These files of your folder are gone" in b.model.requests[0].system
