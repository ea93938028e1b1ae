"""The connection to MongoDB: safe options, what its errors mean to us, whether it is there."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import pymongo
from bson.errors import InvalidBSON, InvalidDocument
from motor.motor_asyncio import (
    AsyncIOMotorClient,
    AsyncIOMotorCollection,
    AsyncIOMotorDatabase,
    AsyncIOMotorLatentCommandCursor,
)
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DocumentTooLarge, PyMongoError

from lamplighter_contracts.projects import DEFAULT_PROJECT
from lamplighter_history.filters import (
    approvals,
    backfills,
    choices,
    deliveries,
    executions,
    jobs,
    occurrences,
)
from lamplighter_history.filters.projects import PROJECT
from lamplighter_history.writes import Collection, Document
from lamplighter_runtime.logs import get_logger

log = get_logger()

TIMEOUT_MS = 3_000
INDEX_SECONDS = 3_600
WATCH_SECONDS = 1.0
DEFAULT_DATABASE = "lamplighter"

_HAS_APPROVALS: Document = {approvals.SINCE: {"$exists": True}}
_HAS_CHOICE: Document = {choices.AT: {"$exists": True}}
_STANDS_FOR_SEVERAL: Document = {occurrences.FIRST: {"$exists": True}}

INDEXES: Mapping[Collection, list[IndexModel]] = {
    Collection.EXECUTIONS: [
        IndexModel([("job_id", ASCENDING), ("_id", DESCENDING)], name="of_job"),
        IndexModel([("state.status", ASCENDING), ("_id", DESCENDING)], name="by_status"),
        IndexModel([("project", ASCENDING), ("_id", DESCENDING)], name="of_project"),
        IndexModel([("executor_kind", ASCENDING), ("_id", DESCENDING)], name="by_executor_kind"),
        IndexModel([("executor_id", ASCENDING), ("_id", DESCENDING)], name="by_executor"),
        IndexModel([(executions.AGENT, ASCENDING), ("_id", DESCENDING)], name="by_agent"),
        IndexModel(approvals.NEWEST_FIRST, name="with_approvals", partialFilterExpression=_HAS_APPROVALS),
        IndexModel(
            [("job_id", ASCENDING), *approvals.NEWEST_FIRST],
            name="approvals_of_job",
            partialFilterExpression=_HAS_APPROVALS,
        ),
        IndexModel(
            [("state.status", ASCENDING), *approvals.NEWEST_FIRST],
            name="approvals_by_status",
            partialFilterExpression=_HAS_APPROVALS,
        ),
        IndexModel(
            [("project", ASCENDING), *approvals.NEWEST_FIRST],
            name="approvals_of_project",
            partialFilterExpression=_HAS_APPROVALS,
        ),
        IndexModel(choices.NEWEST_FIRST, name="with_choice", partialFilterExpression=_HAS_CHOICE),
        IndexModel(
            [("job_id", ASCENDING), *choices.NEWEST_FIRST],
            name="choices_of_job",
            partialFilterExpression=_HAS_CHOICE,
        ),
        IndexModel(
            [("project", ASCENDING), *choices.NEWEST_FIRST],
            name="choices_of_project",
            partialFilterExpression=_HAS_CHOICE,
        ),
        IndexModel(
            # With the status, so that a backfill's executions are counted without looking at them.
            [("firing.backfill_id", ASCENDING), ("_id", DESCENDING), ("state.status", ASCENDING)],
            name="of_backfill",
            partialFilterExpression={"firing.backfill_id": {"$exists": True}},
        ),
        IndexModel(
            [("job_id", ASCENDING), (jobs.FINISHED, DESCENDING), (jobs.STARTED, ASCENDING)],
            name="how_long",
            partialFilterExpression=jobs.RAN,
        ),
        # Only a final state has the field: an execution that is not over stays, however old.
        IndexModel([("state.expires_at", ASCENDING)], name="expiry", expireAfterSeconds=0, sparse=True),
    ],
    Collection.LOGS: [IndexModel([("expires_at", ASCENDING)], name="expiry", expireAfterSeconds=0)],
    Collection.OCCURRENCES: [
        IndexModel([("job_id", ASCENDING), *occurrences.NEWEST_FIRST], name="by_instant"),
        IndexModel(
            [("job_id", ASCENDING), (occurrences.OUTCOME, ASCENDING), *occurrences.NEWEST_FIRST],
            name="by_outcome",
        ),
        IndexModel(
            [("job_id", ASCENDING), *occurrences.NEWEST_FIRST, (occurrences.FIRST, ASCENDING)],
            name="standing_for_several",
            partialFilterExpression=_STANDS_FOR_SEVERAL,
        ),
        IndexModel(occurrences.NEWEST_FIRST, name="newest"),
        IndexModel(
            [*occurrences.NEWEST_FIRST, (occurrences.FIRST, ASCENDING)],
            name="newest_for_several",
            partialFilterExpression=_STANDS_FOR_SEVERAL,
        ),
        IndexModel([(occurrences.OUTCOME, ASCENDING), *occurrences.NEWEST_FIRST], name="newest_by_outcome"),
        IndexModel([("project", ASCENDING), *occurrences.NEWEST_FIRST], name="of_project"),
        IndexModel(
            [(occurrences.INTO, ASCENDING)],
            name="gathered_into",
            partialFilterExpression={occurrences.INTO: {"$exists": True}},
        ),
        IndexModel([("ruling.expires_at", ASCENDING)], name="expires", expireAfterSeconds=0, sparse=True),
    ],
    Collection.BACKFILLS: [
        IndexModel(backfills.NEWEST_FIRST, name="newest"),
        IndexModel([("job_id", ASCENDING), *backfills.NEWEST_FIRST], name="of_job"),
        IndexModel([("project", ASCENDING), *backfills.NEWEST_FIRST], name="of_project"),
        IndexModel([("state.expires_at", ASCENDING)], name="expiry", expireAfterSeconds=0, sparse=True),
    ],
    Collection.DELIVERIES: [
        IndexModel(deliveries.NEWEST_FIRST, name="newest"),
        IndexModel([("job_id", ASCENDING), *deliveries.NEWEST_FIRST], name="of_job"),
        IndexModel([("project", ASCENDING), *deliveries.NEWEST_FIRST], name="of_project"),
        IndexModel([("outcome", ASCENDING), *deliveries.NEWEST_FIRST], name="by_outcome"),
        IndexModel(
            [("job_id", ASCENDING), ("outcome", ASCENDING), *deliveries.NEWEST_FIRST],
            name="of_job_by_outcome",
        ),
        IndexModel([(deliveries.PRODUCER, ASCENDING), *deliveries.NEWEST_FIRST], name="by_producer"),
        IndexModel([(deliveries.EVENT, ASCENDING), *deliveries.NEWEST_FIRST], name="by_event"),
        IndexModel(
            [(deliveries.EXECUTION, ASCENDING), *deliveries.NEWEST_FIRST],
            name="of_execution",
            partialFilterExpression={deliveries.EXECUTION: {"$exists": True}},
        ),
        IndexModel(
            [(deliveries.REPLAY_OF, ASCENDING), *deliveries.NEWEST_FIRST],
            name="replays",
            partialFilterExpression={deliveries.REPLAY_OF: {"$exists": True}},
        ),
        IndexModel([("expires_at", ASCENDING)], name="expiry", expireAfterSeconds=0),
    ],
    Collection.BODIES: [IndexModel([("expires_at", ASCENDING)], name="expiry", expireAfterSeconds=0)],
    Collection.CHAIN: [
        IndexModel([("source", ASCENDING)], name="source", unique=True),
        IndexModel([("kind", ASCENDING), ("object_id", ASCENDING), ("source", DESCENDING)], name="of_object"),
        IndexModel([("actor", ASCENDING), ("_id", DESCENDING)], name="by_actor"),
        IndexModel([("action", ASCENDING), ("_id", DESCENDING)], name="by_action"),
        IndexModel(
            [("outcome", ASCENDING), ("_id", DESCENDING)],
            name="denied",
            partialFilterExpression={"outcome": "denied"},
        ),
        IndexModel([("project", ASCENDING), ("_id", DESCENDING)], name="of_project"),
        IndexModel([("at", DESCENDING)], name="by_time"),
    ],
}
"""For every query in `filters`, and for retention. Logs are read along their `_id`."""


OLD: Mapping[Collection, Document] = {
    # Of which at least one event has told that says the project now.
    Collection.EXECUTIONS: {"firing": {"$exists": True}},
    Collection.OCCURRENCES: {},
    Collection.BACKFILLS: {},
}
"""What may be of before there were projects. It belongs to the one that was always there."""


class StoreUnavailable(ConnectionError):
    """MongoDB could not do it now. Whether a write happened is not known: it may be repeated."""


class Refused(ValueError):
    """MongoDB will never take this document."""


@contextmanager
def faults() -> Iterator[None]:
    """The driver's errors as ours. What is not plainly the document's fault is an outage: no event is lost to it."""
    try:
        yield
    except (InvalidDocument, InvalidBSON, DocumentTooLarge, OverflowError) as error:
        raise Refused(f"MongoDB cannot hold this document: {error}") from error
    except PyMongoError as error:
        raise StoreUnavailable(f"MongoDB: {error}") from error


class Database:
    def __init__(self, url: str) -> None:
        self._client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
            url,
            appname="lamplighter-history",
            # The default waits for ever on a server that is paused.
            timeoutMS=TIMEOUT_MS,
            # Closing says goodbye to the server outside of that limit.
            serverSelectionTimeoutMS=TIMEOUT_MS,
            w="majority",
            # Without the journal an acknowledged write can be lost to a kill.
            journal=True,
            tz_aware=True,
        )
        self._database: AsyncIOMotorDatabase[Document] = self._client.get_default_database(DEFAULT_DATABASE)
        self._problem: str | None = "has not been reached yet"
        self._prepared = False

    def __getitem__(self, collection: Collection) -> AsyncIOMotorCollection[Document]:
        return self._database[collection.value]

    def aggregate(self, pipeline: Sequence[Document]) -> AsyncIOMotorLatentCommandCursor[Document]:
        """For a pipeline that begins with documents of its own."""
        return self._database.aggregate(pipeline)

    def problem(self) -> str | None:
        """What is wrong, as of the last second."""
        return self._problem

    def unprepared(self) -> str | None:
        return None if self._prepared else "are not made yet"

    async def watch(self) -> None:
        """For ever: whether MongoDB answers. Makes the indexes when it first does."""
        while True:
            before, self._problem = self._problem, await self._look()
            if (before is None) != (self._problem is None):
                log.info("mongodb.changed", problem=self._problem)
            if self._problem is None and not self._prepared:
                await self._prepare()
            await asyncio.sleep(WATCH_SECONDS)

    async def close(self) -> None:
        """The driver does this in the caller's thread, and it may take as long as any operation."""
        await asyncio.to_thread(self._client.close)

    async def _look(self) -> str | None:
        try:
            with faults():
                await self._client.admin.command("ping")
        except StoreUnavailable as error:
            return f"cannot be reached: {error}"[:300]
        return None

    async def _prepare(self) -> None:
        """Make the indexes, and say the project where nothing does. What is there is left alone; over a large
        collection it takes its time."""
        try:
            with faults(), pymongo.timeout(INDEX_SECONDS):
                for collection, indexes in INDEXES.items():
                    await self[collection].create_indexes(indexes)
                for collection, old in OLD.items():
                    unsaid = {PROJECT: None, **old}
                    await self[collection].update_many(unsaid, {"$set": {PROJECT: DEFAULT_PROJECT}})
        except StoreUnavailable as error:
            log.warning("mongodb.no_indexes", error=str(error))
            return
        self._prepared = True
