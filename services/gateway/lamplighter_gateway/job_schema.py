"""The fields of a job as the API's document tells them, with a right example of each."""

import json
from typing import Any

from pydantic import BaseModel

from lamplighter_contracts.flat_shape import PLACES
from lamplighter_contracts.jobs import JobSpec
from lamplighter_contracts.server_dialect import SERVER_FIELDS

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
TEXTS: Schema = {"type": "array", "items": TEXT}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}

EXAMPLES: dict[str, list[Any]] = {
    "schedule": ["0 9 * * *", "@weekdays 17:00", "@every 90s", "@at 2026-12-01 09:00"],
    "schedules": [["0 9 * * *", "0 17 * * fri"]],
    "seconds": [True],
    "timezone": ["Europe/Berlin"],
    "webhook_path": ["/deploy-trigger"],
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
    if reference := told.pop("$ref", None):
        defined = whole["$defs"][reference.rpartition("/")[2]]
        told = {"type": "string", "enum": defined["enum"], **told}
    return told


_FLAT: dict[str, Schema] = {
    "name": TEXT,
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
    "webhook_path": _TEXT_OR_NULL,
    "agent_id": _TEXT_OR_NULL,
    "team_id": _TEXT_OR_NULL,
    "environment": {**TEXT, "default": "default"},
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
