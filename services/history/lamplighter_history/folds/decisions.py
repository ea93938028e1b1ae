"""What was decided about an execution: whom it was given to, and what policies said."""

from datetime import datetime
from typing import Any

from pydantic_core import to_json

from lamplighter_contracts.choices import Choice
from lamplighter_contracts.events import JobDue
from lamplighter_contracts.executions import ExecutionDecided
from lamplighter_contracts.policies import Constraints, Verdict
from lamplighter_history.folds.bounds import DECISION_TEXT, DECISIONS_KEPT, kept
from lamplighter_history.writes import Document

_DUE, _DECIDED = 0, 1
"""Whose choice stays: their sequences are those of two streams, and do not compare."""

_RULES, _MESSAGE = 4, 200


def decided(event: ExecutionDecided, sequence: int) -> dict[str, Document]:
    """By their places in the execution's document."""
    said: dict[str, Document] = {}
    if event.choice is not None:
        said["choice"] = _choice(event.choice, event.at, [_DECIDED, sequence])
    if event.verdict is None or event.action is None:
        return said
    if event.number > kept(DECISIONS_KEPT, event.attempt):
        return said | {f"decisions_beyond.{event.attempt}": {"seq": event.number}}
    decision = {
        "seq": sequence,
        "at": event.at,
        "action": event.action.value,
        "verdict": _short(event.verdict),
        "tool": event.tool,
        "agent_id": event.agent_id,
    }
    return said | {f"decisions.{event.attempt}-{event.number}": decision}


def chosen_at_due(event: JobDue, sequence: int) -> dict[str, Document]:
    choice = event.choice
    return {"choice": _choice(choice, event.decided_at, [_DUE, sequence])} if choice is not None else {}


def _choice(choice: Choice, at: datetime, seq: list[int]) -> Document:
    """The candidates as JSON text: they are read whole, or not at all."""
    return {
        "seq": seq,
        "at": at,
        "said": choice.model_dump(mode="json", exclude={"candidates"}),
        "candidates": to_json(choice.candidates).decode(),
    }


def _short(verdict: Verdict) -> str:
    """As JSON text. Of one that is long, what made it what it is."""
    text = verdict.model_dump_json(exclude_defaults=True)
    if len(text) <= DECISION_TEXT:
        return text
    binding = [one.model_copy(update=_cut(one.message)) for one in verdict.binding[:_RULES]]
    changes: dict[str, Any] = {"applied": tuple(binding)}
    short = verdict.model_copy(update=changes).model_dump_json(exclude_defaults=True)
    if len(short) <= DECISION_TEXT:
        return short
    return verdict.model_copy(update=changes | {"constraints": Constraints()}).model_dump_json(
        exclude_defaults=True
    )


def _cut(message: str) -> dict[str, str]:
    return {"message": message[:_MESSAGE]}
