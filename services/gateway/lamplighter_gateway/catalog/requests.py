"""Requests that were made under a key of their caller's, and what they made: asked for on demand, never in memory."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from nats.aio.client import Client

from lamplighter_contracts import subjects
from lamplighter_contracts.ids import subject_token
from lamplighter_contracts.requests import RequestMade
from lamplighter_contracts.streams import CATALOG, DEDUPE_WINDOW
from lamplighter_gateway.access.callers import Caller
from lamplighter_gateway.catalog.contents import KINDS, Key
from lamplighter_runtime.catalog import read_item
from lamplighter_runtime.latest import last_message, last_messages
from lamplighter_runtime.messages import Conflict, Message
from lamplighter_runtime.publishing import publish

KIND = "requests"


@dataclass(frozen=True)
class Once:
    """A request that is to be carried out once, whoever repeats it. `fingerprint` is of what it asks for."""

    token: str
    key: str
    fingerprint: str
    by: str

    @property
    def subject(self) -> str:
        return subjects.catalog(KIND, self.token)

    def part(self, number: int) -> "Once":
        """One of several batches in which a long request is carried out."""
        return Once(f"{self.token}-{number}", self.key, self.fingerprint, self.by)


class Repeated(Exception):
    """The request was carried out before: nothing is to be done."""

    def __init__(self, made: RequestMade) -> None:
        super().__init__(made.key)
        self.made = made


def once(caller: Caller, key: str, method: str, path: str, body: Any) -> Once:
    """Keys are each caller's own."""
    told = json.dumps([method, path, body], sort_keys=True)
    return Once(
        token=subject_token(f"{caller.actor}\0{key}"),
        key=key,
        fingerprint=hashlib.sha256(told.encode()).hexdigest(),
        by=caller.actor,
    )


def made_message(
    asked: Once, now: datetime, kind: str, object_ids: Sequence[str], *, answers: str = ""
) -> Message:
    """The record: the first on its subject, for as long as repeats are to be known."""
    made = RequestMade(
        key=asked.key,
        fingerprint=asked.fingerprint,
        status=201,
        kind=kind,
        object_ids=tuple(object_ids),
        answers=answers,
        made_at=now,
        made_by=asked.by,
    )
    return Message(asked.subject, made.model_dump_json().encode(), expected=0, ttl=DEDUPE_WINDOW)


class Requests:
    """Each raises `BusUnavailable`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def find(self, asked: Once) -> RequestMade | None:
        return read_item(RequestMade, await last_message(self._client, CATALOG.name, asked.subject))

    async def check(self, asked: Once | None) -> None:
        """Raises `Repeated`."""
        if asked is not None and (made := await self.find(asked)) is not None:
            raise Repeated(made)

    async def claim(self, asked: Once | None, now: datetime, kind: str, object_id: str) -> None:
        """Before something is made elsewhere than in the catalog, under an id that makes a second attempt harmless.

        Raises `Repeated`, also where the first attempt was interrupted before it was made.
        """
        if asked is None:
            return
        message = made_message(asked, now, kind, [object_id])
        verdict = await publish(self._client, replace(message, message_id=uuid4().hex))
        if isinstance(verdict, Conflict):
            await self.check(asked)

    async def objects(self, made: RequestMade) -> list[Any]:
        """What it made, as it was then; of what has been written over too often since, nothing."""
        keys = [Key(made.kind, object_id) for object_id in made.object_ids]
        wanted = [subjects.catalog(key.kind, key.object_id) for key in keys]
        found = await last_messages(self._client, CATALOG.name, wanted, up_to=made.revision)
        items = (read_item(KINDS[made.kind], found.get(subject)) for subject in wanted)
        return [item for item in items if item is not None]
