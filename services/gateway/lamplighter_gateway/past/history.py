"""History's answers over request and reply: what was, for those who ask now, as far as they may know of it."""

from typing import TypeVar

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from pydantic import ValidationError

from lamplighter_contracts.fields import Model
from lamplighter_contracts.queries import (
    ApprovalPage,
    AuditAnswer,
    AuditPage,
    AuditRecord,
    AuditVerdict,
    BackfillPage,
    ChoicePage,
    DeliveryAnswer,
    DeliveryPage,
    DeliveryRecord,
    DurationsAnswer,
    ExecutionAnswer,
    ExecutionPage,
    ExecutionRecord,
    FindOccurrence,
    GetAudit,
    GetDelivery,
    GetExecution,
    JobSummaries,
    ListApprovals,
    ListAudit,
    ListBackfills,
    ListChoices,
    ListDeliveries,
    ListExecutions,
    ListOccurrences,
    LogPage,
    OccurrenceAnswer,
    OccurrencePage,
    Projects,
    Query,
    QueryFailed,
    ReadLog,
    SummariseJobs,
    TypicalDurations,
    VerifyAudit,
)
from lamplighter_gateway.web.problems import Problem, unavailable

TIMEOUT_SECONDS = 3.0

A = TypeVar("A", bound=Model)


class History:
    """Each method is one query. Raises `Problem` (unavailable) where there is no answer in time."""

    def __init__(self, client: Client, projects: Projects = None) -> None:
        self._client = client
        self._projects = projects

    def within(self, projects: Projects) -> "History":
        """For somebody who reaches these: lists leave out all else, and a single record of it is not there."""
        return History(self._client, projects)

    async def execution(self, execution_id: str) -> ExecutionRecord | None:
        found = (await self._ask(GetExecution(execution_id=execution_id), ExecutionAnswer)).execution
        return found if found is not None and self._reaches(found.project) else None

    async def executions(self, query: ListExecutions) -> ExecutionPage:
        return await self._list(query, ExecutionPage)

    async def log(self, query: ReadLog) -> LogPage:
        return await self._ask(query, LogPage)

    async def occurrences(self, query: ListOccurrences) -> OccurrencePage:
        return await self._list(query, OccurrencePage)

    async def summaries(self, job_ids: tuple[str, ...]) -> JobSummaries:
        return await self._ask(SummariseJobs(job_ids=job_ids), JobSummaries)

    async def find_occurrence(self, query: FindOccurrence) -> OccurrenceAnswer:
        return await self._ask(query, OccurrenceAnswer)

    async def backfills(self, query: ListBackfills) -> BackfillPage:
        return await self._list(query, BackfillPage)

    async def approvals(self, query: ListApprovals) -> ApprovalPage:
        return await self._list(query, ApprovalPage)

    async def choices(self, query: ListChoices) -> ChoicePage:
        return await self._list(query, ChoicePage)

    async def deliveries(self, query: ListDeliveries) -> DeliveryPage:
        return await self._list(query, DeliveryPage)

    async def delivery(self, delivery_id: str) -> DeliveryRecord | None:
        found = (await self._ask(GetDelivery(delivery_id=delivery_id), DeliveryAnswer)).delivery
        return found if found is not None and self._reaches(found.received.project) else None

    async def audit(self, query: ListAudit) -> AuditPage:
        return await self._list(query, AuditPage)

    async def audit_record(self, number: int) -> AuditRecord | None:
        found = (await self._ask(GetAudit(number=number), AuditAnswer)).record
        return found if found is not None and self._reaches(found.project) else None

    async def verify_audit(self, query: VerifyAudit) -> AuditVerdict:
        return await self._ask(query, AuditVerdict)

    async def durations(self, query: TypicalDurations) -> DurationsAnswer:
        return await self._ask(query, DurationsAnswer)

    def _reaches(self, project: str) -> bool:
        return self._projects is None or project in self._projects

    async def _list(self, query: Query, answer: type[A]) -> A:
        return await self._ask(query.model_copy(update={"projects": self._projects}), answer)

    async def _ask(self, query: Query, answer: type[A]) -> A:
        body = query.model_dump_json().encode()
        headers = {"content-type": "application/json"}
        try:
            reply = await self._client.request(query.subject, body, timeout=TIMEOUT_SECONDS, headers=headers)
        except NoRespondersError as error:
            raise _unavailable("History is not running") from error
        except (NatsError, TimeoutError, ConnectionError) as error:
            raise _unavailable("History does not answer") from error
        return _read(answer, reply.data)


def _read(answer: type[A], data: bytes) -> A:
    try:
        failed = QueryFailed.model_validate_json(data)
    except ValidationError:
        return answer.model_validate_json(data)
    if failed.kind == "invalid":
        raise Problem("invalid-input", f"History cannot answer that: {failed.detail}")
    raise unavailable(f"History cannot answer: {failed.detail}", failed.retry_after_seconds)


def _unavailable(what: str) -> Problem:
    return unavailable(f"{what}: jobs go on running, only their past cannot be shown now.")
