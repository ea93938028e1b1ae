"""The catalog's newest revisions of what a batch of jobs refers to."""

from collections.abc import Iterable
from typing import TypeVar

from nats.aio.client import Client
from pydantic import ValidationError

from lamplighter_contracts import subjects
from lamplighter_contracts.agents import Agent, Team
from lamplighter_contracts.environments import Environment
from lamplighter_contracts.jobs import AgentExecutor, Job, TeamExecutor
from lamplighter_contracts.streams import CATALOG
from lamplighter_dispatcher.plans import Catalog
from lamplighter_runtime.catalog import read_item
from lamplighter_runtime.latest import Last, last_messages
from lamplighter_runtime.logs import get_logger

log = get_logger()

M = TypeVar("M", Agent, Team, Environment)


async def read_catalog(client: Client, jobs: Iterable[Job]) -> Catalog:
    """One round trip for the whole batch, and a second one where teams have members. Raises `BusUnavailable`."""
    agent_ids, team_ids, environment_ids = set[str](), set[str](), set[str]()
    for job in jobs:
        environment_ids.add(job.environment)
        match job.executor:
            case AgentExecutor(agent_id=agent_id):
                agent_ids.add(agent_id)
            case TeamExecutor(team_id=team_id):
                team_ids.add(team_id)
    found = await _last(client, {"agents": agent_ids, "teams": team_ids, "environments": environment_ids})
    teams = _pick(Team, "teams", team_ids, found)
    members = {member for team in teams.values() if team for member in team.members} - agent_ids
    if members:
        found |= await _last(client, {"agents": members})
    return Catalog(
        _pick(Agent, "agents", agent_ids | members, found),
        teams,
        _pick(Environment, "environments", environment_ids, found),
    )


async def _last(client: Client, wanted: dict[str, set[str]]) -> dict[str, Last]:
    keys = [subjects.catalog(kind, object_id) for kind, ids in wanted.items() for object_id in ids]
    return await last_messages(client, CATALOG.name, keys)


def _pick(model: type[M], kind: str, object_ids: set[str], found: dict[str, Last]) -> dict[str, M | None]:
    picked: dict[str, M | None] = {}
    for object_id in object_ids:
        subject = subjects.catalog(kind, object_id)
        try:
            item = read_item(model, found.get(subject))
        except ValidationError as invalid:
            log.warning("catalog.unreadable", subject=subject, error=str(invalid)[:300])
            picked[object_id] = None
            continue
        if item is not None:
            picked[object_id] = item
    return picked
