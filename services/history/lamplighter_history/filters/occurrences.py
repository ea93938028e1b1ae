"""The ledger, along the nominal instants of its occurrences."""

from collections.abc import Sequence
from datetime import timedelta

from lamplighter_contracts.events import Outcome, TriggerKind
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.queries import FindOccurrence, ListOccurrences
from lamplighter_history.cursors import InvalidQuery, Place, read_place
from lamplighter_history.filters.projects import within
from lamplighter_history.writes import Document

NOMINAL, FIRST, OUTCOME = "ruling.firing.nominal_at", "ruling.first_at", "ruling.outcome"
INTO = "ruling.into"

NEWEST_FIRST = [(NOMINAL, -1), ("_id", -1)]
OLDEST_FIRST = [(NOMINAL, 1), ("_id", 1)]

WITHOUT_PAYLOAD = {"ruling.firing.payload": 0}
"""A list tells of hundreds, and of none what was sent with it."""

RULED = {"job_id": 1, "project": 1, "ruling.decided_at": 1, "ruling.reason": 1, "ruling.detail": 1}

SIDE_BY_SIDE = 10
"""How many records of one instant are looked at to find the schedule's own among them."""

_SECOND = timedelta(seconds=1)


def listed(query: ListOccurrences) -> Document:
    """Raises `InvalidQuery` for a range without an inside, and for a cursor that is none."""
    wanted = within(query.projects)
    if query.job_id is not None:
        wanted["job_id"] = query.job_id
    if query.outcomes:
        wanted[OUTCOME] = {"$in": [outcome.value for outcome in query.outcomes]}
    place = read_place(query.cursor) if query.cursor is not None else None
    return _ranges(query, wanted, place) | _beyond(place)


def _ranges(query: ListOccurrences, wanted: Document, place: Place | None) -> Document:
    """What is in the range; and what stands for several that began in it, and is itself after its end.

    Each branch names all it asks for, or MongoDB would not merge the two along the index.
    """
    start, end = query.from_at, query.until_at
    if start is not None and end is not None and start >= end:
        raise InvalidQuery(
            f"nothing is from {rfc3339(start)} until {rfc3339(end)}: the end has to come after the start"
        )
    since: Document = {"$gte": start} if start is not None else {}
    not_after: Document = {"$lte": place.at} if place is not None else {}
    if end is None or (place is not None and place.at < end):
        # The pages have come to what is before the end, where nothing reaches across it.
        inside = since | not_after
        return wanted | ({NOMINAL: inside} if inside else {})
    reaching = {NOMINAL: not_after | {"$gte": end}, FIRST: {"$lt": end}}
    return {"$or": [wanted | {NOMINAL: since | {"$lt": end}}, wanted | reaching]}


def _beyond(place: Place | None) -> Document:
    """Of the records at the very instant of the cursor, those that come after it."""
    return {"$nor": [{NOMINAL: place.at, "_id": {"$gte": place.execution_id}}]} if place is not None else {}


def at_instant(query: FindOccurrence) -> list[Document]:
    """The one record that says the most of this second: the schedule's own, what somebody started, one that stands
    for several around it, or at last a backfill."""
    start = query.at.replace(microsecond=0)
    end = start + _SECOND
    preference = {
        "$switch": {
            "branches": [
                {"case": {"$gte": [f"${NOMINAL}", end]}, "then": 2},
                {"case": {"$eq": ["$ruling.firing.kind", TriggerKind.SCHEDULE.value]}, "then": 0},
                {"case": {"$eq": ["$ruling.firing.kind", TriggerKind.BACKFILL.value]}, "then": 3},
            ],
            "default": 1,
        }
    }
    itself = {"job_id": query.job_id, NOMINAL: {"$gte": start, "$lt": end}}
    around = {"job_id": query.job_id, NOMINAL: {"$gte": end}, FIRST: {"$lt": end}}
    return [
        {"$match": {"$or": [itself, around]}},
        {"$set": {"preference": preference}},
        {"$sort": {"preference": 1, NOMINAL: 1, "_id": 1}},
        {"$limit": 1},
    ]


def before(query: FindOccurrence) -> Document:
    return {"job_id": query.job_id, NOMINAL: {"$lt": query.at.replace(microsecond=0)}}


def after(query: FindOccurrence, found: str | None) -> Document:
    """`found` is the execution of the record at the instant itself, which may stand for later ones as well."""
    wanted: Document = {
        "job_id": query.job_id,
        NOMINAL: {"$gte": query.at.replace(microsecond=0) + _SECOND},
    }
    return wanted | ({"_id": {"$ne": found}} if found is not None else {})


def in_vain(execution_ids: Sequence[str]) -> Document:
    """Those that waited, and were skipped in the end."""
    return {
        "_id": {"$in": list(execution_ids)},
        "queued": {"$exists": True},
        "ruling.reason": {"$exists": True},
    }


def gathered_into(execution_id: str) -> Document:
    """Those that became part of another's execution."""
    return {INTO: execution_id}


def fired(execution_ids: Sequence[str]) -> Document:
    """Those that fired, by the last word on them."""
    return {"_id": {"$in": list(execution_ids)}, OUTCOME: Outcome.FIRED.value}
