"""What a write of the catalog did to which object, and nothing of what is in it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from lamplighter_contracts import subjects
from lamplighter_contracts.agents import Agent, Team
from lamplighter_contracts.calendars import Calendar
from lamplighter_contracts.envelope import OPERATION_HEADER
from lamplighter_contracts.environments import Environment, SealedSecret
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.policies import Policy
from lamplighter_contracts.tokens import Token
from lamplighter_runtime.messages import EXPECTED

Item = Job | Agent | Team | Environment | SealedSecret | Calendar | Policy | Token
Operation = Literal["created", "changed", "deleted", "purged"]

KINDS: Mapping[str, tuple[str, type[Item]]] = {
    "jobs": ("job", Job),
    "agents": ("agent", Agent),
    "teams": ("team", Team),
    "environments": ("environment", Environment),
    "secrets": ("secret", SealedSecret),
    "calendars": ("calendar", Calendar),
    "policies": ("policy", Policy),
    "tokens": ("token", Token),
}
"""Those that are told of, by their part of the subject. Who holds a webhook path, and which requests were made, are
the gateways' own affair."""

CATALOG_FILTERS = tuple(f"{subjects.CATALOG_PREFIX}{kind}.>" for kind in KINDS)


@dataclass(frozen=True, slots=True)
class Change:
    kind: str
    object_id: str
    operation: Operation
    revision: int
    item: Item | None


def read_change(subject: str, sequence: int, headers: Mapping[str, str], body: bytes) -> Change:
    """Raises pydantic's `ValidationError` for an object that cannot be read."""
    part, _, object_id = subject.removeprefix(subjects.CATALOG_PREFIX).partition(".")
    kind, model = KINDS[part]
    ended = headers.get(OPERATION_HEADER)
    item = None if ended else model.model_validate_json(body)
    return Change(kind, object_id, _operation(ended, item, headers), sequence, item)


def _operation(ended: str | None, item: Item | None, headers: Mapping[str, str]) -> Operation:
    match item:
        case None:
            return "purged" if ended == "PURGE" else "deleted"
        case Job(deleted_at=at) if at is not None:
            return "deleted"
        case _ if headers.get(EXPECTED) == "0" or _is_new(item):
            return "created"
        case _:
            return "changed"


def _is_new(item: BaseModel) -> bool:
    """Made anew where one of its name had ended."""
    made = getattr(item, "created_at", None)
    return made is not None and made == getattr(item, "updated_at", None)
