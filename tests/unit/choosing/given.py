"""Agents, workers and environments in few words."""

from datetime import UTC, datetime
from typing import Any

from lamplighter_choosing import BM25, Contender, Wish, choose
from lamplighter_contracts.agents import Agent, AgentLimits
from lamplighter_contracts.choices import Candidate, Choice
from lamplighter_contracts.environments import Environment, Readiness
from lamplighter_contracts.runners import CommandRunner, NoopRunner
from lamplighter_contracts.workers import WorkerState

AT = datetime(2026, 1, 1, tzinfo=UTC)


def agent(agent_id: str, description: str = "", *capabilities: str, **more: Any) -> Agent:
    fields: dict[str, Any] = {"name": agent_id, "runner": NoopRunner(), "revision": 1} | more
    return Agent(
        agent_id=agent_id,
        description=description,
        capabilities=capabilities,
        created_at=AT,
        updated_at=AT,
        **fields,
    )


def limited(concurrent: int) -> AgentLimits:
    return AgentLimits(concurrent=concurrent)


def program() -> CommandRunner:
    return CommandRunner(command=("true",))


def environment(environment_id: str, queue: str = "default", **more: Any) -> Environment:
    return Environment(
        environment_id=environment_id, name=environment_id, queue=queue, created_at=AT, updated_at=AT, **more
    )


def not_ready(of: Environment, reason: str = "", **more: Any) -> Readiness:
    fields: dict[str, Any] = {"revision": of.revision} | more
    return Readiness(
        environment_id=of.environment_id, ready=False, reason=reason, checked_at=AT, worker="w", **fields
    )


def worker(name: str = "w", *queues: str, **more: Any) -> WorkerState:
    fields: dict[str, Any] = {"slots": 10, "runners": ("noop", "command")} | more
    return WorkerState(
        worker=name,
        host="h",
        pid=1,
        version="1",
        queues=queues or ("default",),
        started_at=AT,
        seen_at=AT,
        **fields,
    )


BACKUPS = agent("db-admin", "Looks after PostgreSQL: backups, restores, slow queries.", "backup", "postgres")
CLUSTERS = agent("k8s-operator", "Repairs Kubernetes clusters: pods, nodes, rollouts.", "pods", "helm")
WORDS = agent("docs-writer", "Writes documentation, changelogs and runbooks.", "changelog")
TEAM = (BACKUPS, CLUSTERS, WORDS)
PROMPT = "Run the daily backups of PostgreSQL"


def among(*agents: Agent, wish: Wish | None = None, **loads: float) -> Choice:
    """The choice, where nothing removes anybody. Loads by the id with `_` for `-`."""
    found = [Contender(one, loads.get(one.agent_id.replace("-", "_"), 0)) for one in agents]
    return choose(wish or Wish(PROMPT), found, BM25())


def candidate(choice: Choice, agent_id: str) -> Candidate:
    return next(one for one in choice.candidates if one.agent_id == agent_id)
