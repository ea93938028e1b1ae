"""How what a job's runs may use, and who does them, reads: only what is not as it would be anyway."""

from collections.abc import Mapping
from typing import Any

from lamplighter_cli import spans
from lamplighter_cli.output import Record, Sheet

RETRY_UNSAID: Mapping[str, Any] = {
    "retry_attempts": 3,
    "retry_first_seconds": 10,
    "retry_factor": 3,
    "retry_most_seconds": 600,
    "retry_on": ["unavailable"],
    "retry_after_effects": False,
}
"""What a job has of which nothing was said."""
DAY = 86_400


def wishes(job: Record) -> str | None:
    """Of a smart job."""
    needs = ", ".join(job.get("capabilities") or ())
    fallback = job.get("fallback_agent_id")
    parts = [needs and f"needs {needs}", fallback and f"else {fallback}"]
    return "; ".join(part for part in parts if part) or None


def environment(job: Record) -> str | None:
    name, inherited = job.get("environment"), job.get("environment_inherited")
    if name == "default":
        return None
    return f"{name} (its executor's)" if inherited else str(name)


def sheet(job: Record) -> Sheet:
    yield "Secrets", ", ".join(job.get("secrets") or ())
    yield "Limits", _limits(job)
    yield "Retry", _retry(job)
    wait = job.get("approval_wait_seconds")
    yield "Approvals", None if wait in (None, DAY) else f"denied after {spans.words(wait)}"


def _limits(job: Record) -> str | None:
    tokens, cost, calls = (job.get(f"max_{name}") for name in ("tokens", "cost", "tool_calls"))
    parts = [
        None if tokens is None else f"{tokens:,} tokens",
        None if cost is None else f"${cost:g}",
        None if calls is None else f"{calls} tool calls",
    ]
    return ", ".join(part for part in parts if part) or None


def _retry(job: Record) -> str | None:
    if all(job.get(field) in (None, usual) for field, usual in RETRY_UNSAID.items()):
        return None
    attempts, ends = job.get("retry_attempts") or 3, ", ".join(job.get("retry_on") or ())
    if attempts == 1 or not ends:
        return "never"
    first, most = spans.words(job.get("retry_first_seconds")), spans.words(job.get("retry_most_seconds"))
    effects = ", also after effects" if job.get("retry_after_effects") else ""
    return f"{attempts} attempts, after {ends}, {first} to {most} later{effects}"
