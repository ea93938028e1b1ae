"""What a test of policies asks: a whole document, or some words about jobs and agents that are here."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field, JsonValue, ValidationError

from lamplighter_contracts.agents import Agent, Team
from lamplighter_contracts.events import TriggerKind, Trust
from lamplighter_contracts.fields import Instant, Model, Slug, rfc3339
from lamplighter_contracts.jobs import AgentExecutor, Job, TeamExecutor
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
from lamplighter_contracts.problems import FieldError, InvalidInput, from_validation
from lamplighter_gateway.catalog.contents import Catalog
from lamplighter_gateway.catalog.environments import find_environment
from lamplighter_gateway.catalog.homes import chosen_project
from lamplighter_gateway.catalog.views import within
from lamplighter_gateway.jobs.checks import check_environment, missing
from lamplighter_gateway.named.things import jobs_that_live
from lamplighter_policies.facts import executor_facts, trust_of


class Question(Model):
    """In words: the rest is filled from the catalog. Without an action it is a call where a tool is named, the saving
    of a job where no trigger is, and a start otherwise."""

    model_config = ConfigDict(extra="forbid")

    action: PolicyAction | None = None
    project: Slug | None = None
    job_id: str | None = None
    agent_id: str | None = None
    team_id: str | None = None
    environment: str | None = None
    prompt: str | None = None
    trigger: TriggerKind | None = None
    trust: Trust | None = None
    triggered_by: str = ""
    tool: str | None = None
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    usage: UsageFacts | None = None
    at: Instant | None = None


def document_of(given: Mapping[str, Any], catalog: Catalog, now: datetime) -> PolicyInput:
    """`given` is a whole document where it tells of a job or an executor. Raises `InvalidInput`."""
    try:
        if given.keys() & {"job", "executor", "version"}:
            return _whole(given, catalog, now)
        return _completed(Question.model_validate(given), catalog, now)
    except ValidationError as invalid:
        raise InvalidInput(_errors(invalid)) from invalid
    except InvalidInput as wrong:
        errors = [e.model_copy(update={"field": f"input.{e.field}"}) for e in wrong.errors]
        raise InvalidInput(errors) from wrong


def document_of_save(job: Job, catalog: Catalog, now: datetime) -> PolicyInput:
    """May the job be saved as it is?"""
    here = within(catalog, job.project)
    agents, team = _who(job, Question(), here)
    return PolicyInput(
        action=PolicyAction.SAVE,
        at=now,
        at_ns=_nanoseconds(now),
        job=_job(job, None, job.project),
        executor=_told(executor_facts(job.executor.kind, agents, team, job.secrets), job),
        environment=_environment(job.environment, here),
        usage=_bounds(job, agents, team),
    )


def _whole(given: Mapping[str, Any], catalog: Catalog, now: datetime) -> PolicyInput:
    """Of a project that is seen: without a word about it the one that a new thing would be of."""
    document = PolicyInput.model_validate(_timed(given, now), extra="forbid")
    said = document.job.project if "project" in document.job.model_fields_set else None
    try:
        project = chosen_project(said, catalog)
    except InvalidInput as wrong:
        raise InvalidInput(
            [e.model_copy(update={"field": f"job.{e.field}"}) for e in wrong.errors]
        ) from wrong
    return document.model_copy(update={"job": document.job.model_copy(update={"project": project})})


def _completed(question: Question, catalog: Catalog, now: datetime) -> PolicyInput:
    project = _project(question, catalog)
    catalog = within(catalog, project)
    job = _found_job(question, catalog)
    agents, team = _who(job, question, catalog)
    at = question.at or now
    kind = "team" if team else "agent" if agents or job is None else job.executor.kind
    executor = executor_facts(kind, agents, team, job.secrets if job else ())
    place = question.environment or (job.environment if job else agents[0].environment if agents else None)
    return PolicyInput(
        action=_action(question),
        at=at,
        at_ns=_nanoseconds(at),
        job=_job(job, question.prompt, project),
        trigger=TriggerFacts(
            kind=question.trigger,
            trust=question.trust or trust_of(question.trigger),
            triggered_by=question.triggered_by,
        ),
        executor=_told(executor, job),
        environment=_environment(place or project, catalog),
        tool=ToolFacts(name=question.tool, arguments=question.arguments) if question.tool else None,
        usage=question.usage or _bounds(job, agents, team),
    )


def _errors(invalid: ValidationError) -> list[FieldError]:
    """Each at its whole place: the words of a document are none of a job's, which people call otherwise."""
    places = [".".join(map(str, ("input", *error["loc"]))) for error in invalid.errors(include_url=False)]
    return [
        error.model_copy(update={"field": place})
        for place, error in zip(places, from_validation(invalid), strict=True)
    ]


