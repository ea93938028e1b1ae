"""How much of an answer goes into one reply. NATS carries no message above 1 MiB, and smaller ones share better."""

from collections.abc import Iterable
from typing import Any, TypeVar

from lamplighter_contracts.fields import Model
from lamplighter_contracts.queries import ExecutionRecord

PAGE_BYTES = 400 * 1024
RECORD_BYTES = 900_000
CUT_TEXT = 64 * 1024
CUT_DETAIL = 8 * 1024
CUT_EFFECTS = 20

M = TypeVar("M", bound=Model)


class Page(list[M]):
    """Takes items until it is full. The first always fits."""

    def __init__(self) -> None:
        super().__init__()
        self._room = PAGE_BYTES

    def take(self, item: M) -> bool:
        self._room -= size(item)
        if self and self._room < 0:
            return False
        self.append(item)
        return True

    def take_all(self, items: Iterable[M]) -> "Page[M]":
        for item in items:
            if not self.take(item):
                break
        return self


def fitting(record: ExecutionRecord) -> ExecutionRecord:
    """The record; where it would not fit, without what can best be done without.

    What is left at last came in few messages of the bus, of which prompt and payload fill at most half a MiB.
    """
    for shorter in (_without_tool_texts, _without_steps, _without_long_texts):
        if size(record) <= RECORD_BYTES:
            break
        record = shorter(record)
    return record


def _without_tool_texts(record: ExecutionRecord) -> ExecutionRecord:
    short = {"arguments": "", "result": ""}
    return record.model_copy(update={"steps": tuple(step.model_copy(update=short) for step in record.steps)})


def _without_steps(record: ExecutionRecord) -> ExecutionRecord:
    counted = {
        "steps_omitted": record.steps_omitted + len(record.steps),
        "decisions_omitted": record.decisions_omitted + len(record.decisions),
    }
    return record.model_copy(update={"steps": (), "decisions": (), **counted})


def _without_long_texts(record: ExecutionRecord) -> ExecutionRecord:
    short: dict[str, Any] = {"result": record.result[:CUT_TEXT], "detail": record.detail[:CUT_DETAIL]}
    if record.choice is not None:
        short["choice"] = record.choice.model_copy(update={"candidates": ()})
    effects, more = record.effects[:CUT_EFFECTS], record.effects[CUT_EFFECTS:]
    short |= {"effects": effects, "effects_omitted": record.effects_omitted + len(more)}
    short["approvals"] = tuple(one.model_copy(update={"arguments": ""}) for one in record.approvals)
    return record.model_copy(update=short)


def size(item: Model) -> int:
    return len(item.model_dump_json().encode())
