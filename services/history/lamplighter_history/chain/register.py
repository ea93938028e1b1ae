"""Reads the chain: what was done, by whom, and what it was before."""

from typing import Any

from lamplighter_contracts.queries import AuditAnswer, AuditPage, AuditRecord, GetAudit, ListAudit
from lamplighter_history.chain.links import plain
from lamplighter_history.cursors import cursor_after_number
from lamplighter_history.database import Database, faults
from lamplighter_history.filters import audit
from lamplighter_history.pages import RECORD_BYTES, Page, size
from lamplighter_history.writes import Collection, Document


class Register:
    """Every method raises `StoreUnavailable`, and `InvalidQuery` for a cursor that is none or an empty range."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_audit(self, query: ListAudit) -> AuditPage:
        """Without what the objects were before."""
        page = Page[AuditRecord]()
        order = audit.OLDEST_FIRST if query.oldest_first else audit.NEWEST_FIRST
        with faults():
            found = self._chain.find(audit.listed(query)).sort(order).limit(query.limit + 1)
            try:
                async for one in found:
                    if len(page) == query.limit or not page.take(audit_record(one)):
                        return AuditPage(
                            records=tuple(page), next_cursor=cursor_after_number(page[-1].number)
                        )
            finally:
                await found.close()
        return AuditPage(records=tuple(page))

    async def get_audit(self, query: GetAudit) -> AuditAnswer:
        with faults():
            found = await self._chain.find_one({"_id": query.number})
        if found is None:
            return AuditAnswer()
        record = audit_record(found)
        return AuditAnswer(record=await self._with_before(record, found))

    async def _with_before(self, record: AuditRecord, found: Document) -> AuditRecord:
        if not audit.is_change(found):
            return record
        with faults():
            before = await self._chain.find_one(audit.before(found), sort=audit.BEFORE_THAT)
        if before is None:
            return record
        whole = record.model_copy(update={"before_number": before["_id"], "before": before.get("after")})
        # Two that are large would not fit into one reply: then there is the number to ask for.
        return whole if size(whole) <= RECORD_BYTES else whole.model_copy(update={"before": None})

    @property
    def _chain(self) -> Any:
        return self._database[Collection.CHAIN]


def audit_record(found: Document) -> AuditRecord:
    return AuditRecord.model_validate(plain(found))
