"""What policies are told: the one document, made from a due event and the plan for it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lamplighter_contracts.agents import Agent
from lamplighter_contracts.events import Firing, JobDue, Trust
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.policies import (
    EnvironmentFacts,
    ExecutorFacts,
    JobFacts,
    PolicyAction,
    PolicyInput,
    ToolFacts,
    TriggerFacts,
    UsageFacts,
)
from lamplighter_dispatcher.admission.plans import Plan
from lamplighter_policies.facts import executor_facts


def of_start(due: JobDue, plan: Plan, at: datetime, ready: bool | None = True) -> PolicyInput:
    """May the execution begin? `ready` is how its environment is, None where nobody knows."""
    executor = _executor(due, plan, _in_order(plan), leads=True)
    document = _document(PolicyAction.START, due, plan, at, executor)
    environment = document.environment.model_copy(update={"ready": ready})
    usage = UsageFacts(max_tokens=plan.limits.tokens, max_cost=plan.limits.cost)
    return document.model_copy(update={"environment": environment, "usage": usage})


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool, by whom, and what was used before it."""

    tool: ToolFacts
    usage: UsageFacts
    agent_id: str


def of_call(due: JobDue, plan: Plan, at: datetime, call: Call) -> PolicyInput:
    """May the agent call the tool?"""
    callers = tuple(agent for agent in plan.everyone if agent.agent_id == call.agent_id)
    leads = plan.leader is not None and plan.leader.agent_id == call.agent_id
    document = _document(PolicyAction.TOOL, due, plan, at, _executor(due, plan, callers, leads))
    return document.model_copy(update={"tool": call.tool, "usage": call.usage})


def as_from_inside(document: PolicyInput) -> PolicyInput:
    """The same, had it not come from outside."""
    trigger = document.trigger.model_copy(update={"trust": Trust.INTERNAL})
    return document.model_copy(update={"trigger": trigger})


def _document(
    action: PolicyAction, due: JobDue, plan: Plan, at: datetime, executor: ExecutorFacts
) -> PolicyInput:
    environment = plan.environment
    return PolicyInput(
        action=action,
        at=at,
        at_ns=int(at.timestamp()) * 1_000_000_000 + at.microsecond * 1_000,
        job=_job(due.job, due.asked),
        trigger=_trigger(due.firing),
        executor=executor,
        environment=EnvironmentFacts(
            environment_id=environment.environment_id, queue=environment.queue, ready=True
        ),
        execution_id=due.execution_id,
    )


def _job(job: Job, asked: str) -> JobFacts:
    return JobFacts(
        job_id=job.job_id,
        project=job.project,
        name=job.name,
        revision=job.revision,
        prompt=asked,
        created_by=job.created_by,
    )


def _trigger(firing: Firing) -> TriggerFacts:
    delivery = firing.delivery
    return TriggerFacts(
        kind=firing.kind,
        trust=firing.trust,
        triggered_by=firing.triggered_by,
        provider=delivery.provider if delivery else "",
        event=delivery.event if delivery else "",
    )


def _executor(due: JobDue, plan: Plan, agents: Sequence[Agent], leads: bool) -> ExecutorFacts:
    """`agents` are those concerned, of whom the first stands for all; `leads` is whether that one asks the others."""
    told = executor_facts(due.job.executor.kind, agents, plan.team if leads else None, plan.job_secrets)
    if plan.team is None:
        return told
    members = tuple(agent.agent_id for agent in _in_order(plan))
    return told.model_copy(update={"team_id": plan.team.team_id, "members": members})


def _in_order(plan: Plan) -> tuple[Agent, ...]:
    """The leader first, where there is one."""
    others = tuple(agent for agent in plan.everyone if agent is not plan.leader)
    return (plan.leader, *others) if plan.leader else others
