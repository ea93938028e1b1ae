"""Appends to the chain in MongoDB. The one way to write there.

Several may append at once. Each reads where the chain ends, looks which of its records stand there already, and writes
the others under the numbers that follow: of two, one finds its number taken, and begins anew. So there is no fork and
no gap, and a record that comes again is seen, because whatever came between the looking and the writing has taken the
number too.
"""

import asyncio
from collections.abc import Sequence

from pymongo import InsertOne
from pymongo.errors import BulkWriteError

from lamplighter_history.chain.anchors import Anchors
from lamplighter_history.chain.links import Tail, links, tail_of
from lamplighter_history.database import Database, StoreUnavailable, faults
from lamplighter_history.filters import audit
from lamplighter_history.store import left_over
from lamplighter_history.writes import Collection, Document

TRIES = 50


class Chain:
    def __init__(self, database: Database, anchors: Anchors) -> None:
        self._database = database
        self._anchors = anchors
        self._turn = asyncio.Lock()
        """Within one process, waiting for one's turn is cheaper than losing it."""

    async def append(self, drafts: Sequence[Document]) -> None:
        """All are durable and the anchor is moved when this returns.

        Raises `StoreUnavailable`, `BusUnavailable`, or `Refused` for a record that is wrong.
        """
        async with self._turn:
            for _ in range(TRIES):
                if await self._append(drafts):
                    return
        raise StoreUnavailable(f"MongoDB: others kept writing the audit, {TRIES} times over")

    async def _append(self, drafts: Sequence[Document]) -> bool:
        """False where somebody else was faster."""
        # In this order: what is anchored is in the chain by then, what is in the chain is known by then.
        anchor = await self._anchors.read()
        tail = await self._tail(anchor)
        made = links(tail, await self._unknown(drafts))
        if made and not await self._insert(made):
            return False
        newest = Tail(made[-1]["_id"], made[-1]["hash"]) if made else tail
        if newest != anchor and newest.number > 0:
            await self._anchors.move(newest)
        return True

    async def _tail(self, anchor: Tail | None) -> Tail:
        with faults():
            newest = await (
                self._database[Collection.CHAIN]
                .find(audit.since(anchor.number if anchor else 0), audit.LINKS)
                .sort("_id", -1)
                .limit(0 if anchor else 1)
                .to_list(None)
            )
        return tail_of(anchor, newest[::-1])

    async def _unknown(self, drafts: Sequence[Document]) -> list[Document]:
        """Those that do not stand in the chain yet, each once."""
        by_source = {draft["source"]: draft for draft in drafts}
        with faults():
            known = self._database[Collection.CHAIN].find(audit.told_by(list(by_source)), audit.SOURCE)
            for one in await known.to_list(None):
                by_source.pop(one["source"], None)
        return list(by_source.values())

    async def _insert(self, made: Sequence[Document]) -> bool:
        """In order, so that what is written of them is the beginning, should the rest not be."""
        inserts = [InsertOne(link) for link in made]
        with faults():
            try:
                await self._database[Collection.CHAIN].bulk_write(inserts, ordered=True)
            except BulkWriteError as error:
                left_over(inserts, error.details)
                return False
        return True
