"""A secret is given by name to whom it is promised, and is nowhere to be read afterwards."""

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest

from lamplighter_contracts import subjects
from lamplighter_contracts.environments import SealedSecret
from lamplighter_contracts.executions import ExecutionStep
from lamplighter_contracts.policies import Conditions, Constraints, Effect, PolicyAction, Rule
from lamplighter_contracts.runners import CommandRunner
from lamplighter_contracts.tools import Tools
from lamplighter_runtime.tails import Tail
from lamplighter_vault import KeyRing
from tests.service.dispatcher.test_parking import agent as scripted_agent
from tests.service.dispatcher.test_parking import policy
from tests.service.dispatcher.world import World, now
from tests.support.scripted.runner import ENTRY_POINT

pytestmark = pytest.mark.usefixtures("dispatcher")

CANARY = 'c4n@ry "value"/+5e7f 93ab'
SPELLINGS = """
import base64, json, os, sys, urllib.parse
s = os.environ['KEY']; b = s.encode()
for text in [s, 'x' + s + 'y', json.dumps(s), urllib.parse.quote(s), urllib.parse.quote_plus(s),
             base64.b64encode(b).decode(), base64.b64encode(b'u:' + b).decode(), base64.b64encode(b'us:' + b).decode(),
             base64.urlsafe_b64encode(b).decode(), b.hex(), b.hex().upper(), repr(s)]:
    print(text); print(text, file=sys.stderr)
for letter in s:
    sys.stdout.write(letter); sys.stdout.flush()
print()
print(json.dumps({'step': 'used ' + s, 'detail': s}))
print(json.dumps({'effect': 'sent ' + s}))
print(json.dumps({'result': 'the key is ' + s}))
"""


@pytest.fixture(autouse=True)
def runner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamplighter_dispatcher.runners.entry_points", lambda group: [ENTRY_POINT])


async def secret(world: World, name: str, value: str, environment: str = "default") -> None:
    sealed = KeyRing.parse(world.vault_keys).seal(environment, name, value)
    kept = SealedSecret(
        environment_id=environment, name=name, sealed=sealed, created_at=now(), updated_at=now()
    )
    subject = subjects.catalog("secrets", f"{environment}.{name}")
    await world.bus.jetstream().publish(subject, kept.model_dump_json().encode())


async def everything(world: World) -> str:
    """All that is in any stream, as text."""
    found = []
    for stream in ("EXECUTIONS", "LOGS", "JOBS", "PRESENCE", "DEAD", "KV_catalog"):
        tail = Tail(world.bus, stream, [">"], after=0)
        await tail.open()
        while tail.behind:
            taken = await tail.take()
            found += [one.body.decode(errors="replace") + json.dumps(one.headers) for one in taken]
        await tail.close()
    return "\n".join(found)


def spellings(value: str) -> list[str]:
    raw = value.encode()
    inside = [base64.b64encode(b"\0" * offset + raw).decode()[4:-4] for offset in (1, 2)]
    return [
        value,
        quote(value),
        quote(value, safe=""),
        json.dumps(value)[1:-1],
        json.dumps(json.dumps(value))[1:-1],
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
        raw.hex(),
        raw.hex().upper(),
        *inside,
    ]


async def test_a_canary_is_nowhere_to_be_found(world: World) -> None:
    await secret(world, "KEY", CANARY)
    await world.python("teller", SPELLINGS)
    execution = await world.fire("teller", secrets=("KEY",))
    final = await world.finished(execution)
    assert (final.outcome, final.result) == ("completed", "the key is [secret KEY]")
    assert len(await world.texts(execution)) == 13
    steps = await world.steps(execution)
    assert any(isinstance(step, ExecutionStep) and "[secret KEY]" in step.name for step in steps)
    text = await everything(world)
    assert "[secret KEY]" in text
    assert [spelling for spelling in spellings(CANARY) if spelling in text] == []


async def test_only_who_names_it_is_given_it(world: World) -> None:
    await secret(world, "KEY", "the value of the key")
    await secret(world, "OTHER", "the value of another")
    code = "import os; print(sorted(k for k in os.environ if k in ('KEY', 'OTHER')))"
    await world.python("reader", code)
    assert (await world.finished(await world.fire("reader"))).result == "[]"
    assert (await world.finished(await world.fire("reader", secrets=("KEY",)))).result == "['KEY']"
    command = CommandRunner(command=("python3", "-c", code))
    await world.agent("owner", command, secrets=("OTHER",))
    assert (await world.finished(await world.fire("owner"))).result == "['OTHER']"


async def test_a_secret_that_is_not_there_blocks(world: World) -> None:
    await world.agent("needs")
    final = await world.finished(await world.fire("needs", secrets=("NOWHERE",)))
    assert (final.outcome, final.reason) == ("blocked", "secret")
    assert "'NOWHERE'" in final.detail


async def test_a_policy_takes_a_tool_away_and_denies_a_call(world: World) -> None:
    when = Conditions(actions=(PolicyAction.TOOL,), tools=("shell",), arguments={"argv": "rm"})
    rule = Rule(name="no rm", when=when, then=Effect.DENY, message="nothing is removed here")
    no_http = Rule(name="no http", constraints=Constraints(remove_tools=("http",)))
    await policy(world, rule, no_http)
    acts: list[dict[str, Any]] = [
        {"use": "shell", "arguments": {"argv": "rm all"}},
        {"use": "shell", "arguments": {"argv": "ls"}},
        {"use": "http"},
    ]
    await scripted_agent(world, "tooled", acts, tools=Tools())
    execution = await world.fire("tooled")
    final = await world.finished(execution)
    assert "shell refused: a policy denies it: nothing is removed here" in final.result
    assert "http refused" in final.result
    assert "shell done" in final.result


async def test_a_constraint_that_a_call_brings_about_binds_that_call(world: World) -> None:
    """At the start nothing was used yet, and the rule did not hold."""
    when = Conditions(actions=(PolicyAction.TOOL,), tokens_over=100)
    await policy(world, Rule(name="used", when=when, constraints=Constraints(remove_tools=("shell",))))
    acts: list[dict[str, Any]] = [
        {"use": "shell", "arguments": {"argv": "first"}},
        {"spend": 200},
        {"use": "shell", "arguments": {"argv": "second"}},
    ]
    await scripted_agent(world, "tooled", acts, tools=Tools())
    final = await world.finished(await world.fire("tooled"))
    assert "shell done" in final.result
    assert "shell refused: a policy denies it: it takes the tool 'shell' away" in final.result


async def test_a_runner_that_breaks_over_a_secret_does_not_tell_it(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    await secret(world, "KEY", CANARY)
    # There is no member of that name, and the fault says which.
    await scripted_agent(world, "breaker", [{"ask": CANARY}], tools=Tools())
    final = await world.finished(await world.fire("breaker", secrets=("KEY",)))
    assert (final.outcome, final.reason) == ("failed", "runner")
    assert "[secret KEY]" in final.detail
    logged = capsys.readouterr()
    assert "execution.broken" in logged.out + logged.err
    told = final.model_dump_json() + logged.out + logged.err
    assert [spelling for spelling in spellings(CANARY) if spelling in told] == []
