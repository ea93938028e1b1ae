"""Stands where history would: answers its queries on the real bus, from what a test has put into it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import BaseModel

from lamplighter_contracts.queries import (
    ApprovalPage,
    ApprovalRecord,
    BackfillPage,
    BackfillRecord,
    ChoicePage,
    ChoiceRecord,
    DeliveryPage,
    ExecutionAnswer,
    ExecutionPage,
    ExecutionRecord,
    JobSummaries,
    JobSummary,
    ListChoices,
    ListOccurrences,
    LogPage,
    OccurrenceAnswer,
    OccurrencePage,
    OccurrenceRecord,
    QueryFailed,
    RecordedBatch,
)
from tests.support.waiting import heard

PAGE = 3
"""Batches in one page of a log."""


@dataclass
class ScriptedHistory:
    records: dict[str, ExecutionRecord] = field(default_factory=dict)
    batches: list[RecordedBatch] = field(default_factory=list)
    summaries: list[JobSummary] = field(default_factory=list)
    occurrences: list[OccurrenceRecord] = field(default_factory=list)
    found: OccurrenceAnswer = field(default_factory=OccurrenceAnswer)
    backfills: list[BackfillRecord] = field(default_factory=list)
    choices: list[ChoiceRecord] = field(default_factory=list)
    choices_a_page: int = 1_000
    approvals: list[ApprovalRecord] = field(default_factory=list)
    next_cursor: str | None = None
    failing: QueryFailed | None = None
    asked: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    async def on_query(self, message: Msg) -> None:
        asked = json.loads(message.data)
        self.asked.append((message.subject, asked))
        reply = self.failing or self._answer(message.subject, asked)
        await message.respond(reply.model_dump_json().encode())

    def _answer(self, subject: str, asked: dict[str, object]) -> BaseModel:
        match subject:
            case "query.executions.get":
                return ExecutionAnswer(execution=self.records.get(str(asked["execution_id"])))
            case "query.executions.list":
                return ExecutionPage(executions=tuple(self.records.values()), next_cursor=self.next_cursor)
            case "query.logs.read":
                later = [b for b in self.batches if b.sequence > int(str(asked["after_sequence"]))]
                return LogPage(batches=tuple(later[:PAGE]), more=len(later) > PAGE)
            case "query.jobs.summary":
                return JobSummaries(summaries=tuple(self.summaries))
            case "query.occurrences.list":
                return self._occurrences(ListOccurrences.model_validate(asked))
            case "query.occurrences.find":
                return self.found
            case _:
                return self._filtered(subject, asked)

    def _filtered(self, subject: str, asked: dict[str, object]) -> BaseModel:
        match subject:
            case "query.approvals.list":
                of = asked.get("execution_id")
                return ApprovalPage(
                    approvals=tuple(a for a in self.approvals if of in (None, a.execution_id))
                )
            case "query.deliveries.list":
                return DeliveryPage(deliveries=())
            case "query.choices.list":
                return self._choices(ListChoices.model_validate(asked))
            case "query.backfills.list":
                named = (asked.get("backfill_id"), asked.get("job_id"))
                return BackfillPage(
                    backfills=tuple(
                        b
                        for b in self.backfills
                        if named[0] in (None, b.backfill_id) and named[1] in (None, b.job_id)
                    )
                )
        raise AssertionError(subject)

    def _choices(self, asked: ListChoices) -> ChoicePage:
        start = int(asked.cursor or 0)
        end = start + min(asked.limit, self.choices_a_page)
        following = str(end) if end < len(self.choices) else None
        return ChoicePage(choices=tuple(self.choices[start:end]), next_cursor=following)

    def _occurrences(self, asked: ListOccurrences) -> OccurrencePage:
        matching = [
            record
            for record in sorted(self.occurrences, key=lambda r: r.firing.nominal_at, reverse=True)
            if (not asked.outcomes or record.outcome in asked.outcomes)
            and (asked.from_at is None or record.firing.nominal_at >= asked.from_at)
            and (asked.until_at is None or record.firing.nominal_at < asked.until_at)
        ]
        if self.next_cursor is not None:
            return OccurrencePage(occurrences=(), next_cursor=self.next_cursor)
        start = int(asked.cursor or 0)
        end = start + asked.limit
        following = str(end) if end < len(matching) else None
        return OccurrencePage(occurrences=tuple(matching[start:end]), next_cursor=following)


@asynccontextmanager
async def scripted_history(bus: Client) -> AsyncIterator[ScriptedHistory]:
    history = ScriptedHistory()
    subscription = await bus.subscribe("query.>", cb=history.on_query)
    await heard(bus)
    yield history
    await subscription.unsubscribe()
