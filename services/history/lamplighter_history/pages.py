"""How much of an answer goes into one reply. NATS carries no message above 1 MiB, and smaller ones share better."""

from collections.abc import Iterable
from typing import TypeVar

from lamplighter_contracts.fields import Model
from lamplighter_contracts.queries import ExecutionRecord

PAGE_BYTES = 400 * 1024
RECORD_BYTES = 900_000
CUT_TEXT = 64 * 1024
CUT_DETAIL = 8 * 1024

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
    """The record, without its steps and with its result cut where it would not fit otherwise.

    What is left came in two messages of the bus, half a MiB at most each, so it fits.
    """
    if size(record) <= RECORD_BYTES:
        return record
    omitted = record.steps_omitted + len(record.steps)
    short = {"result": record.result[:CUT_TEXT], "detail": record.detail[:CUT_DETAIL]}
    return record.model_copy(update={"steps": (), "steps_omitted": omitted, **short})


def size(item: Model) -> int:
    return len(item.model_dump_json().encode())
