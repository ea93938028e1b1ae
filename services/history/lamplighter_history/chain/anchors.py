"""The newest link of the chain, as the bus keeps it: apart from it, so that an end that was cut off is missed."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from nats.aio.client import Client

from lamplighter_contracts import envelope, subjects
from lamplighter_contracts.audit import AuditHead
from lamplighter_contracts.streams import PRESENCE
from lamplighter_history.chain.links import Tail
from lamplighter_runtime.latest import last_message
from lamplighter_runtime.messages import BusUnavailable, Message, Stored
from lamplighter_runtime.publishing import publish

SOURCE = "/lamplighter/history"
TRIES = 20


class Anchors:
    """Both raise `BusUnavailable`."""

    def __init__(self, connect: Callable[[], Awaitable[Client]]) -> None:
        """`connect` gives the connection, the same one each time: questions are subscribed to before there is one."""
        self._connect = connect

    async def read(self) -> Tail | None:
        return (await self._look())[0]

    async def move(self, to: Tail) -> None:
        """Forward to that link, unless it is there or beyond already."""
        for _ in range(TRIES):
            there, sequence = await self._look()
            if there is not None and there.number >= to.number:
                return
            if isinstance(
                await publish(await self._connect(), _message(to, datetime.now(UTC), sequence)), Stored
            ):
                return
        raise BusUnavailable(f"others kept moving the anchor while it was to go to {to.number}")

    async def _look(self) -> tuple[Tail | None, int]:
        last = await last_message(await self._connect(), PRESENCE.name, subjects.AUDIT_HEAD)
        if last is None:
            return None, 0
        head = envelope.read(AuditHead, last.body, last.headers)
        return Tail(head.number, head.hash), last.sequence


def _message(to: Tail, at: datetime, expected: int) -> Message:
    event = AuditHead(number=to.number, hash=to.hash, at=at)
    headers = envelope.headers(event, event_id=f"{to.number}-{to.hash}", source=SOURCE, time=at)
    return Message(subjects.AUDIT_HEAD, envelope.body(event), headers, expected=expected)
