"""Where an event belongs: an execution to its job, a job to its project; also of what has ended."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from nats.aio.client import Client
from pydantic import ValidationError

from lamplighter_contracts import envelope, subjects
from lamplighter_contracts.deliveries import DeliveryReceived
from lamplighter_contracts.environments import Environment
from lamplighter_contracts.events import Event, JobDue, JobQueued, JobSkipped
from lamplighter_contracts.executions import ExecutionStarted
from lamplighter_contracts.jobs import AgentExecutor, Job
from lamplighter_contracts.streams import EXECUTIONS
from lamplighter_contracts.tokens import Token
from lamplighter_gateway.catalog.contents import Catalog, Key, key_of
from lamplighter_gateway.live.changes import Change
from lamplighter_gateway.live.told import About, agents_of
from lamplighter_runtime.latest import messages_since

MOST_KNOWN = 20_000
"""Executions, and objects that have ended, that are remembered."""
TRANSITIONS, TRANSITION_BYTES = 100, 4 << 20
AT_ONCE = 16
_TELLS_ALL = (JobDue, JobQueued, JobSkipped, DeliveryReceived, ExecutionStarted)
"""Of these nothing has to be known that came before."""
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Known:
    job_id: str = ""
    agents: frozenset[str] = frozenset()


class Placing:
    """`prepare` asks for what is not known, `about` then answers at once."""

    def __init__(
        self, client: Client, catalog: Catalog, refresh: Callable[[Iterable[Key]], Awaitable[None]]
    ) -> None:
        self._client = client
        self._catalog = catalog
        self._refresh = refresh
        self._executions: OrderedDict[str, _Known] = OrderedDict()
        self._ended: OrderedDict[tuple[str, str], str] = OrderedDict()

    async def prepare(self, events: Sequence[Event | Change]) -> None:
        """Raises `BusUnavailable`."""
        begun: set[str] = set()
        unknown: dict[str, None] = {}
        for event in events:
            execution_id = getattr(event, "execution_id", "")
            if not execution_id or execution_id in self._executions or execution_id in begun:
                continue
            if isinstance(event, _TELLS_ALL):
                begun.add(execution_id)
            else:
                unknown[execution_id] = None
        ids = list(unknown)
        for start in range(0, len(ids), AT_ONCE):
            await asyncio.gather(*(self._ask(execution_id) for execution_id in ids[start : start + AT_ONCE]))
        jobs = {job_id for event in events if (job_id := self._job_of(event))}
        if strange := [key for job_id in jobs if self._catalog.revision(key := key_of(Job, job_id)) == 0]:
            await self._refresh(strange)

    def about(self, event: Event | Change, project: str = "") -> About:
        """`project` is what the message itself says."""
        if isinstance(event, Change):
            return self._about_change(event, project)
        job_id, agents = self._job_of(event), frozenset(agents_of(event))
        if execution_id := getattr(event, "execution_id", ""):
            agents = self._learn(execution_id, job_id, agents).agents
        job = self._catalog.find(Job, job_id)
        if not agents and job is not None and isinstance(job.executor, AgentExecutor):
            agents = frozenset({job.executor.agent_id})
        return About(self._project_of(event, job, job_id), job_id, agents)

    def project_of(self, job_id: str) -> str | None:
        """None where nobody knows it any more."""
        job = self._catalog.find(Job, job_id)
        return job.project if job else self._ended.get(("job", job_id))

    def _project_of(self, event: Event, job: Job | None, job_id: str) -> str | None:
        if job is not None:
            return job.project
        if isinstance(event, JobDue):
            return self._keep(("job", job_id), event.job.project)
        if "project" in event.model_fields_set:
            return self._keep(("job", job_id), str(getattr(event, "project", "")))
        return self._ended.get(("job", job_id))

    def _about_change(self, change: Change, project: str) -> About:
        object_id = change.object_id
        if change.kind == "token":
            return About(None, secret=True)
        job_id = object_id if change.kind == "job" else ""
        agents = frozenset({object_id} if change.kind == "agent" else ())
        found = project or self._stated(change)
        key = (change.kind, object_id)
        return About(self._keep(key, found) if found else self._ended.get(key), job_id, agents)

    def _stated(self, change: Change) -> str:
        match change:
            case Change(kind="secret"):
                environment_id = change.object_id.partition(".")[0]
                environment = self._catalog.find(Environment, environment_id)
                # The one that is there without a word about it has its project's name.
                return environment.project if environment else environment_id
            case Change(item=None) | Change(item=Token()):
                return ""
            case _:
                return str(getattr(change.item, "project", ""))

    def _job_of(self, event: Event | Change) -> str:
        job_id = getattr(event, "job_id", "")
        if job_id or isinstance(event, Change):
            return str(job_id)
        known = self._executions.get(getattr(event, "execution_id", ""))
        return known.job_id if known else ""

    async def _ask(self, execution_id: str) -> None:
        """All that its status says from the beginning, as far as there is any."""
        self._learn(execution_id, "", frozenset())
        status = subjects.execution_status(execution_id)
        found = await messages_since(
            self._client, EXECUTIONS.name, status, _EVER, TRANSITIONS, TRANSITION_BYTES
        )
        for message in found:
            try:
                event = envelope.read_transition(message.body)
            except ValidationError:
                continue
            self._learn(execution_id, event.job_id, frozenset(agents_of(event)))

    def _learn(self, execution_id: str, job_id: str, agents: frozenset[str]) -> _Known:
        before = self._executions.get(execution_id, _Known())
        known = _Known(job_id or before.job_id, agents | before.agents)
        self._executions[execution_id] = known
        self._executions.move_to_end(execution_id)
        if len(self._executions) > MOST_KNOWN:
            self._executions.popitem(last=False)
        return known

    def _keep(self, key: tuple[str, str], project: str) -> str:
        self._ended[key] = project
        self._ended.move_to_end(key)
        if len(self._ended) > MOST_KNOWN:
            self._ended.popitem(last=False)
        return project
