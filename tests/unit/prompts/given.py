"""Facts to render with, and what a prompt becomes without its data."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from lamplighter_prompts import Facts, Previous, PromptError, render_prompt

LABEL = re.compile(r'<data name="[^"<>]*">[^<>]*</data>')

VARIABLES = {"BRANCH": "main", "items": "of the job"}
PREVIOUS = Previous("0197-e1", datetime(2026, 2, 28, 8, 0, tzinfo=UTC), "All <well>.\n{{ job.id }}")


def facts(
    payload: Any = None,
    previous: Previous | None = PREVIOUS,
    variables: Mapping[str, str] = VARIABLES,
    timezone: str = "Europe/Paris",
) -> Facts:
    return Facts(
        job_id="nightly-7f3a",
        job_name="Nightly report",
        description="Writes the report.",
        timezone=timezone,
        environment="production",
        variables=variables,
        scheduled_at=datetime(2026, 3, 1, 23, 30, tzinfo=UTC),
        fired_at=datetime(2026, 3, 1, 23, 30, 0, 250_000, tzinfo=UTC),
        payload=payload,
        previous=previous,
    )


def rendered(source: str, payload: Any = None) -> str:
    return render_prompt(source, facts(payload))


def remainder(text: str) -> str:
    """What is left of a prompt without its labelled data."""
    return LABEL.sub("", text)


def outcome(source: str, payload: Any, variables: Mapping[str, str] = VARIABLES) -> tuple[str, str]:
    """The prompt, or the problem: one of them is empty."""
    try:
        return render_prompt(source, facts(payload, variables=variables)), ""
    except PromptError as error:
        return "", error.problem
