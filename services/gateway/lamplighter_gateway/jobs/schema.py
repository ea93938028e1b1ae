"""The fields of a job as the API's document tells them, with a right example of each."""

import json
from typing import Any

from pydantic import BaseModel

from lamplighter_contracts.flat_shape import PLACES, WEBHOOK
from lamplighter_contracts.jobs import JobSpec, WebhookTrigger
from lamplighter_contracts.server_dialect import SERVER_FIELDS

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
TEXTS: Schema = {"type": "array", "items": TEXT}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}

EXAMPLES: dict[str, list[Any]] = {
    "project": ["payments"],
    "schedule": ["0 9 * * *", "@weekdays 17:00", "@every 90s", "@at 2026-12-01 09:00"],
    "schedules": [["0 9 * * *", "0 17 * * fri"]],
    "seconds": [True],
    "timezone": ["Europe/Berlin"],
    "webhook_path": ["/deploy-trigger", "generate"],
    "webhook_producer": ["github"],
    "webhook_events": [["pull_request.*", "push"]],
    "webhook_filter": ["payload.pull_request.base.ref == 'main'"],
    "webhook_gather_seconds": [60],
    "webhook_gather_by": ["payload.pull_request.number"],
    "webhook_rate_per_minute": [600],
    "timeout_seconds": [1_800],
    "overlap": ["queue_one"],
    "max_running": [3],
    "max_queued": [100],
    "concurrency_key": ["payload.pull_request.number"],
    "missed": ["all"],
    "missed_limit": [10],
    "missed_window_seconds": [3_600],
    "missed_every_seconds": [60],
    "starts_at": ["2026-12-01T00:00:00Z"],
    "ends_at": ["2027-06-30T00:00:00Z"],
    "max_runs": [10],
    "exclude_dates": [["2026-12-25", "2026-12-24..2027-01-01"]],
    "blackouts": [["fri 18:00 - mon 06:00", "daily 22:00-06:00"]],
    "calendars": [["holidays"]],
    "spread_seconds": [300],
    "jitter_seconds": [30],
    "capabilities": [["mail", "german"]],
    "fallback_agent_id": ["clerk"],
    "secrets": [["MAIL_TOKEN"]],
    "max_tokens": [200_000],
    "max_cost": [0.5],
    "max_tool_calls": [40],
    "retry_attempts": [3],
    "retry_first_seconds": [10],
    "retry_factor": [3],
    "retry_most_seconds": [600],
    "retry_on": [["unavailable", "exit_code"]],
    "retry_after_effects": [True],
    "approval_wait_seconds": [3_600],
}


def example_of(field: str) -> str | None:
    """As it would stand in a body, a text in single quotes as in all that is said of a field."""
    if field not in EXAMPLES:
        return None
    example = EXAMPLES[field][0]
    return f"'{example}'" if isinstance(example, str) else json.dumps(example)


def _nested(field: str) -> Schema:
    """A field that has its place in a part of the job: its bounds, its default and its words."""
    part, name = PLACES[field]
    model = JobSpec.model_fields[part].annotation
    assert isinstance(model, type)
    assert issubclass(model, BaseModel)
    whole = model.model_json_schema()
    told = dict(whole["properties"][name])
    told.pop("title", None)
    words = told.get("items", told)
    if reference := words.pop("$ref", None):
        defined = whole["$defs"][reference.rpartition("/")[2]]
        words |= {"type": "string", "enum": defined["enum"]}
    return told


def _webhook(field: str, words: str) -> Schema:
    """A field of the job's webhook: its bounds and its default."""
    whole = WebhookTrigger.model_json_schema()
    told = dict(whole["properties"][WEBHOOK[field]])
    if reference := told.pop("$ref", None):
        defined = whole["$defs"][reference.rpartition("/")[2]]
        told |= {"type": "string", "enum": defined["enum"]}
    told.pop("title", None)
    return {**told, "description": words}


_OF_WEBHOOKS = {
    "webhook_producer": "how deliveries are signed; `auto` takes whichever of these they show",
    "webhook_events": "the producer's names of the events that start it, `*` stands for anything; none: every one",
    "webhook_filter": "in CEL over `headers` and `payload`: a delivery starts it where this is true",
    "webhook_gather_seconds": "deliveries that come so long after the first one start one execution together",
    "webhook_gather_by": "in CEL, as text or a number: those that have it in common are gathered",
    "webhook_rate_per_minute": "genuine deliveries that are taken; null: as the gateway is set",
}

_FLAT: dict[str, Schema] = {
    "name": TEXT,
    "project": {**TEXT, "default": "default", "description": "chosen when it is made, and never changed"},
    "prompt": {**TEXT, "description": "a template: {{ job.name }}, {{ scheduled_at }}, {{ payload }}, ..."},
    "description": TEXT,
    "enabled": {"type": "boolean", "default": True},
    "schedule": _TEXT_OR_NULL,
    "schedules": {**TEXTS, "type": ["array", "null"]},
    "seconds": {
        "type": "boolean",
        "default": False,
        "description": "cron may have six fields, seconds first",
    },
    "timezone": {**TEXT, "default": "UTC"},
    "webhook_path": {
        **_TEXT_OR_NULL,
        "description": "where deliveries are posted to; `generate` makes one that nobody can guess",
    },
    **{field: _webhook(field, words) for field, words in _OF_WEBHOOKS.items()},
    "agent_id": _TEXT_OR_NULL,
    "team_id": _TEXT_OR_NULL,
    "smart": {
        "type": "boolean",
        "default": False,
        "description": "instead of an agent or a team: whoever fits best when it fires",
    },
    "capabilities": {**TEXTS, "description": "of a smart job: what the agent must have, all of them"},
    "fallback_agent_id": {
        **_TEXT_OR_NULL,
        "description": "of a smart job: the agent that takes it where nobody fits clearly",
    },
    "environment": {
        **_TEXT_OR_NULL,
        "description": "without one: that of the agent or the team, whatever becomes of it",
    },
    "secrets": {**TEXTS, "description": "names of the environment's secrets that its runs are given"},
    "variables": {"type": "object", "additionalProperties": TEXT},
    **{field: _nested(field) for field in PLACES},
}

FIELDS: dict[str, Schema] = {
    field: told | ({"examples": EXAMPLES[field]} if field in EXAMPLES else {})
    for field, told in _FLAT.items()
}

JOB: Schema = {
    "type": "object",
    "description": "A job in the flat dialect; the fields of the server dialect may stand in for their equals.",
    "properties": FIELDS | {name: {"description": "server dialect"} for name in sorted(SERVER_FIELDS)},
}
