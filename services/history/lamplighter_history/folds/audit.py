"""Who changed what in the catalog, and how it was then. Never a secret, nor the hash of a token."""

import json
from datetime import datetime

from lamplighter_history.changes import CatalogChange
from lamplighter_history.writes import Collection, Insert

OPEN_KINDS = frozenset({"jobs", "agents", "teams", "environments", "policies", "calendars"})
"""Kept as they are. Of any other kind only the change is recorded, whatever it may hold."""

TOKEN_FIELDS = ("token_id", "name", "role")


def recorded(change: CatalogChange, sequence: int, at: datetime) -> Insert:
    document = {
        # With the time: a catalog that was lost and made anew counts its revisions from 1 again.
        "_id": f"{int(at.timestamp() * 1000):013}-{sequence:012}",
        "at": at,
        "revision": sequence,
        "by": change.author or _creator(change),
        "kind": change.kind,
        "object_id": change.object_id,
        "operation": change.operation,
        "document": _shown(change),
    }
    return Insert(Collection.AUDIT, document)


def _creator(change: CatalogChange) -> str:
    return str(_fields(change).get("created_by", "")) if change.kind in OPEN_KINDS else ""


def _shown(change: CatalogChange) -> str | None:
    """The document as JSON text, as much of it as everybody may see."""
    if change.operation != "put":
        return None
    if change.kind in OPEN_KINDS:
        return change.body.decode(errors="replace")
    if change.kind == "tokens":
        fields = _fields(change)
        return json.dumps({name: fields[name] for name in TOKEN_FIELDS if name in fields})
    return None


def _fields(change: CatalogChange) -> dict[str, object]:
    try:
        found = json.loads(change.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
