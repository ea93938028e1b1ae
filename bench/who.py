"""Who does the work: a dispatcher at rest and at work, a command's start, a policy's and a choice's time and worth."""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from bench import choosing
from bench.figures import Figure, percentile
from bench.memory import resident_mb
from lamplighter_contracts.events import TriggerKind
from lamplighter_contracts.policies import (
    BuiltInRules,
    Conditions,
    Effect,
    EnvironmentFacts,
    ExecutorFacts,
    JobFacts,
    Policy,
    PolicyAction,
    PolicyInput,
    Rego,
    Rule,
    ToolFacts,
    TriggerFacts,
)
from lamplighter_contracts.runners import CommandRunner, LlmRunner
from lamplighter_policies import PolicyBook
from lamplighter_runtime.connection import open_broker
from lamplighter_runtime.provisioning import provision_streams
from lamplighter_runtime.settings import ServiceSettings
from lamplighter_runtime.tasks import end
from tests.service.dispatcher.world import World
from tests.support import servers
from tests.support.processes import Child
from tests.support.scripted.models import Turn, scripted_model
from tests.support.waiting import until

AT_ONCE = 100
STARTS = 200
DECISIONS = 2_000
REGO = """
package lamplighter
import rego.v1
default allow := false
allow if count(deny) == 0
deny contains "no shell from outside" if { input.trigger.trust == "external"; input.tool.name == "shell" }
deny contains msg if { some tool in input.executor.tools; tool == "http"; msg := sprintf("%s is closed", [tool]) }
"""


async def run() -> list[Figure]:
    figures = await _decisions()
    async with _world() as world:
        figures += await _idle(world)
        figures += await _commands(world)
        figures += await _models(world)
    return figures + await choosing.measure()


async def _decisions() -> list[Figure]:
    rules = tuple(
        Rule(
            name=f"rule {number}",
            when=Conditions(actions=(PolicyAction.TOOL,), tools=("http",), agents=(f"agent-{number}*",)),
            then=Effect.DENY,
        )
        for number in range(20)
    )
    return [
        await _decision("who.policy_rules_p50", BuiltInRules(rules=rules)),
        await _decision("who.policy_rego_p50", Rego(module=REGO)),
    ]


async def _decision(name: str, engine: BuiltInRules | Rego) -> Figure:
    now = datetime.now(UTC)
    book = PolicyBook(
        [Policy(policy_id="p", name="p", engine=engine, created_at=now, updated_at=now)], lambda name: None
    )
    document = PolicyInput(
        action=PolicyAction.TOOL,
        at=now,
        at_ns=time.time_ns(),
        job=JobFacts(job_id="j", name="j", prompt="Do it " * 100),
        trigger=TriggerFacts(kind=TriggerKind.WEBHOOK),
        executor=ExecutorFacts(kind="agent", agent_id="agent-7", tools=("shell", "files.read")),
        environment=EnvironmentFacts(environment_id="default"),
        tool=ToolFacts(name="shell", arguments={"command": ["git", "status"]}),
    )
    taken = []
    for _ in range(DECISIONS):
        began = time.perf_counter()
        verdict = await book.decide(document)
        taken.append((time.perf_counter() - began) * 1_000)
        assert verdict.effect is Effect.ALLOW, verdict
    return Figure(name, percentile(taken, 50), "ms", 1.0)


async def _idle(world: World) -> list[Figure]:
    async with _dispatcher(world, slots=16) as child:
        await world.finished(await world.fire())
        (resident,) = resident_mb([child.pid]).values()
    return [Figure("who.dispatcher_idle", resident, "MiB", 90)]


async def _commands(world: World) -> list[Figure]:
    """From the due event to the command's first breath: it says by the wall clock when it began."""
    figures = []
    clock = "import time; print(time.time())"
    for name, sandbox in (("sandboxed", "auto"), ("bare", "off")):
        runner = CommandRunner(command=(sys.executable, "-I", "-S", "-c", clock), sandbox=sandbox)
        await world.agent(name, runner)
        async with _dispatcher(world, slots=4):
            await world.finished(await world.fire(name))
            late = []
            for _ in range(STARTS):
                due = world.due(name)
                began = time.time()
                await world.fire_many([due])
                final = await world.finished(due.execution_id)
                late.append((float(final.result) - began) * 1_000)
        figures += [
            Figure(f"who.command_start_{name}_p50", percentile(late, 50), "ms", 60),
            Figure(f"who.command_start_{name}_p99", percentile(late, 99), "ms"),
        ]
    return figures


async def _models(world: World) -> list[Figure]:
    """Many agents on a language model at once, each streaming for a while."""
    with scripted_model(lambda request: Turn("word " * 200, between=0.02)) as model:
        await world.agent("model", LlmRunner(base_url=model.openai_url, model="scripted"))
        async with _dispatcher(world, slots=AT_ONCE) as child:
            executions = await world.fire_many([world.due("model") for _ in range(AT_ONCE)])

            async def all_run() -> bool:
                return sum(bool(world.events(one)) for one in executions) == AT_ONCE

            await until(all_run, seconds=60, what="all of them to run")
            highest = 0.0
            while not all(world.finals(one) for one in executions):
                (resident,) = resident_mb([child.pid]).values()
                highest = max(highest, resident)
                await asyncio.sleep(0.1)
            outcomes = {world.finals(one)[0].outcome for one in executions}
            assert outcomes == {"completed"}, outcomes
    return [Figure("who.models_100_at_once", highest, "MiB", 400)]


@asynccontextmanager
async def _world() -> AsyncIterator[World]:
    with tempfile.TemporaryDirectory(prefix="lamplighter-bench-") as name:
        folder = Path(name)
        with servers.nats(folder / "nats") as nats:
            broker = open_broker(ServiceSettings(nats_url=nats.url), "bench")
            client = await broker.connect()
            await provision_streams(client)
            world = World(client, nats.url, folder)
            following = asyncio.create_task(world.follow())
            await world.agent("noop")
            try:
                yield world
            finally:
                await end([following])
                await broker.stop()


@asynccontextmanager
async def _dispatcher(world: World, slots: int) -> AsyncIterator[Child]:
    child = world.child(f"dispatcher-{slots}", slots=slots, lease_seconds=15, heartbeat_seconds=5)
    child.start()
    try:
        yield child
    finally:
        child.stop()
