"""The catalog bucket: followed into the read model, and written with compare-and-set."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from urllib.parse import quote
from uuid import uuid4

from nats.aio.client import Client
from pydantic import ValidationError

from lamplighter_contracts import subjects
from lamplighter_contracts.envelope import (
    ADDRESS_HEADER,
    AUTHOR_HEADER,
    AUTHOR_NAME_HEADER,
    AUTHOR_ROLE_HEADER,
    OPERATION_HEADER,
    PROJECT_HEADER,
)
from lamplighter_contracts.fields import is_name, is_slug
from lamplighter_contracts.streams import CATALOG
from lamplighter_gateway.access.callers import Caller
from lamplighter_gateway.catalog.belongings import project_of
from lamplighter_gateway.catalog.collecting import settled, unsettled
from lamplighter_gateway.catalog.contents import KINDS, Catalog, Item, Key, Write
from lamplighter_runtime.following import Following
from lamplighter_runtime.latest import Last, last_message, last_messages
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import MESSAGE_ID, Conflict, Message
from lamplighter_runtime.publishing import commit
from lamplighter_runtime.tails import Entry

log = get_logger()


_FOLLOWED = [f"{subjects.CATALOG_PREFIX}{kind}.>" for kind in KINDS]
"""Not what was requested under a key: there may be many of those, and each is asked for by itself."""


class Outrun(Exception):
    """Somebody else wrote first: what the decision stood on is old. Nothing of it was stored."""


class Store:
    """Keeps `catalog` what the bucket is. `follow` runs as long as the gateway does."""

    def __init__(self, client: Client, catalog: Catalog) -> None:
        self._client = client
        self._catalog = catalog
        self._following = Following(client, CATALOG.name, _FOLLOWED, self._learn, settled)

    def problem(self) -> str | None:
        """For readiness."""
        return None if self._following.caught_up else "the catalog has not been read yet"

    async def follow(self) -> None:
        unsettled()
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

    async def write(self, writes: Sequence[Write], by: Caller, also: Sequence[Message] = ()) -> None:
        """Store all or none, each only where it follows what it expects, and know them at once. `also` are messages
        that are stored with them and not known.

        Raises `Outrun`, `BusUnavailable`.
        """
        identity = uuid4().hex
        messages = [
            _message(write, by, project_of(write, writes, self._catalog), f"{identity}-{place}")
            for place, write in enumerate(writes)
        ]
        messages += [replace(m, message_id=f"{identity}-also-{place}") for place, m in enumerate(also)]
        verdict = await commit(self._client, messages)
        last = await self._own(messages[-1]) if isinstance(verdict, Conflict) else verdict.sequence
        if last is None:
            await self.refresh(write.key for write in writes)
            raise Outrun
        for place, write in enumerate(reversed(writes), len(also)):
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
        home = "" if item else entry.headers.get(PROJECT_HEADER, "")
        self._catalog.learn(Key(kind, object_id), entry.sequence, item, home)


def _is_id(text: str) -> bool:
    """A slug; of a secret that of its environment, a point, and its name."""
    environment_id, point, name = text.partition(".")
    return is_slug(environment_id) and (not point or is_name(name))


def _message(write: Write, by: Caller, project: str, identity: str) -> Message:
    headers = authored(by, project)
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


def authored(by: Caller, project: str = "") -> dict[str, str]:
    """Whom history's audit names. A header holds no line end, and nothing but ASCII."""
    named = quote(by.name, safe=" ")
    return {
        AUTHOR_HEADER: by.actor,
        AUTHOR_NAME_HEADER: named,
        AUTHOR_ROLE_HEADER: by.role.value,
        ADDRESS_HEADER: by.address,
        PROJECT_HEADER: project,
    }


def _as_stored(write: Write) -> Item | None:
    """What others read: a time, for one, is stored to the millisecond, and compared with what they make of it."""
    return None if write.item is None else KINDS[write.key.kind].model_validate_json(_body(write.item))


def _body(item: Item | None) -> bytes:
    return b"" if item is None else item.model_copy(update={"revision": 0}).model_dump_json().encode()
