"""Where each flat field of a job has its place among the nested parts of a `JobSpec`."""

from collections.abc import Mapping
from typing import Any

from lamplighter_contracts.jobs import JobSpec, WebhookTrigger

PLACES: Mapping[str, tuple[str, str]] = {
    "timeout_seconds": ("limits", "timeout_seconds"),
    "overlap": ("concurrency", "overlap"),
    "max_running": ("concurrency", "max_running"),
    "max_queued": ("concurrency", "max_queued"),
    "concurrency_key": ("concurrency", "key"),
    "missed": ("missed", "policy"),
    "missed_limit": ("missed", "limit"),
    "missed_window_seconds": ("missed", "window_seconds"),
    "missed_every_seconds": ("missed", "every_seconds"),
    "starts_at": ("window", "starts_at"),
    "ends_at": ("window", "ends_at"),
    "max_runs": ("window", "max_runs"),
    "exclude_dates": ("exclusions", "dates"),
    "blackouts": ("exclusions", "blackouts"),
    "calendars": ("exclusions", "calendars"),
    "spread_seconds": ("spread", "spread_seconds"),
    "jitter_seconds": ("spread", "jitter_seconds"),
    "max_tokens": ("limits", "tokens"),
    "max_cost": ("limits", "cost"),
    "max_tool_calls": ("limits", "tool_calls"),
    "retry_attempts": ("retry", "attempts"),
    "retry_first_seconds": ("retry", "first_seconds"),
    "retry_factor": ("retry", "factor"),
    "retry_most_seconds": ("retry", "most_seconds"),
    "retry_on": ("retry", "on"),
    "retry_after_effects": ("retry", "after_effects"),
    "approval_wait_seconds": ("approvals", "wait_seconds"),
}

FIELD_NAMES = {f"{part}.{name}": field for field, (part, name) in PLACES.items()}
"""The flat name of a nested field, for what is wrong with it."""


WEBHOOK: Mapping[str, str] = {
    "webhook_path": "path",
    "webhook_producer": "producer",
    "webhook_events": "events",
    "webhook_filter": "filter",
    "webhook_gather_seconds": "gather_seconds",
    "webhook_gather_by": "gather_by",
    "webhook_rate_per_minute": "rate_per_minute",
}
"""Where each has its place in the job's webhook."""


def nested(flat: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The parts that the flat fields describe. Null is the default, as if the field were not there."""
    parts: dict[str, dict[str, Any]] = {}
    for field, (part, name) in PLACES.items():
        if flat.get(field) is not None:
            parts.setdefault(part, {})[name] = flat[field]
    return parts


def webhook_of(flat: Mapping[str, Any]) -> dict[str, Any] | None:
    """The trigger that the flat fields describe, as JSON; None without a path."""
    if flat.get("webhook_path") is None:
        return None
    given = {name: flat[field] for field, name in WEBHOOK.items() if flat.get(field) is not None}
    return {"kind": "webhook", **given}


def flat_webhook(webhook: WebhookTrigger | None) -> dict[str, Any]:
    """The fields of a webhook, null where a job has none."""
    told = webhook.model_dump(mode="json") if webhook else {}
    return {field: told.get(name) for field, name in WEBHOOK.items()}


def flattened(job: JobSpec) -> dict[str, Any]:
    """The nested parts of a job as flat fields, in JSON's own types."""
    parts = {part: getattr(job, part).model_dump(mode="json") for part, _ in PLACES.values()}
    return {field: parts[part][name] for field, (part, name) in PLACES.items()}
