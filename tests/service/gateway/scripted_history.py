"""Stands where history would: answers its queries on the real bus, from what a test has put into it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import BaseModel

from lamplighter_contracts.queries import (
    ExecutionAnswer,
    ExecutionPage,
    ExecutionRecord,
    JobSummaries,
    JobSummary,
    LogPage,
    OccurrencePage,
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
                return OccurrencePage(occurrences=(), next_cursor=self.next_cursor)
        raise AssertionError(subject)


@asynccontextmanager
async def scripted_history(bus: Client) -> AsyncIterator[ScriptedHistory]:
    history = ScriptedHistory()
    subscription = await bus.subscribe("query.>", cb=history.on_query)
    await heard(bus)
    yield history
    await subscription.unsubscribe()
