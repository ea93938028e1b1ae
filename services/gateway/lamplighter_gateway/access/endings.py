"""Sessions that were ended: kept on the bus until they would have been over anyway, and known to all gateways.

A cookie cannot be taken back: without this, a copy of it would outlive the log-out.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from nats.aio.client import Client
from pydantic import ValidationError

from lamplighter_contracts import subjects
from lamplighter_contracts.sessions import SessionEnded
from lamplighter_contracts.streams import CATALOG
from lamplighter_gateway.access.callers import Caller
from lamplighter_gateway.catalog.store import authored
from lamplighter_runtime.following import Following
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import Message
from lamplighter_runtime.publishing import publish
from lamplighter_runtime.tails import Entry

log = get_logger()

KIND = "sessions"
SPARE = timedelta(minutes=1)
"""Clocks of gateways differ a little."""
FEW = 1_000
"""Up to so many, those that are over are not looked for."""


class Endings:
    """`follow` runs as long as the gateway does."""

    def __init__(self, client: Client, now: Callable[[], datetime]) -> None:
        self._client, self._now = client, now
        self._following = Following(client, CATALOG.name, [subjects.ANY_SESSION_END], self._learn)
        self._until: dict[str, datetime] = {}
        self._most = FEW

    async def follow(self) -> None:
        await self._following.follow()

    def problem(self) -> str | None:
        """For readiness, and for whoever comes with a session before."""
        return None if self._following.caught_up else "ended sessions have not been read yet"

    def has(self, session_id: str) -> bool:
        return session_id in self._until

    async def add(self, session_id: str, until: datetime, by: Caller) -> None:
        """End it, for all gateways and durably. Raises `BusUnavailable`."""
        ended = SessionEnded(session_id=session_id, until=until)
        message = Message(
            subjects.catalog(KIND, session_id),
            ended.model_dump_json().encode(),
            authored(by),
            ttl=until - self._now() + SPARE,
        )
        await publish(self._client, message)
        self._remember(ended)

    def _learn(self, entry: Entry) -> None:
        try:
            self._remember(SessionEnded.model_validate_json(entry.body))
        except ValidationError:
            log.exception("session.unreadable", subject=entry.subject)

    def _remember(self, ended: SessionEnded) -> None:
        self._until[ended.session_id] = ended.until
        if len(self._until) > self._most:
            now = self._now()
            self._until = {one: until for one, until in self._until.items() if until + SPARE > now}
            self._most = max(FEW, 2 * len(self._until))
