"""What is to be seen inside a run: its steps, each with a beginning and an end, and its effects."""

from lamplighter_contracts.executions import ExecutionEffects, ExecutionStep
from lamplighter_history.folds.bounds import STEP_TEXT, STEPS_KEPT, kept
from lamplighter_history.folds.executions import QUEUED, upsert
from lamplighter_history.writes import Document, Upsert


def step(event: ExecutionStep, sequence: int) -> Upsert:
    if event.number > kept(STEPS_KEPT, event.attempt):
        path, last = f"steps_beyond.{event.attempt}", {"seq": event.number}
        return upsert(event.execution_id, {}, {"state": QUEUED, path: last})
    path = f"steps.{event.attempt}-{event.number}.{event.phase}"
    return upsert(event.execution_id, {}, {"state": QUEUED, path: _said(event, sequence)})


def effects(event: ExecutionEffects, sequence: int) -> Upsert:
    """The last of these events has them all."""
    all_of_them = {
        "seq": sequence,
        "all": [effect.model_dump() for effect in event.effects],
        "omitted": event.omitted,
    }
    return upsert(event.execution_id, {}, {"state": QUEUED, "effects": all_of_them})


def _said(event: ExecutionStep, sequence: int) -> Document:
    """What is empty is left out: most steps say little."""
    said: Document = {"seq": sequence, "name": event.name[:STEP_TEXT], "at": event.at, "kind": event.kind}
    texts = {
        "detail": event.detail,
        "source": event.source,
        "arguments": event.arguments,
        "result": event.result,
    }
    said |= {name: text[:STEP_TEXT] for name, text in texts.items() if text}
    if event.failed:
        said["failed"] = True
    if event.usage is not None:
        said["usage"] = event.usage.model_dump()
    return said
