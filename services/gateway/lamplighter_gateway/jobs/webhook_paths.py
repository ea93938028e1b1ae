"""Webhook paths that nobody can guess, for who asks for one."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from lamplighter_contracts.jobs import Job

GENERATE = "generate"
"""As a `webhook_path`: make one."""
BEGINNING = "/hooks/"
RANDOM_BYTES = 20


def with_path(
    body: Mapping[str, Any], before: Job | None, entropy: Callable[[int], bytes]
) -> Mapping[str, Any]:
    """`body` with a new path where it asks for one: by that word, or in the server dialect by wanting a webhook and
    naming no path, as long as the job has none."""
    path = body.get("webhook_path")
    wants = body.get("trigger_type") == "webhook" and not path
    if wants and before is not None and before.webhook is not None and "webhook_path" not in body:
        return {**body, "webhook_path": before.webhook.path}
    return {**body, "webhook_path": fresh_path(entropy)} if path == GENERATE or wants else body


def fresh_path(entropy: Callable[[int], bytes]) -> str:
    """160 random bits, as small letters and digits."""
    return BEGINNING + base64.b32encode(entropy(RANDOM_BYTES)).decode().lower()
