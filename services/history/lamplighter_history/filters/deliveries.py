"""Deliveries, along the instants at which they were received."""

from collections.abc import Sequence

from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.queries import GetDelivery, ListDeliveries
from lamplighter_history.cursors import InvalidQuery, read_place
from lamplighter_history.filters.projects import within
from lamplighter_history.writes import Collection, Document

AT, PRODUCER, EVENT, EXECUTION, REPLAY_OF = (
    *("received_at", "delivery.provider", "delivery.event", "execution_id", "replay_of"),
)

NEWEST_FIRST = [(AT, -1), ("_id", -1)]

REPLAYS = 100
"""How many replays of a delivery its record names."""

_RULED = ("seq", "outcome", "reason", "detail", "into")


def listed(query: ListDeliveries, executions: Sequence[str] = ()) -> Document:
    """`executions` are those that were gathered into the wanted one.

    Raises `InvalidQuery` for a range without an inside, and for a cursor that is none.
    """
    wanted = within(query.projects)
    if query.job_id is not None:
        wanted["job_id"] = query.job_id
    if query.outcomes:
        wanted["outcome"] = {"$in": [outcome.value for outcome in query.outcomes]}
    if query.producer is not None:
        wanted[PRODUCER] = query.producer
    if query.event is not None:
        wanted[EVENT] = query.event
    if query.execution_id is not None:
        wanted[EXECUTION] = {"$in": [query.execution_id, *executions]}
    return wanted | _span(query)


def _span(query: ListDeliveries) -> Document:
    start, end = query.from_at, query.until_at
    if start is not None and end is not None and start >= end:
        raise InvalidQuery(
            f"nothing is from {rfc3339(start)} until {rfc3339(end)}: the end has to come after the start"
        )
    place = read_place(query.cursor) if query.cursor is not None else None
    bounds = {"$gte": start, "$lt": end, "$lte": place.at if place else None}
    span: Document = {name: bound for name, bound in bounds.items() if bound is not None}
    beyond: Document = {"$nor": [{AT: place.at, "_id": {"$gte": place.execution_id}}]} if place else {}
    return ({AT: span} if span else {}) | beyond


def page(wanted: Document, limit: int) -> list[Document]:
    """Without headers; with what became of each, in the same round trip."""
    return [
        {"$match": wanted},
        {"$sort": dict(NEWEST_FIRST)},
        {"$limit": limit},
        {"$project": {"headers": 0}},
        *_what_became(),
    ]


def whole(query: GetDelivery) -> list[Document]:
    """With headers, and with the body as long as it is kept."""
    body = {
        "from": Collection.BODIES.value,
        "localField": "_id",
        "foreignField": "_id",
        "as": "bodies",
    }
    return [{"$match": {"_id": query.delivery_id}}, *_what_became(), {"$lookup": body}]


def _what_became() -> list[Document]:
    ruling = {
        "from": Collection.OCCURRENCES.value,
        "localField": EXECUTION,
        "foreignField": "_id",
        "pipeline": [{"$project": {"queued.seq": 1, **{f"ruling.{name}": 1 for name in _RULED}}}],
        "as": "occurrences",
    }
    replays = {
        "from": Collection.DELIVERIES.value,
        "localField": "_id",
        "foreignField": REPLAY_OF,
        "pipeline": [{"$sort": dict(NEWEST_FIRST)}, {"$limit": REPLAYS}, {"$project": {"_id": 1}}],
        "as": "replays",
    }
    return [{"$lookup": ruling}, {"$lookup": replays}]
