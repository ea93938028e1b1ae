"""Whether a rule's conditions hold for what is asked. All that are given must."""

import json
from collections.abc import Iterator

from pydantic import JsonValue

from lamplighter_contracts.policies import Conditions, PolicyAction, PolicyInput
from lamplighter_policies.attachments import agents_of
from lamplighter_policies.patterns import any_matches
from lamplighter_policies.periods import within


def hold(conditions: Conditions, document: PolicyInput) -> bool:
    """Raises ScheduleError where a period or a time zone cannot be read."""
    return all(_tests(conditions, document))


def _tests(conditions: Conditions, document: PolicyInput) -> Iterator[bool]:
    """The quick ones first."""
    if conditions.actions:
        yield document.action in conditions.actions
    if conditions.triggers:
        yield document.trigger.kind in conditions.triggers
    if conditions.trust is not None:
        yield document.trigger.trust is conditions.trust
    yield from _names(conditions, document)
    yield from _amounts(conditions, document)
    if conditions.during:
        yield within(conditions.during, conditions.timezone, document.at)
    if conditions.outside:
        yield not within(conditions.outside, conditions.timezone, document.at)
    yield from _arguments(conditions, document)


def _names(conditions: Conditions, document: PolicyInput) -> Iterator[bool]:
    job, trigger, executor = document.job, document.trigger, document.executor
    for patterns, names in (
        (conditions.jobs, (job.job_id,)),
        (conditions.agents, agents_of(document)),
        (conditions.teams, (executor.team_id,) if executor.team_id else ()),
        (conditions.environments, (document.environment.environment_id,)),
        (conditions.runners, executor.runners),
        (conditions.actors, tuple(actor for actor in (job.created_by, trigger.triggered_by) if actor)),
        (conditions.tools, _tools(document)),
    ):
        if patterns:
            yield any_matches(patterns, names)


def _tools(document: PolicyInput) -> tuple[str, ...]:
    return (document.tool.name,) if document.tool else document.executor.tools


def _amounts(conditions: Conditions, document: PolicyInput) -> Iterator[bool]:
    """Before it has begun, what it may use; no bound is over any."""
    usage, begun = document.usage, document.action is PolicyAction.TOOL
    if conditions.cost_over is not None:
        cost = usage.cost if begun else usage.max_cost
        yield cost is None or cost > conditions.cost_over
    if conditions.tokens_over is not None:
        tokens = usage.tokens if begun else usage.max_tokens
        yield tokens is None or tokens > conditions.tokens_over


def _arguments(conditions: Conditions, document: PolicyInput) -> Iterator[bool]:
    given = document.tool.arguments if document.tool else {}
    for name, text in conditions.arguments.items():
        yield name in given and text.casefold() in _text(given[name]).casefold()


def _text(argument: JsonValue) -> str:
    return argument if isinstance(argument, str) else json.dumps(argument, ensure_ascii=False)
