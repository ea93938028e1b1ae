"""Tells the audit what was done, before it is answered, and what was denied, soon after."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from uuid import uuid4

from nats.aio.client import Client

from lamplighter_contracts import envelope, subjects
from lamplighter_contracts.audit import AuditEvent
from lamplighter_gateway.access.callers import Caller
from lamplighter_gateway.auditing.denials import Attempt, Denials, Denied
from lamplighter_gateway.web.problems import unavailable
from lamplighter_gateway.webhooks.inbox import SOURCE
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import BusUnavailable, Message
from lamplighter_runtime.publishing import GroupPublisher

log = get_logger()

EVERY_SECONDS = 1.0
LAST_SECONDS = 3.0
"""For what is still to be told when the gateway leaves."""


class Audit:
    def __init__(self, client: Client, now: Callable[[], datetime]) -> None:
        self._publisher, self._now = GroupPublisher(client), now
        self._denials = Denials()

    async def done(
        self,
        by: Caller,
        action: str,
        kind: str = "",
        object_id: str = "",
        *,
        project: str = "",
        detail: str = "",
    ) -> None:
        """Durable when it returns. What changes the catalog tells of itself, and is not told here.

        Raises a `Problem` (unavailable) where it cannot be recorded: what it tells of may have happened.
        """
        event = AuditEvent(
            audit_id=uuid4().hex,
            at=self._now(),
            actor=by.actor,
            actor_name=by.name,
            role=by.role.value,
            address=by.address,
            project=project,
            action=action,
            kind=kind,
            object_id=object_id,
            detail=detail,
        )
        try:
            await self._publisher.publish(_message(event))
        except BusUnavailable as error:
            detail = (
                "It may have happened, but could not be recorded in the audit: look before you repeat it."
            )
            raise unavailable(detail) from error

    def denied(self, attempt: Attempt) -> None:
        """Noted, and told within a second or so: whoever is refused waits for nothing."""
        self._denials.note(attempt, self._now())

    async def run(self) -> None:
        """For ever: tell what was denied."""
        try:
            while True:
                await asyncio.sleep(EVERY_SECONDS)
                await self._tell()
        finally:
            await asyncio.wait_for(self._tell(), LAST_SECONDS)

    async def _tell(self) -> None:
        await asyncio.gather(*(self._tell_one(denied) for denied in self._denials.take()))

    async def _tell_one(self, denied: Denied) -> None:
        try:
            await self._publisher.publish(_message(denied.event(uuid4().hex)))
        except BusUnavailable as error:
            # Next time, with what has come meanwhile.
            self._denials.give_back(denied)
            log.warning("audit.not_told", error=repr(error))


def _message(event: AuditEvent) -> Message:
    headers = envelope.headers(event, event_id=event.audit_id, source=SOURCE, time=event.at)
    return Message(subjects.audit(event.audit_id), envelope.body(event), headers, message_id=event.audit_id)
