"""The chain of the audit, along its numbers."""

from collections.abc import Sequence
from typing import Any

from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.projects import EVERY_PROJECT
from lamplighter_contracts.queries import ListAudit
from lamplighter_contracts.streams import CATALOG
from lamplighter_history.cursors import InvalidQuery, read_number
from lamplighter_history.writes import Document

NEWEST_FIRST, OLDEST_FIRST = [("_id", -1)], [("_id", 1)]

LINKS = {"previous": 1, "hash": 1}
SOURCE = {"_id": 0, "source": 1}

_OF_NUMBERS = {"$gte": 0, "$lt": 1 << 53}


def since(number: int) -> Document:
    return {"_id": _OF_NUMBERS | {"$gte": number}}


def told_by(sources: Sequence[str]) -> Document:
    return {"source": {"$in": list(sources)}}


def listed(query: ListAudit) -> Document:
    """Raises `InvalidQuery` for a cursor that is none, and for a range without an inside."""
    wanted: Document = {"_id": dict(_OF_NUMBERS)}
    for name in ("actor", "action", "kind", "object_id", "outcome"):
        if (value := getattr(query, name)) is not None:
            wanted[name] = value
    if query.cursor is not None:
        wanted["_id"]["$gt" if query.oldest_first else "$lt"] = read_number(query.cursor)
    return wanted | _within(query) | _of_projects(query.projects)


def _within(query: ListAudit) -> Document:
    start, end = query.from_at, query.until_at
    if start is not None and end is not None and start >= end:
        raise InvalidQuery(
            f"nothing is from {rfc3339(start)} until {rfc3339(end)}: the end has to come after the start"
        )
    span = {name: value for name, value in (("$gte", start), ("$lt", end)) if value is not None}
    return {"at": span} if span else {}


def _of_projects(projects: tuple[str, ...] | None) -> Document:
    """What belongs to no project is only for who reaches them all."""
    if projects is None or EVERY_PROJECT in projects:
        return {}
    return {"project": {"$in": list(projects)}}


def before(record: Document) -> Document:
    """The records of the same object's changes before that one."""
    return {
        "kind": record.get("kind"),
        "object_id": record.get("object_id"),
        "source": {"$gte": f"{CATALOG.name}/", "$lt": record["source"]},
    }


BEFORE_THAT = [("source", -1)]


def is_change(record: dict[str, Any]) -> bool:
    """Whether it tells of an object of the catalog, which was something before."""
    return str(record.get("source", "")).startswith(f"{CATALOG.name}/")
