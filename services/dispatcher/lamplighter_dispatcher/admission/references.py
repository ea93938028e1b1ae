"""What of the catalog an execution refers to, as far as that is known: keys such as `agents.writer`. Pure."""

from collections.abc import Iterable, Iterator

from lamplighter_contracts.agents import Agent
from lamplighter_contracts.events import JobDue
from lamplighter_contracts.jobs import AgentExecutor, SmartExecutor, TeamExecutor
from lamplighter_dispatcher.admission.plans import Catalog
from lamplighter_policies.facts import secret_names


def references(due: JobDue, known: Catalog) -> Iterator[str]:
    """Whom an agent or a team refers to can be told once that is known itself: so ask again with what was read.

    Of a smart job that has no agent yet there is none to tell.
    """
    environment_id = due.job.environment
    yield f"environments.{environment_id}"
    for name in due.job.secrets:
        yield secret_key(environment_id, name)
    match due.job.executor:
        case AgentExecutor(agent_id=agent_id):
            yield from _of_agents((agent_id,), environment_id, known)
        case TeamExecutor(team_id=team_id):
            yield f"teams.{team_id}"
            team = known.teams.get(team_id)
            yield from _of_agents(team.everyone if team else (), environment_id, known)
        case SmartExecutor():
            chosen = (due.choice.chosen,) if due.choice else ()
            yield from _of_agents(chosen, environment_id, known)


def secret_key(environment_id: str, name: str) -> str:
    return f"secrets.{environment_id}.{name}"


def _of_agents(agent_ids: Iterable[str], environment_id: str, known: Catalog) -> Iterator[str]:
    for agent_id in agent_ids:
        yield f"agents.{agent_id}"
        agent: Agent | None = known.agents.get(agent_id)
        for name in secret_names(agent) if agent else ():
            yield secret_key(environment_id, name)
