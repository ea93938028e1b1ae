"""Reads MongoDB to answer queries about occurrences and backfills."""

from lamplighter_contracts.queries import (
    BackfillPage,
    FindOccurrence,
    ListBackfills,
    ListOccurrences,
    OccurrenceAnswer,
    OccurrencePage,
    OccurrenceRecord,
)
from lamplighter_history.cursors import Place, cursor_after_place
from lamplighter_history.database import Database, faults
from lamplighter_history.filters import backfills, occurrences
from lamplighter_history.pages import Page
from lamplighter_history.records import backfill_record, counts, nearest, occurrence_record
from lamplighter_history.writes import Collection, Document


class Ledger:
    """Every method raises `StoreUnavailable`, and `InvalidQuery` for a cursor that is none or an empty range."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_occurrences(self, query: ListOccurrences) -> OccurrencePage:
        wanted = occurrences.listed(query)
        page = Page[OccurrenceRecord]()
        with faults():
            found = (
                self._database[Collection.OCCURRENCES]
                .find(wanted, occurrences.WITHOUT_PAYLOAD)
                .sort(occurrences.NEWEST_FIRST)
                .limit(query.limit + 1)
            )
            try:
                async for one in found:
                    if len(page) == query.limit or not page.take(occurrence_record(one)):
                        return OccurrencePage(occurrences=tuple(page), next_cursor=_after(page[-1]))
            finally:
                await found.close()
        return OccurrencePage(occurrences=tuple(page))

    async def find_occurrence(self, query: FindOccurrence) -> OccurrenceAnswer:
        with faults():
            found = await (
                self._database[Collection.OCCURRENCES].aggregate(occurrences.at_instant(query)).to_list(1)
            )
        itself = occurrence_record(found[0]) if found else None
        others = occurrences.after(query, itself.execution_id if itself is not None else None)
        return OccurrenceAnswer(
            at=itself,
            before=await self._nearest(occurrences.before(query), occurrences.NEWEST_FIRST),
            after=await self._nearest(others, occurrences.OLDEST_FIRST),
        )

    async def list_backfills(self, query: ListBackfills) -> BackfillPage:
        with faults():
            found = await (
                self._database[Collection.BACKFILLS]
                .find(backfills.listed(query))
                .sort(backfills.NEWEST_FIRST)
                .limit(query.limit)
                .to_list(None)
            )
            ids = [one["_id"] for one in found]
            counted = counts(
                await self._database[Collection.EXECUTIONS].aggregate(backfills.executions(ids)).to_list(None)
            )
        return BackfillPage(
            backfills=tuple(backfill_record(one, counted.get(one["_id"], {})) for one in found)
        )

    async def _nearest(self, wanted: Document, order: list[tuple[str, int]]) -> OccurrenceRecord | None:
        """Without its payload: three records with theirs would not fit into one reply."""
        with faults():
            found = await (
                self._database[Collection.OCCURRENCES]
                .find(wanted, occurrences.WITHOUT_PAYLOAD)
                .sort(order)
                .limit(occurrences.SIDE_BY_SIDE)
                .to_list(None)
            )
        return nearest(found)


def _after(record: OccurrenceRecord) -> str:
    return cursor_after_place(Place(record.firing.nominal_at, record.execution_id))
