"""Denied attempts, gathered: those of one caller at one route are one record a second, and a flood from everywhere is
some records a second, however many attempts it has."""

from dataclasses import dataclass, replace
from datetime import datetime

from lamplighter_contracts.audit import ANONYMOUS, AuditEvent
from lamplighter_gateway.access.addresses import neighbourhood

MOST = 10
"""Records that are told at a time. What is beyond them is counted together."""
MOST_DETAIL = 300
OTHERS = "other attempts"


@dataclass(frozen=True, slots=True)
class Attempt:
    """`route` is its template: a path may hold what somebody typed in the wrong place."""

    route: str
    detail: str
    actor: str = ANONYMOUS
    actor_name: str = ""
    role: str = ""
    address: str = ""
    project: str = ""
    kind: str = ""
    object_id: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """Whoever is not known is known by where it comes from."""
        where = neighbourhood(self.address) if self.actor == ANONYMOUS else ""
        return self.actor, where, self.route


@dataclass(frozen=True, slots=True)
class Denied:
    """`attempt` is the newest of them."""

    attempt: Attempt
    count: int
    first_at: datetime
    last_at: datetime

    def with_another(self, other: "Denied") -> "Denied":
        return Denied(
            other.attempt if other.last_at >= self.last_at else self.attempt,
            self.count + other.count,
            min(self.first_at, other.first_at),
            max(self.last_at, other.last_at),
        )

    def event(self, audit_id: str) -> AuditEvent:
        told = self.attempt
        return AuditEvent(
            audit_id=audit_id,
            at=self.last_at,
            first_at=self.first_at if self.count > 1 else None,
            count=self.count,
            outcome="denied",
            action=told.route,
            detail=told.detail[:MOST_DETAIL],
            actor=told.actor,
            actor_name=told.actor_name,
            role=told.role,
            address=told.address,
            project=told.project,
            kind=told.kind,
            object_id=told.object_id,
        )


class Denials:
    """Never holds more than `MOST` and one."""

    def __init__(self) -> None:
        self._gathered: dict[tuple[str, str, str], Denied] = {}
        self._others: Denied | None = None

    def note(self, attempt: Attempt, at: datetime) -> None:
        self.give_back(Denied(attempt, 1, at, at))

    def give_back(self, denied: Denied) -> None:
        key = denied.attempt.key
        if (before := self._gathered.get(key)) is not None:
            self._gathered[key] = before.with_another(denied)
        elif len(self._gathered) < MOST and denied.attempt.route != OTHERS:
            self._gathered[key] = denied
        else:
            nobody = replace(
                denied,
                attempt=Attempt(OTHERS, f"from more callers, or at more routes, than the {MOST} told apart"),
            )
            self._others = self._others.with_another(nobody) if self._others else nobody

    def take(self) -> list[Denied]:
        """What has come since the last time."""
        taken = [*self._gathered.values(), *([self._others] if self._others else [])]
        self._gathered, self._others = {}, None
        return taken
