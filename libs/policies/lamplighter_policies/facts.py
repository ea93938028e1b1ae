"""What policies are told of those who do the work."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from lamplighter_contracts.agents import Agent, Team
from lamplighter_contracts.events import TriggerKind, Trust
from lamplighter_contracts.policies import ExecutorFacts
from lamplighter_contracts.runners import A2aRunner, HttpRunner, LlmRunner
from lamplighter_contracts.tools import Tools


def trust_of(trigger: TriggerKind | None) -> Trust:
    """A webhook's payload is anybody's word."""
    return Trust.EXTERNAL if trigger is TriggerKind.WEBHOOK else Trust.INTERNAL


def executor_facts(
    kind: Literal["agent", "team", "smart"],
    agents: Sequence[Agent],
    team: Team | None = None,
    job_secrets: Sequence[str] = (),
) -> ExecutorFacts:
    """`agents` are all that take part, the leader or the first member first."""
    tools = [name for agent in agents for name in tool_names(agent.tools)]
    if team is not None and team.leader is not None:
        tools += [f"ask.{member}" for member in team.members]
    secrets = (*job_secrets, *(name for agent in agents for name in secret_names(agent)))
    return ExecutorFacts(
        kind=kind,
        agent_id=agents[0].agent_id if agents else "",
        team_id=team.team_id if team else "",
        members=tuple(agent.agent_id for agent in agents) if team else (),
        runners=_once(agent.runner.kind for agent in agents),
        models=_once(agent.runner.model for agent in agents if isinstance(agent.runner, LlmRunner)),
        tools=_once(tools),
        secrets=_once(secrets),
    )


def tool_names(tools: Tools) -> Iterator[str]:
    """Of a server of tools its patterns, as `mcp.github.get_*`: which they are only the server knows."""
    if tools.shell:
        yield "shell"
    if tools.http:
        yield "http"
    if tools.files:
        yield from ("files.read", "files.list")
        if tools.files.write:
            yield "files.write"
    for server in tools.mcp:
        yield from (f"mcp.{server.name}.{tool}" for tool in server.tools)


def secret_names(agent: Agent) -> tuple[str, ...]:
    """All that it asks for: for its runs, and for the settings of its runner and of its servers of tools."""
    return (*agent.secrets, *sorted(runner_secret_names(agent)))


def runner_secret_names(agent: Agent) -> frozenset[str]:
    """Keys, headers and tokens that settings name: for the runner alone, the agent never sees them."""
    named = {name for server in agent.tools.mcp for name in server.secret_headers.values()}
    named |= {name for server in agent.tools.mcp for name in server.secret_variables.values()}
    match agent.runner:
        case LlmRunner(api_key=str(name)) | A2aRunner(token=str(name)):
            named.add(name)
        case HttpRunner(secret_headers=headers):
            named |= set(headers.values())
        case _:
            pass
    return frozenset(named)


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