def _timed(given: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A document that does not say when is of now; the nanoseconds always follow the instant."""
    at = given.get("at", rfc3339(now))
    try:
        instant = Question.model_validate({"at": at}).at
    except ValidationError:
        instant = None
    return {**given, "at": at, "at_ns": _nanoseconds(instant or now)}


def _action(question: Question) -> PolicyAction:
    if question.action is not None:
        return question.action
    if question.tool is not None:
        return PolicyAction.TOOL
    return PolicyAction.START if question.trigger or question.trust else PolicyAction.SAVE


def _project(question: Question, catalog: Catalog) -> str:
    """That of whatever is named; else, as for a new thing, the one that goes without saying."""
    named = (
        question.job_id and catalog.find(Job, question.job_id),
        question.team_id and catalog.find(Team, question.team_id),
        question.agent_id and catalog.find(Agent, question.agent_id),
        question.environment and find_environment(question.environment, catalog),
    )
    found = next((one.project for one in named if one), None)
    return chosen_project(question.project or found, catalog)


def _found_job(question: Question, catalog: Catalog) -> Job | None:
    if question.job_id is None:
        return None
    jobs = {job.job_id: job for job in jobs_that_live(catalog)}
    if question.job_id not in jobs:
        raise InvalidInput([missing("job_id", "job", question.job_id, list(jobs))])
    return jobs[question.job_id]


def _who(job: Job | None, question: Question, catalog: Catalog) -> tuple[list[Agent], Team | None]:
    """All that take part, the leader or the first member first. Those that are not there any more take no part."""
    agent_id, team_id = question.agent_id, question.team_id
    if agent_id is None and team_id is None and job is not None:
        match job.executor:
            case AgentExecutor(agent_id=named):
                return _agents([named], catalog), None
            case TeamExecutor(team_id=named):
                team = catalog.find(Team, named)
                return (_agents(_everyone(team), catalog), team) if team else ([], None)
    if agent_id is not None and catalog.find(Agent, agent_id) is None:
        raise InvalidInput([missing("agent_id", "agent", agent_id, [a.agent_id for a in catalog.all(Agent)])])
    if team_id is None:
        return _agents([agent_id] if agent_id else [], catalog), None
    team = catalog.find(Team, team_id)
    if team is None:
        raise InvalidInput([missing("team_id", "team", team_id, [t.team_id for t in catalog.all(Team)])])
    first = [agent_id] if agent_id else []
    return _agents([*first, *(name for name in _everyone(team) if name != agent_id)], catalog), team


def _everyone(team: Team) -> Sequence[str]:
    leader = [team.leader] if team.leader else []
    return [*leader, *(name for name in team.everyone if name != team.leader)]


def _agents(names: Sequence[str], catalog: Catalog) -> list[Agent]:
    found = (catalog.find(Agent, name) for name in dict.fromkeys(names))
    return [agent for agent in found if agent is not None]


def _told(executor: ExecutorFacts, job: Job | None) -> ExecutorFacts:
    """Whom the job names is told also where there is no such agent or team any more."""
    match job.executor if job else None:
        case AgentExecutor(agent_id=agent_id) if executor.kind == "agent" and not executor.agent_id:
            return executor.model_copy(update={"agent_id": agent_id})
        case TeamExecutor(team_id=team_id) if executor.kind == "team" and not executor.team_id:
            return executor.model_copy(update={"team_id": team_id})
        case _:
            return executor


def _job(job: Job | None, prompt: str | None, project: str) -> JobFacts:
    if job is None:
        return JobFacts(job_id="", project=project, name="", prompt=prompt or "")
    return JobFacts(
        job_id=job.job_id,
        project=project,
        name=job.name,
        revision=job.revision,
        prompt=job.prompt if prompt is None else prompt,
        created_by=job.created_by,
    )


def _bounds(job: Job | None, agents: Sequence[Agent], team: Team | None) -> UsageFacts:
    """The lowest of those that hold for the whole execution."""
    limits = [
        *([job.limits] if job else []),
        *([team.limits] if team else [agent.limits for agent in agents[:1]]),
    ]
    return UsageFacts(
        max_tokens=min((one.tokens for one in limits if one.tokens is not None), default=None),
        max_cost=min((one.cost for one in limits if one.cost is not None), default=None),
    )


def _environment(name: str, catalog: Catalog) -> EnvironmentFacts:
    environment = find_environment(name, catalog)
    if environment is None:
        raise InvalidInput(list(check_environment(name, catalog)))
    return EnvironmentFacts(environment_id=name, queue=environment.queue)


def _nanoseconds(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000_000 + at.microsecond * 1_000
