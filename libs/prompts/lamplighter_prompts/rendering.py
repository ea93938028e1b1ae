"""check_prompt, names_used, render_prompt and with_payload."""

from collections.abc import Collection
from typing import Any

from minijinja import TemplateError

from lamplighter_contracts.fields import rfc3339

from .errors import FilterError, PromptError, unknown
from .facts import Facts, Previous
from .labels import labelled
from .printing import Printer, no_value, too_large
from .program import TEMPLATE, Program, compiled
from .readings import Budget
from .vocabulary import LARGEST_DATA, LARGEST_RESULT

LARGEST_PROMPT = LARGEST_RESULT + LARGEST_DATA + 1024
"""Bytes of a prompt with the payload after it."""


def check_prompt(source: str, variables: Collection[str]) -> None:
    """Raises PromptError for what could never be rendered. `variables` are the names that the job has."""
    program = compiled(source)
    for name, line in program.variables if program else ():
        if name not in variables:
            raise unknown(line, f"the job has no variable {name!r}", name, variables)


def names_used(source: str) -> frozenset[str]:
    """The top-level names that the prompt mentions. Raises PromptError."""
    program = compiled(source) if "{" in source else None
    return program.names if program else frozenset()


def render_prompt(source: str, facts: Facts) -> str:
    """The prompt of one occurrence, of at most 128 KiB. Raises PromptError with why there is none.

    Nothing that a value holds is rendered again. A source without tags is returned as it is.
    """
    program = compiled(source) if "{" in source else None
    if program is None:
        return source
    try:
        text = program.engine.render_template(TEMPLATE, **_context(program, facts))
    except FilterError as error:
        raise _located(error, program) from None
    except TemplateError as error:
        raise _why(error, source) from None
    if len(text) * 4 > LARGEST_RESULT and len(text.encode()) > LARGEST_RESULT:
        raise too_large()
    return text


def with_payload(source: str, rendered: str, payload: Any) -> str:
    """What was rendered, and after it the payload, labelled, where the source does not mention it at all.

    A prompt that mentions it, be it in a condition, gets what it asks for and no more. Raises PromptError where the
    source cannot be read.
    """
    if payload is None or "payload" in names_used(source):
        return rendered
    block = labelled("payload", payload)
    return f"{rendered.rstrip()}\n\n{block}" if block else rendered


def _context(program: Program, facts: Facts) -> dict[str, Any]:
    budget = Budget(longest=LARGEST_DATA)
    context: dict[str, Any] = {"__printer": Printer(facts, program.prints, budget)}
    for name in program.names:
        match name:
            case "scheduled_at" | "fired_at":
                context[name] = rfc3339(getattr(facts, name))
            case "job":
                context[name] = Budget(longest=LARGEST_RESULT).reading(_job(facts))
            case "previous":
                context[name] = budget.reading(_previous(facts.previous))
            case "payload":
                context[name] = budget.reading(facts.payload)
    return context


def _job(facts: Facts) -> dict[str, Any]:
    return {
        "id": facts.job_id,
        "name": facts.job_name,
        "description": facts.description,
        "timezone": facts.timezone,
        "environment": facts.environment,
        "variables": facts.variables,
    }


def _previous(previous: Previous | None) -> dict[str, Any]:
    if previous is None:
        return {"exists": False, "execution_id": "", "finished_at": "", "result": ""}
    return {
        "exists": True,
        "execution_id": previous.execution_id,
        "finished_at": rfc3339(previous.finished_at),
        "result": previous.result,
    }


def _located(error: FilterError, program: Program) -> PromptError:
    lines = sorted({line for name, line in program.filters if name == error.name})
    return PromptError(f"Line {' or '.join(map(str, lines))}: {error.problem}")


def _why(error: TemplateError, source: str) -> PromptError:
    """The engine's reason in a sentence. Its details name what is written, and no values."""
    line = error.line or 1
    match error.kind:
        case "OutOfFuel":
            return PromptError(f"Line {line}: the prompt takes too long: its loops run too often.")
        case "UndefinedError":
            what = (error.detail or "").removesuffix(" is undefined").strip("`")
            return no_value(line, what or source.splitlines()[line - 1].strip()[:80])
    return PromptError(f"Line {line}: the prompt cannot be rendered: {error.detail or error.kind}.")
