"""Reads MongoDB to answer queries."""

from collections.abc import Sequence

from lamplighter_contracts.queries import (
    ExecutionAnswer,
    ExecutionPage,
    ExecutionRecord,
    GetExecution,
    JobSummaries,
    ListExecutions,
    ListOccurrences,
    LogPage,
    OccurrencePage,
    OccurrenceRecord,
    ReadLog,
    RecordedBatch,
    SummariseJobs,
)
from lamplighter_history import filters
from lamplighter_history.cursors import cursor_after
from lamplighter_history.database import Database, faults
from lamplighter_history.pages import Page, fitting
from lamplighter_history.records import execution_record, job_summary, occurrence_record, recorded_batch
from lamplighter_history.writes import Collection, Document

LOG_FETCH = 16
"""Log chunks fetched at a time; each may be as large as a message."""


class Archive:
    """Every method raises `StoreUnavailable`, and `InvalidQuery` for a cursor that is none."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_executions(self, query: ListExecutions) -> ExecutionPage:
        wanted = filters.executions(query)
        with faults():
            found = await (
                self._database[Collection.EXECUTIONS]
                .find(wanted, filters.LISTED)
                .sort(filters.NEWEST_FIRST)
                .skip(query.offset)
                .limit(query.limit + 1)
                .to_list(None)
            )
        page = Page[ExecutionRecord]().take_all(map(execution_record, found[: query.limit]))
        return ExecutionPage(executions=tuple(page), next_cursor=_next(found, len(page)))

    async def get_execution(self, query: GetExecution) -> ExecutionAnswer:
        with faults():
            found = await self._database[Collection.EXECUTIONS].find_one({"_id": query.execution_id})
        return ExecutionAnswer(execution=fitting(execution_record(found)) if found else None)

    async def read_log(self, query: ReadLog) -> LogPage:
        page = Page[RecordedBatch]()
        with faults():
            chunks = (
                self._database[Collection.LOGS].find(filters.log(query)).sort("_id", 1).batch_size(LOG_FETCH)
            )
            try:
                async for chunk in chunks:
                    if not page.take(recorded_batch(chunk, query.from_line)):
                        return LogPage(batches=tuple(page), more=True)
            finally:
                await chunks.close()
        return LogPage(batches=tuple(page), more=False)

    async def summarise_jobs(self, query: SummariseJobs) -> JobSummaries:
        with faults():
            found = await (
                self._database[Collection.EXECUTIONS].aggregate(filters.summary(query)).to_list(None)
            )
        return JobSummaries(summaries=tuple(map(job_summary, found)))

    async def list_occurrences(self, query: ListOccurrences) -> OccurrencePage:
        wanted = filters.occurrences(query)
        with faults():
            found = await (
                self._database[Collection.OCCURRENCES]
                .find(wanted)
                .sort(filters.NEWEST_FIRST)
                .limit(query.limit + 1)
                .to_list(None)
            )
        page = Page[OccurrenceRecord]().take_all(map(occurrence_record, found[: query.limit]))
        return OccurrencePage(occurrences=tuple(page), next_cursor=_next(found, len(page)))


def _next(found: Sequence[Document], taken: int) -> str | None:
    """Of the last that was taken, when there are more after it."""
    return cursor_after(found[taken - 1]["_id"]) if len(found) > taken else None
