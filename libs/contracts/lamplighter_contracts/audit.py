"""Who did what, from where, and who was denied it."""

from typing import ClassVar, Literal

from lamplighter_contracts.events import Event
from lamplighter_contracts.fields import Instant

ANONYMOUS = "anonymous"
SYSTEM = "system"
"""The actor of what Lamplighter does by itself."""


class AuditEvent(Event):
    """Something that is no change of the catalog and no start of a job by hand: those tell of themselves
    (`envelope.AUTHOR_HEADER` and the like)."""

    event_type: ClassVar[str] = "lamplighter.audit.v1"

    audit_id: str
    at: Instant
    actor: str
    """A token's id, `oidc:<subject>`, or `anonymous`."""
    actor_name: str = ""
    role: str = ""
    address: str = ""
    project: str = ""
    """Empty where it belongs to none, or is not known."""
    action: str
    """`<noun>.<verb>`, such as `execution.cancel`; of a denied attempt its route, `POST /api/v1/jobs`."""
    kind: str = ""
    object_id: str = ""
    outcome: Literal["done", "denied"] = "done"
    detail: str = ""
    count: int = 1
    """Denied attempts that are alike are told together."""
    first_at: Instant | None = None


class AuditHead(Event):
    """The newest link of the chain, told after it was written: kept on the bus, apart from the chain itself, so that
    an end that was cut off is missed."""

    event_type: ClassVar[str] = "lamplighter.audit.head.v1"

    number: int
    hash: str
    at: Instant
