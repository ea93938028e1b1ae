"""Reads MongoDB to answer queries about deliveries."""

from lamplighter_contracts.queries import (
    DeliveryAnswer,
    DeliveryPage,
    DeliveryRecord,
    GetDelivery,
    ListDeliveries,
)
from lamplighter_history.cursors import Place, cursor_after_place
from lamplighter_history.database import Database, faults
from lamplighter_history.delivery_records import delivery_record
from lamplighter_history.filters import deliveries, occurrences
from lamplighter_history.pages import Page
from lamplighter_history.writes import Collection


class Mailbox:
    """Every method raises `StoreUnavailable`, and `InvalidQuery` for a cursor that is none or an empty range."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_deliveries(self, query: ListDeliveries) -> DeliveryPage:
        wanted = deliveries.listed(query, await self._gathered_into(query.execution_id))
        page = Page[DeliveryRecord]()
        with faults():
            found = self._database[Collection.DELIVERIES].aggregate(deliveries.page(wanted, query.limit + 1))
            try:
                async for one in found:
                    if len(page) == query.limit or not page.take(delivery_record(one)):
                        return DeliveryPage(deliveries=tuple(page), next_cursor=_after(page[-1]))
            finally:
                await found.close()
        return DeliveryPage(deliveries=tuple(page))

    async def get_delivery(self, query: GetDelivery) -> DeliveryAnswer:
        with faults():
            found = await self._database[Collection.DELIVERIES].aggregate(deliveries.whole(query)).to_list(1)
        return DeliveryAnswer(delivery=delivery_record(found[0]) if found else None)

    async def _gathered_into(self, execution_id: str | None) -> list[str]:
        if execution_id is None:
            return []
        wanted = occurrences.gathered_into(execution_id)
        with faults():
            found = await self._database[Collection.OCCURRENCES].find(wanted, {"_id": 1}).to_list(None)
        return [one["_id"] for one in found]


def _after(record: DeliveryRecord) -> str:
    return cursor_after_place(Place(record.received.received_at, record.received.delivery_id))
