"""Smart jobs: whom one would be given to and why, and whom those of the past would be given to today."""

import asyncio
from datetime import timedelta
from typing import Any, Literal

from litestar import Request, get, post
from pydantic import ConfigDict, Field, ValidationError

from lamplighter_choosing import Wish
from lamplighter_contracts.agents import Agent, Capability
from lamplighter_contracts.events import TriggerKind
from lamplighter_contracts.fields import Model, Prompt, Slug, rfc3339
from lamplighter_contracts.jobs import Job, SmartExecutor
from lamplighter_contracts.problems import InvalidInput, from_validation
from lamplighter_contracts.queries import ChoiceRecord, ListChoices
from lamplighter_gateway.answers import Wire
from lamplighter_gateway.catalog.contents import Catalog
from lamplighter_gateway.catalog.homes import chosen_project
from lamplighter_gateway.catalog.views import within
from lamplighter_gateway.dispatch.smart import Case, Chooser, opened
from lamplighter_gateway.gateway import Gateway, gateway_of
from lamplighter_gateway.jobs.checks import check_environment, missing
from lamplighter_gateway.web.bodies import read_object
from lamplighter_gateway.web.parameters import Parameters
from lamplighter_gateway.web.responses import Answer, answer

LATELY = timedelta(days=7)
"""How far a replay goes back where nobody says."""
PAGE, MOST = 200, 1_000


class ExplainBody(Model):
    model_config = ConfigDict(extra="forbid")

    project: Slug | None = None
    """None: the one that a new job would be of."""
    prompt: Prompt
    capabilities: tuple[Capability, ...] = Field(default=(), max_length=16)
    environment: Slug | None = None
    """None: any."""
    fallback_agent_id: Slug | None = None
    trigger: Literal["manual", "webhook"] = "manual"


@post("/api/v1/smart/explain", status_code=200)
async def explain_choice(request: Request[Any, Any, Any]) -> Answer:
    """Whom a smart job with this prompt would be given to now, with every agent and what speaks for or against it."""
    gateway = gateway_of(request)
    body, project = _read(await read_object(request, gateway.settings.body_limit_bytes), gateway.catalog)
    wish = Wish(body.prompt, body.capabilities, body.environment, body.fallback_agent_id, project)
    async with opened(gateway) as chooser:
        choice = await chooser.choose(Case(wish, TriggerKind(body.trigger)))
    return answer(choice.model_dump(mode="json"))


@get("/api/v1/smart/replay")
async def replay_choices(request: Request[Any, Any, Any]) -> Answer:
    """Past decisions of smart jobs beside what they would be today, newest first: `?since=&job_id=&project=&limit=`.
    Without `since` those of the last seven days."""
    query = Parameters(request.query_params)
    gateway = gateway_of(request).of_project(query.text("project"))
    asked = ListChoices(
        since=query.instant("since") or gateway.now() - LATELY,
        job_id=query.text("job_id"),
        limit=query.number("limit", PAGE, 1, MOST),
    )
    query.check()
    records = await _recorded(gateway, asked)
    async with opened(gateway) as chooser:
        decisions = [await _replayed(chooser, gateway.catalog, record) for record in records]
    changed = sum(not decision["same"] for decision in decisions)
    return answer({"decisions": decisions, "total": len(decisions), "changed": changed})


async def _recorded(gateway: Gateway, asked: ListChoices) -> list[ChoiceRecord]:
    """Page after page: one of large decisions holds fewer than were asked for."""
    records: list[ChoiceRecord] = []
    cursor: str | None = None
    while len(records) < asked.limit:
        rest = {"limit": asked.limit - len(records), "cursor": cursor}
        page = await gateway.history.choices(asked.model_copy(update=rest))
        records += page.choices
        cursor = page.next_cursor
        if cursor is None:
            break
    return records


async def _replayed(chooser: Chooser, catalog: Catalog, record: ChoiceRecord) -> Wire:
    was = record.choice
    fallback = _fallback(catalog, record.job_id)
    wish = Wish(record.prompt, was.capabilities, was.environment or None, fallback, record.project)
    case = Case(wish, record.trigger, record.job_id, record.job_name)
    # Others get their turn between any two of them.
    await asyncio.sleep(0)
    now = await chooser.choose(case)
    return {
        "execution_id": record.execution_id,
        "job_id": record.job_id,
        "job_name": record.job_name,
        "at": rfc3339(record.at),
        "was": was.chosen or None,
        "was_by": was.how,
        "would_be": now.chosen or None,
        "would_be_by": now.how,
        "same": was.chosen == now.chosen,
        "reason": now.reason,
        "outcome": record.outcome.value if record.outcome else None,
    }


def _fallback(catalog: Catalog, job_id: str) -> str | None:
    """That of the job as it is now: what it was is on no record."""
    job = catalog.find(Job, job_id)
    return job.executor.fallback if job and isinstance(job.executor, SmartExecutor) else None


def _read(fields: dict[str, Any], catalog: Catalog) -> tuple[ExplainBody, str]:
    """With the project whose agents are asked. Raises `InvalidInput`."""
    try:
        body = ExplainBody.model_validate(fields)
    except ValidationError as wrong:
        raise InvalidInput(from_validation(wrong)) from wrong
    project = chosen_project(body.project, catalog)
    here = within(catalog, project)
    errors = list(check_environment(body.environment, here))
    if body.fallback_agent_id and here.find(Agent, body.fallback_agent_id) is None:
        known = [agent.agent_id for agent in here.all(Agent)]
        errors.append(missing("fallback_agent_id", "agent", body.fallback_agent_id, known))
    if errors:
        raise InvalidInput(errors)
    return body, project


HANDLERS = [explain_choice, replay_choices]
