"""What is recorded of a change of the catalog, and of what somebody did or was denied. Never a secret, nor the hash of
a token."""

import hashlib
import json
from datetime import datetime
from typing import Any

from lamplighter_contracts.audit import AuditEvent
from lamplighter_contracts.streams import AUDIT, CATALOG, JOBS
from lamplighter_history.changes import Author, CatalogChange, JobStart
from lamplighter_history.writes import Document, Entry

Audited = CatalogChange | JobStart | AuditEvent

NOUNS = {
    "jobs": "job",
    "agents": "agent",
    "teams": "team",
    "environments": "environment",
    "policies": "policy",
    "calendars": "calendar",
    "secrets": "secret",
    "tokens": "token",
    "webhooks": "webhook",
    "sessions": "session",
}
"""How an action is called after the kind that it changes. Of another kind it is the kind's own name."""

OPEN_KINDS = frozenset({"jobs", "agents", "teams", "environments", "policies", "calendars"})
"""Kept as they are. Of any other kind only the change is recorded, whatever it may hold."""

TOKEN_FIELDS = ("token_id", "name", "role", "projects", "created_at", "created_by", "expires_at")

MOST_BYTES = 700_000
"""Of an object as a record tells it: a record has to fit into one message of the bus."""


def draft(entry: Entry[Audited]) -> Document:
    """A record as it is stored, but for its place in the chain. What is empty is left out."""
    match entry.event:
        case CatalogChange() as change:
            told = _of_change(change, entry.at)
            source = source_of(CATALOG.name, entry)
        case JobStart() as start:
            told = _of_start(start, entry.at)
            source = source_of(JOBS.name, entry)
        case AuditEvent() as event:
            told = _of_event(event)
            source = source_of(AUDIT.name, entry)
    return {name: value for name, value in told.items() if value not in (None, "")} | {"source": source}


def source_of(stream: str, entry: Entry[Any]) -> str:
    """Along these the changes of one object are in order. With the time, because a stream that was lost and made anew
    counts from 1 again."""
    return f"{stream}/{entry.at:%Y-%m-%dT%H:%M:%S.%f}Z/{entry.sequence}"


def _of_change(change: CatalogChange, at: datetime) -> Document:
    shown = _shown(change)
    too_large = shown is not None and len(json.dumps(shown, ensure_ascii=False).encode()) > MOST_BYTES
    return {
        "at": _millisecond(at),
        **_by(change.author),
        "actor": change.author.actor or _creator(change),
        "project": change.author.project or _project(change),
        "action": f"{NOUNS.get(change.kind, change.kind)}.{_verb(change)}",
        "kind": change.kind,
        "object_id": change.object_id,
        "outcome": "done",
        "count": 1,
        "detail": _instead(change.body) if too_large else "",
        "after": None if too_large else shown,
    }


def _of_start(start: JobStart, at: datetime) -> Document:
    return {
        "at": _millisecond(at),
        **_by(start.author),
        "action": "job.trigger",
        "kind": "jobs",
        "object_id": start.job_id,
        "outcome": "done",
        "count": 1,
        "detail": f"execution {start.execution_id}",
    }


def _by(author: Author) -> Document:
    return {
        "actor": author.actor,
        "actor_name": author.name,
        "role": author.role,
        "address": author.address,
        "project": author.project,
    }


def _of_event(event: AuditEvent) -> Document:
    return {
        "at": _millisecond(event.at),
        "first_at": _millisecond(event.first_at) if event.first_at is not None else None,
        **event.model_dump(exclude={"audit_id", "at", "first_at"}),
    }


def _verb(change: CatalogChange) -> str:
    if change.operation != "put":
        return change.operation
    if change.kind == "sessions":
        return "end"
    if change.kind in OPEN_KINDS and _fields(change).get("deleted_at"):
        return "delete"
    return "create" if change.first else "change"


def _creator(change: CatalogChange) -> str:
    return str(_fields(change).get("created_by", "")) if change.kind in OPEN_KINDS else ""


def _project(change: CatalogChange) -> str:
    return str(_fields(change).get("project", "")) if change.kind in OPEN_KINDS else ""


def _shown(change: CatalogChange) -> str | None:
    """The object as JSON text, as much of it as everybody may see."""
    if change.operation != "put":
        return None
    if change.kind in OPEN_KINDS:
        return change.body.decode(errors="replace")
    if change.kind == "tokens":
        fields = _fields(change)
        return json.dumps({name: fields[name] for name in TOKEN_FIELDS if name in fields})
    return None


def _instead(body: bytes) -> str:
    digest = hashlib.sha256(body).hexdigest()
    return f"too large to be kept here: {len(body)} bytes, SHA-256 {digest}"


def _fields(change: CatalogChange) -> dict[str, object]:
    try:
        found = json.loads(change.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _millisecond(at: datetime) -> datetime:
    """As MongoDB keeps it."""
    return at.replace(microsecond=at.microsecond // 1_000 * 1_000)
