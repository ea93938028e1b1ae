"""What a start of a job by hand would come to, without one: its prompt, who would do it, what policies say."""

from dataclasses import dataclass
from typing import Any

from litestar import Request, post

from lamplighter_choosing import Wish
from lamplighter_contracts.agents import Agent
from lamplighter_contracts.choices import Choice
from lamplighter_contracts.environments import Environment
from lamplighter_contracts.events import Firing, TriggerKind
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import AgentExecutor, Job, SmartExecutor, TeamExecutor
from lamplighter_contracts.policies import Verdict
from lamplighter_gateway.access.authentication import caller_of
from lamplighter_gateway.answers import Wire
from lamplighter_gateway.catalog.contents import key_of
from lamplighter_gateway.catalog.views import within
from lamplighter_gateway.dispatch.smart import Case, opened
from lamplighter_gateway.gateway import Gateway, gateway_of
from lamplighter_gateway.jobs.changes import live_job
from lamplighter_gateway.jobs.situations import cautions_of, verdict_of, verdict_words
from lamplighter_gateway.jobs.surroundings import legible_times
from lamplighter_gateway.policing.questions import document_of
from lamplighter_gateway.routes.firings import SHOWN, firings_of, paused_words, read_count
from lamplighter_gateway.routes.triggers import read_parameters
from lamplighter_gateway.web.bodies import read_object
from lamplighter_gateway.web.responses import Answer, answer
from lamplighter_planning.forecast import forecast
from lamplighter_planning.prompts import prompt_of
from lamplighter_prompts import PromptError


@dataclass(frozen=True)
class _Asked:
    """The prompt of a start now, or why there is none."""

    prompt: str
    problem: str | None = None


@post("/api/v1/jobs/{job_id:str}/preview", status_code=200)
async def rehearse_job(request: Request[Any, Any, Any], job_id: str) -> Answer:
    """What a start by hand would come to, and when the job fires next: `{parameters?, n?}`. Nothing runs."""
    gateway = gateway_of(request)
    body = await read_object(request, gateway.settings.body_limit_bytes)
    count, parameters = read_count(body.pop("n", SHOWN)), read_parameters(body)
    job: Job = await gateway.current(key_of(Job, job_id), lambda: live_job(gateway.catalog, job_id))
    gate, now = await gateway.gates.of(job_id), gateway.now()
    times = legible_times(job, gateway.catalog)
    firing = Firing(
        kind=TriggerKind.MANUAL,
        key="preview",
        nominal_at=now,
        payload=parameters,
        triggered_by=caller_of(request).name,
    )
    asked = _asked(job, gate, firing)
    choice = await _choice(gateway, job, asked.prompt)
    verdict = await _verdict(gateway, job, asked.prompt, choice, firing.triggered_by)
    said = verdict_words(verdict)
    ahead = forecast(job, times, gate, now, count, removed=count)
    document = {
        "job_id": job_id,
        "prompt": None if asked.problem else asked.prompt,
        "prompt_problem": asked.problem,
        **_doer(gateway, job, choice),
        "choice": choice.model_dump(mode="json") if choice else None,
        "policy": {**verdict.model_dump(mode="json"), "reason": verdict.reason},
        "warnings": [*cautions_of(gateway).of_job(job), *([said] if said else [])],
        **firings_of(job, times, ahead, paused_words(job, now)),
    }
    return answer(document)


def _asked(job: Job, gate: Gate, firing: Firing) -> _Asked:
    try:
        return _Asked(prompt_of(job, gate, firing, firing.nominal_at) or job.prompt)
    except PromptError as error:
        return _Asked(job.prompt, error.problem)


async def _choice(gateway: Gateway, job: Job, prompt: str) -> Choice | None:
    if not isinstance(job.executor, SmartExecutor):
        return None
    wish = Wish.of(job, job.executor, prompt)
    async with opened(gateway) as chooser:
        return await chooser.choose(Case(wish, TriggerKind.MANUAL, job.job_id, job.name))


async def _verdict(gateway: Gateway, job: Job, prompt: str, choice: Choice | None, by: str) -> Verdict:
    """What policies say to the start, by whoever would do it."""
    question: Wire = {
        "action": "execution.start",
        "job_id": job.job_id,
        "prompt": prompt,
        "trigger": "manual",
        "triggered_by": by,
    }
    if choice and choice.chosen:
        question |= {"agent_id": choice.chosen, "environment": _place(gateway, job, choice)[0]}
    document = document_of(question, gateway.catalog, gateway.now())
    executor = document.executor.model_copy(update={"kind": job.executor.kind})
    return await verdict_of(gateway, document.model_copy(update={"executor": executor}))


def _doer(gateway: Gateway, job: Job, choice: Choice | None) -> Wire:
    agent_id, team_id = None, None
    match job.executor:
        case AgentExecutor(agent_id=named):
            agent_id = named
        case TeamExecutor(team_id=named):
            team_id = named
        case SmartExecutor():
            agent_id = choice.chosen or None if choice else None
    environment, queue = _place(gateway, job, choice)
    return {"agent_id": agent_id, "team_id": team_id, "environment": environment, "queue": queue}


def _place(gateway: Gateway, job: Job, choice: Choice | None) -> tuple[str, str]:
    """The environment and the queue: of a smart job those of the agent that was chosen."""
    here = within(gateway.catalog, job.project)
    agent = here.find(Agent, choice.chosen) if choice and choice.chosen else None
    if agent is None:
        return job.environment, job.queue
    environment = here.find(Environment, agent.environment)
    return agent.environment, environment.queue if environment else job.queue


HANDLERS = [rehearse_job]
