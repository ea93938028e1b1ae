"""Answers questions over request and reply. Every request gets an answer, also a malformed one, also in an outage."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from faststream.nats import NatsBroker, NatsMessage
from pydantic import ValidationError

from lamplighter_contracts.fields import Model
from lamplighter_contracts.problems import from_validation, one_line
from lamplighter_contracts.queries import (
    FindOccurrence,
    GetAudit,
    GetDelivery,
    GetExecution,
    ListApprovals,
    ListAudit,
    ListBackfills,
    ListChoices,
    ListDeliveries,
    ListExecutions,
    ListOccurrences,
    Query,
    QueryFailed,
    ReadLog,
    SummariseJobs,
    TypicalDurations,
    VerifyAudit,
)
from lamplighter_history.archive import Archive
from lamplighter_history.chain.register import Register
from lamplighter_history.chain.verification import Verification
from lamplighter_history.cursors import InvalidQuery
from lamplighter_history.database import StoreUnavailable
from lamplighter_history.ledger import Ledger
from lamplighter_history.mailbox import Mailbox
from lamplighter_history.metrics import QUERY_SECONDS
from lamplighter_runtime.logs import get_logger

log = get_logger()

QUEUE = "history"
"""One replica of all answers."""
AT_ONCE = 64
PATIENCE_SECONDS = 2.5
"""Who asks waits 3 seconds, and is better told why than left without an answer."""

Q = TypeVar("Q", bound=Query)

Problem = Callable[[], str | None]


@dataclass(frozen=True)
class Question(Generic[Q]):
    model: type[Q]
    ask: Callable[[Q], Awaitable[Model]]


def subscribe(
    broker: NatsBroker, archive: Archive, ledger: Ledger, mailbox: Mailbox, problem: Problem
) -> None:
    """Before the broker starts, as is the other. `problem` is what is known to be wrong with the store."""
    _answer(broker, Question(ListExecutions, archive.list_executions), problem)
    _answer(broker, Question(GetExecution, archive.get_execution), problem)
    _answer(broker, Question(ReadLog, archive.read_log), problem)
    _answer(broker, Question(SummariseJobs, archive.summarise_jobs), problem)
    _answer(broker, Question(TypicalDurations, archive.typical_durations), problem)
    _answer(broker, Question(ListApprovals, archive.list_approvals), problem)
    _answer(broker, Question(ListChoices, archive.list_choices), problem)
    _answer(broker, Question(ListOccurrences, ledger.list_occurrences), problem)
    _answer(broker, Question(FindOccurrence, ledger.find_occurrence), problem)
    _answer(broker, Question(ListBackfills, ledger.list_backfills), problem)
    _answer(broker, Question(ListDeliveries, mailbox.list_deliveries), problem)
    _answer(broker, Question(GetDelivery, mailbox.get_delivery), problem)


def subscribe_audit(
    broker: NatsBroker, register: Register, verification: Verification, problem: Problem
) -> None:
    _answer(broker, Question(ListAudit, register.list_audit), problem)
    _answer(broker, Question(GetAudit, register.get_audit), problem)
    _answer(broker, Question(VerifyAudit, verification.verify), problem)


def _answer(broker: NatsBroker, question: Question[Q], problem: Problem) -> None:
    # The body is read here: what a decoder refuses would get no answer at all.
    @broker.subscriber(question.model.subject, queue=QUEUE, max_workers=AT_ONCE, decoder=_as_it_is)
    async def on_query(message: NatsMessage) -> bytes:
        began = time.perf_counter()
        reply = await answer(question, message.body, problem)
        outcome = reply.kind if isinstance(reply, QueryFailed) else "answered"
        QUERY_SECONDS.labels(question.model.subject, outcome).observe(time.perf_counter() - began)
        return reply.model_dump_json().encode()


async def _as_it_is(message: Any) -> Any:
    return message.body


async def answer(question: Question[Q], body: bytes, problem: Problem) -> Model:
    try:
        query = question.model.model_validate_json(body or b"{}")
    except ValidationError as invalid:
        return _invalid(one_line(from_validation(invalid)))
    if known := problem():
        return _unavailable(known)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await question.ask(query)
    except InvalidQuery as invalid:
        return _invalid(str(invalid))
    except (StoreUnavailable, TimeoutError) as error:
        return _unavailable(str(error) or "MongoDB did not answer in time")
    except Exception:
        log.exception("query.failed", subject=question.model.subject)
        return _unavailable("history could not answer; its log says why")


def _invalid(detail: str) -> QueryFailed:
    return QueryFailed(kind="invalid", detail=detail, retry_after_seconds=0)


def _unavailable(detail: str) -> QueryFailed:
    return QueryFailed(kind="unavailable", detail=detail[:500])
