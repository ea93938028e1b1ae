"""The subjects of one offer: what an executor says there, and how it is told to stop."""

from contextlib import suppress
from secrets import token_hex

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from lamplighter_contracts import subjects
from lamplighter_contracts.executors import Instruction

PENDING_BYTES = 16 << 20
"""What an executor may send ahead of what has been dealt with."""


class Line:
    """`close` when it is over: what is said there afterwards has no responders."""

    def __init__(self, client: Client, work_id: str, subject: str, subscription: Subscription) -> None:
        self._client = client
        self._subscription = subscription
        self.work_id = work_id
        self.subject = subject

    @classmethod
    async def open(cls, client: Client, executor: str, execution_id: str, attempt: int) -> "Line":
        """A new one for each offer, so that whoever takes an offer too late speaks to nobody."""
        work_id = f"{execution_id}-{attempt}-{token_hex(3)}"
        subject = subjects.offered_work(executor, work_id)
        subscription = await client.subscribe(f"{subject}.*", pending_bytes_limit=PENDING_BYTES)
        return cls(client, work_id, subject, subscription)

    @property
    def is_up(self) -> bool:
        """Whether anything could be heard now."""
        return self._client.is_connected

    async def next(self) -> Msg:
        """Waits as long as it takes. Raises nats-py's `Error` when the connection is closed for good."""
        return await self._subscription.next_msg(timeout=None)

    async def answer(self, message: Msg, instruction: Instruction) -> None:
        """Only where it was asked for."""
        if message.reply:
            with suppress(NatsError):
                await self._client.publish(message.reply, instruction.model_dump_json().encode())

    async def tell_to_stop(self, reason: str) -> None:
        instruction = Instruction(stop=True, reason=reason)
        with suppress(NatsError):
            await self._client.publish(f"{self.subject}.stop", instruction.model_dump_json().encode())

    async def close(self) -> None:
        with suppress(NatsError):
            await self._subscription.unsubscribe()
