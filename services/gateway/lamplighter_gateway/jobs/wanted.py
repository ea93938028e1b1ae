"""The fields of a job that only the catalog, the calendar and the clock can judge, also of a body that is wrong
elsewhere: so that everything wrong is found at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lamplighter_contracts.fields import Instant
from lamplighter_contracts.jobs import (
    LONGEST_CEL,
    AgentExecutor,
    JobSpec,
    SmartExecutor,
    TeamExecutor,
)

MOST_TEXTS, LONGEST_TEXT = 200, 200
"""What is looked at of a list in a body that is wrong: as much as the largest list of a right one may hold."""

_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)


@dataclass(frozen=True)
class Wanted:
    schedules: tuple[str, ...] = ()
    seconds: bool = False
    timezone: str = "UTC"
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    exclude_dates: tuple[str, ...] = ()
    blackouts: tuple[str, ...] = ()
    calendars: tuple[str, ...] = ()
    prompt: str = ""
    variables: frozenset[str] = frozenset()
    agent_id: str | None = None
    team_id: str | None = None
    fallback_agent_id: str | None = None
    environment: str | None = None
    """None: nobody has named one."""
    webhook_filter: str = ""
    webhook_gather_by: str = ""


NOTHING = Wanted()


def wanted_of_spec(spec: JobSpec) -> Wanted:
    executor = spec.executor
    return Wanted(
        schedules=tuple(trigger.schedule for trigger in spec.schedules),
        seconds=any(trigger.seconds for trigger in spec.schedules),
        timezone=spec.timezone,
        starts_at=spec.window.starts_at,
        ends_at=spec.window.ends_at,
        exclude_dates=spec.exclusions.dates,
        blackouts=spec.exclusions.blackouts,
        calendars=spec.exclusions.calendars,
        prompt=spec.prompt,
        variables=frozenset(spec.variables),
        agent_id=executor.agent_id if isinstance(executor, AgentExecutor) else None,
        team_id=executor.team_id if isinstance(executor, TeamExecutor) else None,
        fallback_agent_id=executor.fallback if isinstance(executor, SmartExecutor) else None,
        environment=spec.environment,
        webhook_filter=spec.webhook.filter if spec.webhook else "",
        webhook_gather_by=spec.webhook.gather_by if spec.webhook else "",
    )


def wanted_of_body(body: Mapping[str, Any], before: Wanted = NOTHING) -> Wanted:
    """As much as can be told of it; `before` is what a change lies on."""
    one = _text(body, "schedule", "cron_schedule")
    several = _texts(body, "schedules", ())
    entity = _text(body, "entity_id")
    kinds = {kind for kind in (_text(body, "planning_mode"), _text(body, "entity_type")) if kind}
    return Wanted(
        schedules=several or ((one,) if one else before.schedules),
        seconds=body.get("seconds", before.seconds) is True,
        timezone=_text(body, "timezone", "cron_timezone") or before.timezone,
        starts_at=_instant(body, "starts_at", before.starts_at),
        ends_at=_instant(body, "ends_at", before.ends_at),
        exclude_dates=_texts(body, "exclude_dates", before.exclude_dates),
        blackouts=_texts(body, "blackouts", before.blackouts),
        calendars=_texts(body, "calendars", before.calendars),
        prompt=_text(body, "prompt", "prompt_template") or before.prompt,
        variables=_variables(body, before.variables),
        agent_id=_text(body, "agent_id") or (entity if {"predefined_agent", "agent"} & kinds else None),
        team_id=_text(body, "team_id") or (entity if {"predefined_team", "team"} & kinds else None),
        fallback_agent_id=_text(body, "fallback_agent_id"),
        environment=_text(body, "environment", "environment_name") or before.environment,
        webhook_filter=_expression(body, "webhook_filter"),
        webhook_gather_by=_expression(body, "webhook_gather_by"),
    )


def _text(body: Mapping[str, Any], *names: str) -> str | None:
    return next((value for name in names if isinstance(value := body.get(name), str) and value), None)


def _expression(body: Mapping[str, Any], name: str) -> str:
    """One that is too long is told of as such."""
    text = (_text(body, name) or "").strip()
    return text if len(text) <= LONGEST_CEL else ""


def _texts(body: Mapping[str, Any], name: str, before: tuple[str, ...]) -> tuple[str, ...]:
    value = body.get(name, before)
    given = value[:MOST_TEXTS] if isinstance(value, list | tuple) else ()
    return tuple(text for text in given if isinstance(text, str) and len(text) <= LONGEST_TEXT)


def _instant(body: Mapping[str, Any], name: str, before: datetime | None) -> datetime | None:
    try:
        return _INSTANT.validate_python(body[name])
    except KeyError:
        return before
    except ValidationError:
        return None


def _variables(body: Mapping[str, Any], before: frozenset[str]) -> frozenset[str]:
    if "variables" in body:
        value = body["variables"]
    elif isinstance(around := body.get("execution_environment"), dict):
        value = around.get("env_vars")
    else:
        return before
    return (
        frozenset(name for name in value if isinstance(name, str)) if isinstance(value, dict) else frozenset()
    )
