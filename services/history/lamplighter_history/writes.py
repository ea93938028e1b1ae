"""What the fold takes and gives, as plain data: entries of a stream in, write intents out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar

Document = dict[str, Any]

E_co = TypeVar("E_co", covariant=True)


class Collection(StrEnum):
    EXECUTIONS = "executions"
    LOGS = "execution_logs"
    OCCURRENCES = "occurrences"
    BACKFILLS = "backfills"
    DELIVERIES = "deliveries"
    BODIES = "delivery_bodies"
    AUDIT = "audit"
    """As it was kept before there was a chain: nothing is written there any more."""
    CHAIN = "audit_chain"


@dataclass(frozen=True, slots=True)
class Entry(Generic[E_co]):
    """An event and its place in its stream. `at` is when the stream took it, by the server's clock."""

    event: E_co
    sequence: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Retention:
    executions: timedelta
    occurrences: timedelta
    logs: timedelta
    bodies: timedelta
    """Of deliveries, as they came."""


@dataclass(frozen=True, slots=True)
class Insert:
    """A document that never changes. One that is there already is this one."""

    collection: Collection
    document: Document

    @property
    def document_id(self) -> Any:
        return self.document["_id"]


@dataclass(frozen=True, slots=True)
class Upsert:
    """What one or more events say of a document that many events make.

    `facts` are said by one event only, or by all alike. Each of `latest` is a document whose first field `seq` orders
    it among the others: the one with the highest stays. It is the sequence of the event that said it, as a rule, or
    a rank and the sequence: what ends a thing has the higher rank, also where it was published earlier.
    """

    collection: Collection
    document_id: str
    facts: Mapping[str, Any]
    latest: Mapping[str, Document]

    def merged(self, other: "Upsert") -> "Upsert":
        """The one write that does what both do, in any order."""
        latest = dict(self.latest)
        for path, value in other.latest.items():
            if path not in latest or value["seq"] > latest[path]["seq"]:
                latest[path] = value
        return Upsert(self.collection, self.document_id, {**self.facts, **other.facts}, latest)


Write = Insert | Upsert
