"""What surrounds a dispatcher: a catalog, due events, and whoever reads what it writes."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

from faststream.asgi import AsgiFastStream
from nats.aio.client import Client
from nats.errors import NoRespondersError
from pydantic import TypeAdapter

from lamplighter_contracts import envelope, subjects
from lamplighter_contracts.agents import Agent, Team
from lamplighter_contracts.control import CancelReply, CancelRequest
from lamplighter_contracts.environments import Environment
from lamplighter_contracts.events import Firing, JobDue, TriggerKind
from lamplighter_contracts.executions import (
    ExecutionFinished,
    ExecutionStarted,
    ExecutionStep,
    ExecutionTransition,
    LogBatch,
    LogLine,
)
from lamplighter_contracts.ids import execution_id
from lamplighter_contracts.jobs import AgentExecutor, Executor, Job, Limits
from lamplighter_contracts.runners import CommandLimits, CommandRunner, NoopRunner, Runner
from lamplighter_contracts.streams import EXECUTIONS, LOGS, dispatcher_due
from lamplighter_dispatcher.app import build
from lamplighter_dispatcher.settings import Settings
from lamplighter_runtime.messages import Conflict, Message
from lamplighter_runtime.publishing import commit
from lamplighter_runtime.service import Loops
from lamplighter_runtime.tails import Tail
from lamplighter_vault import new_key
from tests.support.consumers import unsettled
from tests.support.processes import Child
from tests.support.waiting import until

TRANSITION: TypeAdapter[ExecutionTransition] = TypeAdapter(ExecutionTransition)
Status = tuple[int, ExecutionTransition]
QUEUE = "default"


@dataclass
class World:
    bus: Client
    url: str
    work: Path
    statuses: dict[str, list[Status]] = field(default_factory=dict)
    """Every status of every execution, in the order of the stream."""
    headers: dict[int, dict[str, str]] = field(default_factory=dict)
    vault_keys: str = field(default_factory=new_key)
    _numbers: Iterator[int] = field(default_factory=count)

    # The catalog

    async def agent(self, agent_id: str, runner: Runner | None = None, **more: Any) -> None:
        agent = Agent(
            agent_id=agent_id,
            name=agent_id,
            runner=runner or NoopRunner(),
            created_at=now(),
            updated_at=now(),
            **more,
        )
        await self._put("agents", agent_id, agent.model_dump_json())

    async def command(
        self, agent_id: str, *command: str, limits: CommandLimits | None = None, **variables: str
    ) -> None:
        runner = CommandRunner(command=command, variables=variables, limits=limits or CommandLimits())
        await self.agent(agent_id, runner)

    async def python(self, agent_id: str, code: str, limits: CommandLimits | None = None) -> None:
        await self.command(agent_id, sys.executable, "-u", "-c", code, limits=limits)

    async def team(self, team_id: str, *members: str, **more: Any) -> None:
        team = Team(
            team_id=team_id, name=team_id, members=members, created_at=now(), updated_at=now(), **more
        )
        await self._put("teams", team_id, team.model_dump_json())

    async def environment(self, environment_id: str, **variables: str) -> None:
        environment = Environment(
            environment_id=environment_id,
            name=environment_id,
            variables=variables,
            created_at=now(),
            updated_at=now(),
        )
        await self._put("environments", environment_id, environment.model_dump_json())

    async def _put(self, kind: str, object_id: str, body: str) -> None:
        await self.bus.jetstream().publish(subjects.catalog(kind, object_id), body.encode())

    # Due events

    async def fire(self, executor: Executor | str = "noop", **changes: Any) -> str:
        (execution,) = await self.fire_many([self.due(executor, **changes)])
        return execution

    async def fire_many(self, dues: Sequence[JobDue]) -> list[str]:
        for start in range(0, len(dues), 500):
            batch = [self.due_message(due) for due in dues[start : start + 500]]
            assert not isinstance(await commit(self.bus, batch), Conflict)
        return [due.execution_id for due in dues]

    def due_message(self, due: JobDue, queue: str = QUEUE) -> Message:
        attributes = envelope.headers(due, event_id=due.execution_id, source="/test", time=now())
        return Message(subjects.job_due(queue, due.job_id), envelope.body(due), attributes)

    def due(
        self, executor: Executor | str = "noop", *, gated: bool = False, payload: Any = None, **job: Any
    ) -> JobDue:
        chosen = AgentExecutor(agent_id=executor) if isinstance(executor, str) else executor
        key = f"{uuid4().hex}-{next(self._numbers)}"
        timeout = job.pop("timeout_seconds", 60)
        fields: dict[str, Any] = {"prompt": "Do it", "limits": Limits(timeout_seconds=timeout)} | job
        return JobDue(
            execution_id=execution_id(now(), "job-1", key),
            job_id="job-1",
            job=Job(
                job_id="job-1",
                name="A job",
                executor=chosen,
                created_at=now(),
                updated_at=now(),
                scheduled_from=now(),
                **fields,
            ),
            firing=Firing(kind=TriggerKind.MANUAL, key=key, nominal_at=now(), payload=payload),
            decided_at=now(),
            gated=gated,
        )

    # What comes of them

    async def cancel(self, execution: str, timeout: float = 10) -> CancelReply:
        request = CancelRequest(execution_id=execution, job_id="job-1", requested_by="Ann")
        reply = await self.bus.request(
            subjects.CANCEL_EXECUTION, request.model_dump_json().encode(), timeout=timeout
        )
        return CancelReply.model_validate_json(reply.data)

    async def follow(self) -> None:
        """Keep `statuses` up to date, for ever."""
        tail = Tail(self.bus, EXECUTIONS.name, [subjects.ANY_EXECUTION_STATUS], after=0)
        await tail.open()
        while True:
            for entry in await tail.take():
                event = TRANSITION.validate_json(entry.body)
                self.statuses.setdefault(event.execution_id, []).append((entry.sequence, event))
                self.headers[entry.sequence] = entry.headers

    def events(self, execution: str) -> list[ExecutionTransition]:
        return [event for _, event in self.statuses.get(execution, ())]

    def kinds(self, execution: str) -> list[str]:
        return [event.kind for event in self.events(execution)]

    def finals(self, execution: str) -> list[ExecutionFinished]:
        return [event for event in self.events(execution) if isinstance(event, ExecutionFinished)]

    async def finished(self, execution: str, seconds: float = 15) -> ExecutionFinished:
        async def ask() -> list[ExecutionFinished]:
            return self.finals(execution)

        return (await until(ask, seconds=seconds, what=f"the end of {execution}"))[0]

    async def all_finished(self, executions: Sequence[str], seconds: float = 30) -> None:
        async def ask() -> bool:
            return all(self.finals(execution) for execution in executions)

        await until(ask, seconds=seconds, what="the end of all")

    async def started(self, execution: str, attempt: int = 1, seconds: float = 15) -> ExecutionStarted:
        async def ask() -> list[ExecutionStarted]:
            starts = [e for e in self.events(execution) if isinstance(e, ExecutionStarted)]
            return [event for event in starts if event.attempt == attempt]

        return (await until(ask, seconds=seconds, what=f"attempt {attempt} of {execution}"))[0]

    async def lines(self, execution: str) -> list[LogLine]:
        """The whole log so far, in the order of the stream."""
        bodies = await self._read(LOGS.name, subjects.log(execution))
        return [line for body in bodies for line in LogBatch.model_validate_json(body).lines]

    async def texts(self, execution: str, stream: str = "stdout") -> list[str]:
        return [line.text for line in await self.lines(execution) if line.stream == stream]

    async def steps(self, execution: str) -> list[ExecutionStep]:
        bodies = await self._read(EXECUTIONS.name, subjects.execution_step(execution))
        return [ExecutionStep.model_validate_json(body) for body in bodies]

    async def said(self, execution: str, text: str, seconds: float = 15) -> str:
        """The first line of its log that contains `text`, as soon as it is there."""

        async def ask() -> list[str]:
            return [line.text for line in await self.lines(execution) if text in line.text]

        return (await until(ask, seconds=seconds, what=f"{text!r} in the log"))[0]

    async def left(self) -> int:
        """Due events that are not acknowledged."""
        return await unsettled(self.bus, dispatcher_due(QUEUE))

    async def all_settled(self, seconds: float = 15) -> None:
        async def ask() -> bool:
            return await self.left() == 0

        await until(ask, seconds=seconds, what="the last acknowledgement")

    async def _read(self, stream: str, subject: str) -> list[bytes]:
        """All that is there now. What the server still has on its way is waited for."""
        tail = Tail(self.bus, stream, [subject], after=0)
        await tail.open()
        bodies: list[bytes] = []
        while tail.behind:
            bodies += [entry.body for entry in await tail.take()]
        await tail.close()
        return bodies

    # Dispatchers

    def settings(self, **changes: Any) -> Settings:
        return Settings(nats_url=self.url, **{**self._defaults(), **changes})

    def child(self, name: str, **changes: Any) -> Child:
        """A dispatcher in a process of its own."""
        fields = {"nats_url": self.url, **self._defaults(), **changes}
        environment = {f"LAMPLIGHTER_{key.upper()}": str(value) for key, value in fields.items()}
        command = (sys.executable, "-m", "lamplighter_dispatcher")
        return Child(name, command, environment, self.work / f"{name}.log")

    def _defaults(self) -> dict[str, Any]:
        return {
            "work_dir": self.work / "runs",
            "lease_seconds": 2,
            "heartbeat_seconds": 0.4,
            "kill_grace_seconds": 1,
            "vault_keys": self.vault_keys,
        }


@asynccontextmanager
async def running_dispatcher(world: World, **changes: Any) -> AsyncIterator[AsgiFastStream]:
    """A dispatcher in the test's own loop."""
    app = build(world.settings(**changes), Loops())
    ready, leave = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(_serve(world, app, ready, leave))
    try:
        await asyncio.wait(
            [serving, asyncio.create_task(ready.wait())], return_when=asyncio.FIRST_COMPLETED, timeout=15
        )
        if serving.done():
            serving.result()
        yield app
    finally:
        leave.set()
        await asyncio.wait_for(serving, 30)


async def _serve(world: World, app: AsgiFastStream, ready: asyncio.Event, leave: asyncio.Event) -> None:
    async with app.start_lifespan_context():
        await until(lambda: _answers(world), what="the start of the broker")
        ready.set()
        await leave.wait()


async def _answers(world: World) -> bool:
    try:
        # A stalled one may be asked, and never answers.
        return (await world.cancel("no execution", timeout=0.5)).outcome == "unknown"
    except (NoRespondersError, TimeoutError):
        return False


def now() -> datetime:
    return datetime.now(UTC)


def processes_with(mark: str) -> list[int]:
    """The processes, zombies excepted, that have `mark` among their arguments or in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                told = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                alive = (entry / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
            except OSError:
                continue
            if mark.encode() in told and alive:
                found.append(int(entry.name))
    return found


async def gone(mark: str, seconds: float = 5) -> None:
    async def ask() -> bool:
        return not processes_with(mark)

    await until(ask, seconds=seconds, what=f"the end of all processes of {mark}")
