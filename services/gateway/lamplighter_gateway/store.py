"""The catalog bucket: followed into the read model, and written with compare-and-set."""

from collections.abc import Iterable, Sequence
from uuid import uuid4

from nats.aio.client import Client
from pydantic import ValidationError

from lamplighter_contracts import subjects
from lamplighter_contracts.envelope import AUTHOR_HEADER, OPERATION_HEADER
from lamplighter_contracts.fields import is_name, is_slug
from lamplighter_contracts.streams import CATALOG
from lamplighter_gateway.catalog import KINDS, Catalog, Item, Key, Write
from lamplighter_runtime.following import Following
from lamplighter_runtime.latest import Last, last_message, last_messages
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import MESSAGE_ID, Conflict, Message
from lamplighter_runtime.publishing import commit
from lamplighter_runtime.tails import Entry

log = get_logger()


class Outrun(Exception):
    """Somebody else wrote first: what the decision stood on is old. Nothing of it was stored."""


class Store:
    """Keeps `catalog` what the bucket is. `follow` runs as long as the gateway does."""

    def __init__(self, client: Client, catalog: Catalog) -> None:
        self._client = client
        self._catalog = catalog
        self._following = Following(client, CATALOG.name, [subjects.ANY_CATALOG_CHANGE], self._learn)

    def problem(self) -> str | None:
        """For readiness."""
        return None if self._following.caught_up else "the catalog has not been read yet"

    async def follow(self) -> None:
        await self._following.follow()

    async def hear(self, sequence: int) -> None:
        """Wait until the changes up to that one are known, whoever made them."""
        await self._following.hear(sequence)

    async def refresh(self, keys: Iterable[Key]) -> None:
        """Ask the bucket itself for these objects. Raises `BusUnavailable`."""
        # An id may be any text of a request's path: what is no id is no part of a subject either.
        wanted = [subjects.catalog(key.kind, key.object_id) for key in keys if _is_id(key.object_id)]
        for last in (await last_messages(self._client, CATALOG.name, wanted)).values():
            self._learn(last)

    async def write(self, writes: Sequence[Write], by: str) -> None:
        """Store all or none, each only where it follows what it expects, and know them at once.

        Raises `Outrun`, `BusUnavailable`.
        """
        identity = uuid4().hex
        messages = [_message(write, by, f"{identity}-{place}") for place, write in enumerate(writes)]
        verdict = await commit(self._client, messages)
        last = await self._own(messages[-1]) if isinstance(verdict, Conflict) else verdict.sequence
        if last is None:
            await self.refresh(write.key for write in writes)
            raise Outrun
        for place, write in enumerate(reversed(writes)):
            self._catalog.learn(write.key, last - place, _as_stored(write))

    async def _own(self, message: Message) -> int | None:
        """A try that was not answered may have happened, and made its own repeat a conflict."""
        last = await last_message(self._client, CATALOG.name, message.subject)
        same = last is not None and last.headers.get(MESSAGE_ID) == message.message_id
        return last.sequence if last is not None and same else None

    def _learn(self, entry: Entry | Last) -> None:
        kind, _, object_id = entry.subject.removeprefix(subjects.CATALOG_PREFIX).partition(".")
        if kind not in KINDS:
            return
        try:
            item = (
                None if entry.headers.get(OPERATION_HEADER) else KINDS[kind].model_validate_json(entry.body)
            )
        except ValidationError:
            # One object that cannot be read must not keep the others from being served.
            log.exception("catalog.unreadable", subject=entry.subject, sequence=entry.sequence)
            return
        self._catalog.learn(Key(kind, object_id), entry.sequence, item)


def _is_id(text: str) -> bool:
    """A slug; of a secret that of its environment, a point, and its name."""
    environment_id, point, name = text.partition(".")
    return is_slug(environment_id) and (not point or is_name(name))


def _message(write: Write, by: str, identity: str) -> Message:
    headers = {AUTHOR_HEADER: by}
    if write.item is None:
        headers[OPERATION_HEADER] = "PURGE" if write.purge else "DEL"
    return Message(
        subjects.catalog(write.key.kind, write.key.object_id),
        _body(write.item),
        headers,
        message_id=identity,
        expected=write.expected,
        rollup=write.purge,
    )


def _as_stored(write: Write) -> Item | None:
    """What others read: a time, for one, is stored to the millisecond, and compared with what they make of it."""
    return None if write.item is None else KINDS[write.key.kind].model_validate_json(_body(write.item))


def _body(item: Item | None) -> bytes:
    return b"" if item is None else item.model_copy(update={"revision": 0}).model_dump_json().encode()
