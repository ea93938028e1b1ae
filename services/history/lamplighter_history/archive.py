"""Reads MongoDB to answer queries about executions and their logs."""

from lamplighter_contracts.queries import (
    ApprovalPage,
    ApprovalRecord,
    ChoicePage,
    ChoiceRecord,
    DurationsAnswer,
    ExecutionAnswer,
    ExecutionPage,
    ExecutionRecord,
    GetExecution,
    JobSummaries,
    ListApprovals,
    ListChoices,
    ListExecutions,
    LogPage,
    ReadLog,
    RecordedBatch,
    SummariseJobs,
    TypicalDurations,
)
from lamplighter_history.cursors import Place, cursor_after, cursor_after_place
from lamplighter_history.database import Database, faults
from lamplighter_history.filters import approvals, choices, executions, jobs, logs
from lamplighter_history.pages import Page, fitting
from lamplighter_history.particulars import approval_records, choice_record
from lamplighter_history.records import execution_record, job_summary, recorded_batch, typical_seconds
from lamplighter_history.writes import Collection

LOG_FETCH = 16
"""Log chunks fetched at a time; each may be as large as a message."""


class Archive:
    """Every method raises `StoreUnavailable`, and `InvalidQuery` for a cursor that is none."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_executions(self, query: ListExecutions) -> ExecutionPage:
        wanted = executions.listed(query)
        with faults():
            found = await (
                self._database[Collection.EXECUTIONS]
                .find(wanted, executions.LISTED)
                .sort(executions.NEWEST_FIRST)
                .skip(query.offset)
                .limit(query.limit + 1)
                .to_list(None)
            )
        page = Page[ExecutionRecord]().take_all(map(execution_record, found[: query.limit]))
        # Of the last that was taken, when there are more after it.
        following = cursor_after(page[-1].execution_id) if len(found) > len(page) else None
        return ExecutionPage(executions=tuple(page), next_cursor=following)

    async def get_execution(self, query: GetExecution) -> ExecutionAnswer:
        with faults():
            found = await self._database[Collection.EXECUTIONS].find_one({"_id": query.execution_id})
        return ExecutionAnswer(execution=fitting(execution_record(found)) if found else None)

    async def list_approvals(self, query: ListApprovals) -> ApprovalPage:
        with faults():
            found = await (
                self._database[Collection.EXECUTIONS]
                .find(approvals.listed(query), approvals.NEEDED)
                .sort(approvals.NEWEST_FIRST)
                .limit(query.limit)
                .to_list(None)
            )
        records = approval_records(found, query.states)[: query.limit]
        return ApprovalPage(approvals=tuple(Page[ApprovalRecord]().take_all(records)))

    async def list_choices(self, query: ListChoices) -> ChoicePage:
        page = Page[ChoiceRecord]()
        with faults():
            found = (
                self._database[Collection.EXECUTIONS]
                .find(choices.listed(query), choices.NEEDED)
                .sort(choices.NEWEST_FIRST)
                .limit(query.limit + 1)
            )
            try:
                async for one in found:
                    if len(page) == query.limit or not page.take(choice_record(one)):
                        return ChoicePage(choices=tuple(page), next_cursor=_after(page[-1]))
            finally:
                await found.close()
        return ChoicePage(choices=tuple(page))

    async def read_log(self, query: ReadLog) -> LogPage:
        page = Page[RecordedBatch]()
        with faults():
            chunks = (
                self._database[Collection.LOGS].find(logs.chunks(query)).sort("_id", 1).batch_size(LOG_FETCH)
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
            found = await self._database[Collection.EXECUTIONS].aggregate(jobs.summary(query)).to_list(None)
        return JobSummaries(summaries=tuple(map(job_summary, found)))

    async def typical_durations(self, query: TypicalDurations) -> DurationsAnswer:
        with faults():
            found = await self._database.aggregate(jobs.durations(query)).to_list(None)
        return DurationsAnswer(seconds=typical_seconds(found))


def _after(record: ChoiceRecord) -> str:
    return cursor_after_place(Place(record.at, record.execution_id))
