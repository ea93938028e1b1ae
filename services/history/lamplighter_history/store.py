"""Writes the fold's intents to MongoDB: one bulk write a collection, durable on a majority before it returns."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, assert_never

from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError

from lamplighter_history.database import Database, Refused, StoreUnavailable, faults
from lamplighter_history.filters import executions, occurrences
from lamplighter_history.writes import Collection, Document, Insert, Upsert, Write

Operation = InsertOne[Document] | UpdateOne

TRIES = 3

_DUPLICATE = 11_000

_OF_THE_DOCUMENT = frozenset({2, 9, 14, 15, 22, 28, 40, 52, 56, 57, 66, 121, 10_334, 17_419, 17_420})
"""MongoDB's codes that blame the document: BadValue, FailedToParse, TypeMismatch, Overflow, InvalidBSON,
PathNotViable, ConflictingUpdateOperators, DollarPrefixedFieldName, EmptyFieldName, DottedFieldName, ImmutableField,
DocumentValidationFailure, and three for one that is too large."""


class Store:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._problem: str | None = None

    def problem(self) -> str | None:
        """For readiness: why the last write failed. A full disk answers pings."""
        return self._problem

    async def write(self, writes: Iterable[Write]) -> None:
        """All are durable when this returns. Raises `StoreUnavailable`, or `Refused` for a document that is wrong."""
        by_collection: dict[Collection, list[Write]] = defaultdict(list)
        for write in writes:
            by_collection[write.collection].append(write)
        try:
            if bodies := by_collection.pop(Collection.BODIES, None):
                # Before the records that they belong to: who finds one finds its body.
                await self._bulk(Collection.BODIES, bodies)
            await asyncio.gather(*(self._bulk(place, some) for place, some in by_collection.items()))
        except StoreUnavailable as error:
            self._problem = str(error)[:300]
            raise
        self._problem = None

    async def waited_in_vain(self, execution_ids: Sequence[str]) -> list[Document]:
        """The ledger's records of those that waited and were skipped. Raises `StoreUnavailable`."""
        wanted, fields = occurrences.in_vain(execution_ids), occurrences.RULED
        with faults():
            found: list[Document] = (
                await self._database[Collection.OCCURRENCES].find(wanted, fields).to_list(None)
            )
        return found

    async def never_began(self, execution_ids: Sequence[str]) -> list[tuple[Document, Document]]:
        """The ledger's records of those that fired and were blocked, and how each ended. Raises `StoreUnavailable`."""
        wanted = executions.blocked(execution_ids)
        with faults():
            blocked = await self._database[Collection.EXECUTIONS].find(wanted, executions.ENDED).to_list(None)
            ends = {one["_id"]: one["state"] for one in blocked}
            if not ends:
                return []
            fired = occurrences.fired(list(ends))
            found: list[Document] = await self._database[Collection.OCCURRENCES].find(fired).to_list(None)
        return [(one, ends[one["_id"]]) for one in found]

    async def _bulk(self, place: Collection, writes: Sequence[Write]) -> None:
        operations = [operation(write) for write in writes]
        for _ in range(TRIES):
            operations = await self._once(place, operations)
            if not operations:
                return
        raise StoreUnavailable(
            f"MongoDB: {len(operations)} upserts in {place.value!r} met others {TRIES} times"
        )

    async def _once(self, place: Collection, operations: Sequence[Operation]) -> list[Operation]:
        """Returns what has to be repeated."""
        with faults():
            try:
                await self._database[place].bulk_write(operations, ordered=False)
            except BulkWriteError as error:
                return left_over(operations, error.details)
        return []


def operation(write: Write) -> Operation:
    match write:
        case Insert():
            return InsertOne(write.document)
        case Upsert():
            update: Document = {"$max": write.latest}
            if write.facts:
                update["$set"] = write.facts
            return UpdateOne({"_id": write.document_id}, update, upsert=True)
        case _:
            assert_never(write)


def left_over(operations: Sequence[Operation], details: Mapping[str, Any]) -> list[Operation]:
    """The upserts that two writers began at once, one of which lost. An insert that is there already is done.

    Raises `StoreUnavailable`, or `Refused` where nothing but the documents is to blame.
    """
    errors = details.get("writeErrors", [])
    faulty = [e for e in errors if e["code"] != _DUPLICATE]
    passing = [e for e in faulty if e["code"] not in _OF_THE_DOCUMENT]
    if outages := [*passing, *details.get("writeConcernErrors", [])]:
        raise StoreUnavailable(f"MongoDB: {outages[0].get('errmsg')}")
    if faulty:
        raise Refused(f"MongoDB cannot hold this document: {faulty[0].get('errmsg')}")
    failed = [operations[e["index"]] for e in errors]
    return [one for one in failed if isinstance(one, UpdateOne)]
