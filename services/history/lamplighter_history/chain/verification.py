"""Checks a stretch of the chain: that every record is as it was recorded, that none is missing, and that the last one
is the one that the bus knows."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import bson
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument

from lamplighter_contracts.chain import FIRST, fault
from lamplighter_contracts.queries import AuditVerdict, VerifyAudit
from lamplighter_history.chain.anchors import Anchors
from lamplighter_history.chain.links import Tail, plain
from lamplighter_history.database import Database, faults
from lamplighter_history.writes import Collection

SECONDS = 1.0
"""How long a stretch may take: who asks waits three."""
AT_ONCE = 100
"""Links that are checked before others get their turn."""
PATIENCE_SECONDS, LOOK_SECONDS = 1.0, 0.05
"""Between the writing of a link and the moving of the anchor pass milliseconds."""

_RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
_READ: CodecOptions[dict[str, Any]] = CodecOptions(
    # What was meddled with may be no text, and no time that there is: it is told, and not stumbled over.
    tz_aware=True,
    unicode_decode_error_handler="replace",
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
)


@dataclass(frozen=True, slots=True)
class Break:
    """The first link that does not hold: 0 for what stands outside of all numbers."""

    number: int
    problem: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """What has been checked so far, and what ended it."""

    begin: Tail
    last: Tail
    broke: Break | None = None

    @property
    def checked(self) -> int:
        return self.last.number - self.begin.number


class Verification:
    def __init__(self, database: Database, anchors: Anchors) -> None:
        self._database = database
        self._anchors = anchors

    async def verify(self, query: VerifyAudit) -> AuditVerdict:
        """Raises `StoreUnavailable`, `BusUnavailable`."""
        # Before the chain is read: what is anchored by now has to be there.
        anchor = await self._anchors.read()
        begin = Tail(query.after_number, query.after_hash or FIRST)
        if broke := misplaced(begin, anchor):
            return _verdict(Stretch(begin, begin, broke), anchor, more=False)
        stretch, more = await self._walk(begin, query.limit, anchor)
        if not stretch.broke and not more:
            stretch, anchor = await self._end(stretch, anchor)
        return _verdict(stretch, anchor, more=more)

    async def _walk(self, begin: Tail, limit: int, anchor: Tail | None) -> tuple[Stretch, bool]:
        """As far as time allows; and whether there is more to check."""
        stretch, deadline = Stretch(begin, begin), time.monotonic() + SECONDS
        async with self._links(begin.number) as found:
            async for raw in found:
                if stretch.checked >= limit or time.monotonic() > deadline:
                    return stretch, True
                stretch = follow(stretch, raw, anchor)
                if stretch.broke:
                    break
                if stretch.checked % AT_ONCE == 0:
                    await asyncio.sleep(0)
        return stretch, False

    @asynccontextmanager
    async def _links(self, after: int) -> AsyncIterator[Any]:
        with faults():
            found = self._chain.find({"_id": {"$gt": after}}).sort("_id", 1)
            try:
                yield found
            finally:
                await found.close()

    async def _stray(self) -> Break | None:
        """What stands outside of all numbers."""
        with faults():
            for order in (1, -1):
                for raw in await self._chain.find().sort("_id", order).limit(1).to_list(1):
                    number = _read(raw).get("number")
                    if not isinstance(number, int) or number < 1:
                        return Break(0, f"a record was added: its number is {number!r}")
        return None

    async def _end(self, stretch: Stretch, anchor: Tail | None) -> tuple[Stretch, Tail | None]:
        """Whether the chain ends where the bus says, which hears of a link a moment after it is written."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while anchor is not None and anchor.number < stretch.last.number and time.monotonic() < deadline:
            await asyncio.sleep(LOOK_SECONDS)
            anchor = await self._anchors.read()
        return replace(stretch, broke=ending(stretch.last, anchor) or await self._stray()), anchor

    @property
    def _chain(self) -> Any:
        return self._database[Collection.CHAIN].with_options(codec_options=_RAW)


def follow(stretch: Stretch, raw: RawBSONDocument, anchor: Tail | None) -> Stretch:
    """With the next link, or with what is wrong with it."""
    link, number = _read(raw), stretch.last.number + 1
    if problem := fault(link, number, stretch.last.hash):
        return replace(stretch, broke=Break(number, problem))
    last = Tail(number, link["hash"])
    if broke := misplaced(last, anchor):
        return replace(stretch, broke=broke)
    return replace(stretch, last=last)


def misplaced(link: Tail, anchor: Tail | None) -> Break | None:
    """What is wrong with a link, by what the bus has of it."""
    if anchor is None or anchor.number != link.number or anchor.hash == link.hash:
        return None
    return Break(link.number, f"record {link.number} is another than the one that history has told")


def ending(last: Tail, anchor: Tail | None) -> Break | None:
    """What is wrong with the end of the chain, by what the bus has of it."""
    if anchor is None or anchor.number == last.number:
        return None
    if last.number < anchor.number:
        return Break(last.number + 1, f"the end is missing: there was a record {anchor.number}")
    added = "it was added, or history was stopped while it wrote and has written nothing since"
    number = anchor.number + 1
    return Break(number, f"record {number} stands after the end that history has told: {added}")


def _read(raw: RawBSONDocument) -> dict[str, Any]:
    try:
        return plain(bson.decode(raw.raw, _READ))
    except (BSONError, ValueError, OverflowError):
        return {}


def _verdict(stretch: Stretch, anchor: Tail | None, *, more: bool) -> AuditVerdict:
    return AuditVerdict(
        checked=stretch.checked,
        last_number=stretch.last.number,
        last_hash=stretch.last.hash,
        more=more,
        broken_at=stretch.broke.number if stretch.broke else None,
        problem=stretch.broke.problem if stretch.broke else "",
        anchor_number=anchor.number if anchor else None,
        anchor_hash=anchor.hash if anchor else "",
    )
