"""What the API says of jobs, executions and the rest: plain JSON shapes, and nothing that is secret."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lamplighter_contracts.agents import Agent, Team
from lamplighter_contracts.calendars import Calendar
from lamplighter_contracts.environments import Environment
from lamplighter_contracts.events import Firing, JobTriggered
from lamplighter_contracts.executions import ExecutionStatus
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.jobs import AgentExecutor, Job, SmartExecutor, TeamExecutor
from lamplighter_contracts.policies import Policy
from lamplighter_contracts.queries import (
    ApprovalRecord,
    DeliveryRecord,
    ExecutionRecord,
    JobSummary,
    OccurrenceRecord,
)
from lamplighter_contracts.tokens import Token, TokenUse
from lamplighter_gateway.catalog.contents import Catalog
from lamplighter_gateway.catalog.views import within
from lamplighter_gateway.jobs.cautions import Cautions
from lamplighter_gateway.jobs.renderings import rendering
from lamplighter_gateway.named.environments import flat, secrets_of
from lamplighter_gateway.named.things import Thing

Wire = dict[str, Any]

WEBHOOKS = "/api/v1/jobs/webhook"
DELIVERIES = "/api/v1/deliveries"


@dataclass(frozen=True)
class Moment:
    """What the calendar and the clock say of a job now: whether it is paused, and when it runs next."""

    paused: bool
    upcoming: Sequence[datetime] = ()


def job_answer(
    job: Job, cautions: Cautions, base_url: str, moment: Moment, rendered: Wire | None = None
) -> Wire:
    """A job with what is known of it here; its last run is added from history. `rendered` is what it says of itself,
    where that is known."""
    following = rfc3339(moment.upcoming[0]) if moment.upcoming else None
    return {
        **(rendered or rendering(job)),
        # A pause ends by itself, and nobody writes that.
        "enabled": not moment.paused,
        "status": "disabled" if moment.paused else "active",
        "next_run_at": following,
        "next_execution_at": following,
        "last_run_at": None,
        "last_execution_at": None,
        "last_run_status": None,
        "entity_name": _entity_name(job, within(cautions.catalog, job.project)),
        "webhook_url": webhook_url(base_url, job),
        **webhook_secrets(job, cautions.catalog),
        "warnings": cautions.of_job(job),
    }


def last_run(summary: JobSummary | None) -> Wire:
    if summary is None:
        return {}
    at = rfc3339(summary.last_run_at)
    return {"last_run_at": at, "last_execution_at": at, "last_run_status": summary.status.value}


def webhook_url(base_url: str, job: Job) -> str | None:
    return f"{base_url}{WEBHOOKS}{job.webhook.path}" if job.webhook else None


def webhook_secrets(job: Job, catalog: Catalog) -> Wire:
    """How many secrets a webhook has, and until when; never one of them."""
    webhook = job.webhook
    until = webhook.previous_until if webhook and webhook.previous_generation is not None else None
    holder = catalog.holder(webhook.path) if webhook else None
    given = holder.given if holder and holder.job_id == job.job_id else ()
    return {
        "webhook_previous_until": _instant(until),
        "webhook_given": [{"given_at": rfc3339(one.given_at), "until": _instant(one.until)} for one in given],
    }


def _entity_name(job: Job, catalog: Catalog) -> str | None:
    match job.executor:
        case AgentExecutor(agent_id=agent_id):
            agent = catalog.find(Agent, agent_id)
            return agent.name if agent else None
        case TeamExecutor(team_id=team_id):
            team = catalog.find(Team, team_id)
            return team.name if team else None
        case SmartExecutor():
            return None


def thing_answer(thing: Thing, cautions: Cautions) -> Wire:
    """Of a calendar: all its entries, which a list leaves out."""
    match thing:
        case Agent(agent_id=name):
            return {"id": name, **thing.model_dump(mode="json"), "warnings": cautions.of_agent(thing)}
        case Team(team_id=name):
            return {"id": name, **thing.model_dump(mode="json"), "warnings": cautions.of_team(thing)}
        case Policy(policy_id=name):
            return {"id": name, **thing.model_dump(mode="json")}
        case Calendar():
            return {**brief_calendar(thing), **thing.model_dump(mode="json", include={"entries"})}
        case Environment():
            return _environment_answer(thing, cautions)


def brief_calendar(calendar: Thing, cautions: Cautions | None = None) -> Wire:
    assert isinstance(calendar, Calendar)
    fields = calendar.model_dump(mode="json", exclude={"entries"})
    return {"id": calendar.calendar_id, **fields, "entry_count": len(calendar.entries)}


def _environment_answer(environment: Environment, cautions: Cautions) -> Wire:
    """`ready` is null where it has a check, and nobody has made it yet."""
    # The one that is there without a word about it was never made.
    unmade = {} if environment.revision else {"created_at": None, "updated_at": None}
    state = cautions.situation.of(environment)
    return {
        "id": environment.environment_id,
        **flat(environment),
        **unmade,
        "ready": state.ready if state else None if environment.check else True,
        "ready_reason": state.reason if state else "",
        "secrets": [secret.name for secret in secrets_of(cautions.catalog, environment.environment_id)],
    }


def token_answer(token: Token, use: TokenUse | None = None) -> Wire:
    """Everything but the hash, and when it was last used, to the minute."""
    return {
        "id": token.token_id,
        **token.model_dump(mode="json", exclude={"sha256"}),
        "last_used_at": rfc3339(use.used_at) if use else None,
        "last_used_from": use.address if use else None,
    }


def execution_answer(record: ExecutionRecord) -> Wire:
    started, finished = _instant(record.started_at), _instant(record.finished_at)
    firing = record.firing
    return {
        "id": record.execution_id,
        "execution_id": record.execution_id,
        "job_id": record.job_id,
        "project": record.project,
        "job_name": record.job_name,
        "job_revision": record.job_revision,
        "status": record.status.value,
        "created_at": rfc3339(record.created_at),
        "started_at": started,
        "completed_at": finished,
        "finished_at": finished,
        "trigger": trigger_answer(firing),
        "prompt": record.prompt,
        "agent_id": record.agent_id or None,
        "team_id": record.team_id or None,
        "smart": record.executor_kind == "smart",
        "environment": record.environment,
        "policy_hash": record.policy_hash,
        "not_before": _instant(record.not_before),
        "choice": record.choice.model_dump(mode="json") if record.choice else None,
        "decisions": [decision.model_dump(mode="json") for decision in record.decisions],
        "decisions_omitted": record.decisions_omitted,
        "approvals": [{"id": one.approval_id, **one.model_dump(mode="json")} for one in record.approvals],
        "effects": [effect.model_dump(mode="json") for effect in record.effects],
        "effects_omitted": record.effects_omitted,
        "usage": record.usage.model_dump(mode="json"),
        "attempts": [attempt.model_dump(mode="json") for attempt in record.attempts],
        "steps": [step.model_dump(mode="json") for step in record.steps],
        "steps_omitted": record.steps_omitted,
        "reason": record.reason,
        "detail": record.detail,
        "exit_code": record.exit_code,
        "cancel_requested_by": record.cancel_requested_by,
        "result": record.result,
        "log_lines": record.log_lines,
        "trust": firing.trust.value if firing else None,
        "payload": firing.payload if firing else None,
        "body": _body(firing),
    }


def _body(firing: Firing | None) -> Wire | None:
    """Of a payload that is too large to be told here: how much it is."""
    if firing is None or firing.body is None:
        return None
    return firing.body.model_dump(mode="json", include={"size", "sha256", "content_type"})


def approval_answer(record: ApprovalRecord) -> Wire:
    return {
        "id": record.approval.approval_id,
        **record.model_dump(mode="json", exclude={"approval"}),
        **record.approval.model_dump(mode="json"),
    }


def trigger_answer(firing: Firing | None) -> Wire | None:
    return firing.model_dump(mode="json", exclude={"payload", "body"}) if firing else None


def occurrence_answer(record: OccurrenceRecord) -> Wire:
    answer = record.model_dump(mode="json", exclude={"firing"})
    return {**answer, "trigger": trigger_answer(record.firing)}


def delivery_answer(record: DeliveryRecord) -> Wire:
    """As lists have it: without headers and payload."""
    received = record.received
    said = received.model_dump(
        mode="json", exclude={"delivery", "headers", "body", "reference", "delivery_id"}
    )
    return {
        "id": received.delivery_id,
        "delivery_id": received.delivery_id,
        **said,
        "producer": received.delivery.provider,
        "producer_delivery_id": received.delivery.delivery_id,
        "event": received.delivery.event,
        **record.model_dump(mode="json", exclude={"received"}),
    }


def delivery_details(record: DeliveryRecord, payload: Any) -> Wire:
    received = record.received
    is_kept = bool(received.body or received.reference or not received.size)
    return {
        **delivery_answer(record),
        "headers": received.headers,
        "payload": payload,
        "body_url": f"{DELIVERIES}/{received.delivery_id}/body" if is_kept else None,
    }


def queued_record(trigger: JobTriggered, job: Job | None, waits_for: str) -> ExecutionRecord:
    """An execution of which nothing is known but the start that was accepted."""
    return ExecutionRecord(
        execution_id=trigger.execution_id,
        job_id=trigger.job_id,
        project=job.project if job else "",
        job_name=job.name if job else "",
        firing=trigger.firing,
        status=ExecutionStatus.QUEUED,
        created_at=trigger.accepted_at,
        detail=waits_for,
    )


def _instant(at: datetime | None) -> str | None:
    return rfc3339(at) if at else None
