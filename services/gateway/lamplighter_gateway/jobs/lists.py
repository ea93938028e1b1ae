"""Which jobs a list has, and in which orders: what is known of that without asking anybody."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from lamplighter_contracts.jobs import AgentExecutor, Job, TeamExecutor
from lamplighter_gateway.web.lists import By, milliseconds, named, sorts
from lamplighter_gateway.web.parameters import Parameters

SORTS = sorts(
    By("name", named),
    By("created_at", milliseconds("created_at"), int),
    By("updated_at", milliseconds("updated_at"), int),
    By("id", lambda job: job.job_id),
)
TRIGGERS = ("schedule", "webhook", "manual")


@dataclass(frozen=True)
class Filters:
    """None: whatever it is. `trigger` is one that the job has, or `manual` for one that has none."""

    enabled: bool | None = None
    agent_id: str | None = None
    team_id: str | None = None
    environment: str | None = None
    project: str | None = None
    trigger: str | None = None
    name: str | None = None

    def at(self, now: datetime) -> Callable[[Job], bool]:
        """Whether a job is among them, as things are then."""
        return lambda job: (
            job.deleted_at is None
            and (self.enabled is None or job.paused_at(now) is not self.enabled)
            and self.agent_id in (None, _agent(job))
            and self.team_id in (None, _team(job))
            and self.environment in (None, job.environment)
            and self.project in (None, job.project)
            and (self.trigger is None or self.trigger in _triggers(job))
            and (self.name is None or self.name.casefold() in job.name.casefold())
        )


def read_filters(query: Parameters) -> Filters:
    return Filters(
        enabled=query.flag("enabled"),
        agent_id=query.text("agent_id"),
        team_id=query.text("team_id"),
        environment=query.text("environment"),
        project=query.text("project"),
        trigger=query.word("trigger", TRIGGERS),
        name=query.text("name"),
    )


def _agent(job: Job) -> str:
    return job.executor.agent_id if isinstance(job.executor, AgentExecutor) else ""


def _team(job: Job) -> str:
    return job.executor.team_id if isinstance(job.executor, TeamExecutor) else ""


def _triggers(job: Job) -> set[str]:
    return {trigger.kind for trigger in job.triggers} or {"manual"}
