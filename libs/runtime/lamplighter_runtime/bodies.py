"""Bodies that are too large for a message: stored in pieces, read back and compared with what was stored.

As NATS' own object stores have them (its ADR-20), so that the `nats` tool reads them too: the pieces on a subject
of their own, then one message that says what they make up. Without that one there is no body.
"""

import asyncio
import base64
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

from nats.aio.client import Client
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from lamplighter_contracts.bodies import BodyReference
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.ids import subject_token
from lamplighter_contracts.streams import BODIES, BODIES_BUCKET
from lamplighter_runtime.jetstream import TIMEOUT_SECONDS, ask
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import BusUnavailable, Conflict, Message
from lamplighter_runtime.publishing import publish

log = get_logger()

PIECE_BYTES = 256 * 1024
IN_FLIGHT = 8
"""Pieces on their way that are not confirmed yet: 2 MiB, however large the body is."""
TRIES = 2

_NO_MESSAGE = 10037
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")


class BodyGone(LookupError):
    """There is no such body any more, or it is not what was stored. Reading it again is of no use."""


class Bodies:
    """Keeps bodies as long as the stream `OBJ_bodies` says. It has to be there."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def put(self, name: str, data: bytes, content_type: str = "") -> BodyReference:
        """Store `data`, durable when this returns. Any `name` will do; the same one with the same data is one body,
        which expires when the first of them does. Raises `BusUnavailable`."""
        digest = await asyncio.to_thread(lambda: sha256(data))
        plain = name if _PLAIN_NAME.fullmatch(name) else subject_token(name)
        # The digest in the name: what one reference is to is never overwritten by another body.
        reference = BodyReference(
            name=f"{plain}.{digest.hexdigest()}",
            size=len(data),
            sha256=digest.hexdigest(),
            content_type=content_type,
        )
        for tried in range(1, TRIES + 1):
            try:
                await self._store(reference, data)
                break
            except BusUnavailable:
                if tried == TRIES:
                    raise
        return reference

    async def get(self, reference: BodyReference) -> bytes:
        """Raises `BodyGone`, `BusUnavailable`."""
        described = await self._read(_description_subject(reference.name), {})
        if described is None:
            raise BodyGone(f"the body {reference.name!r} is no longer kept")
        subject = _pieces_subject(str(json.loads(described[1])["nuid"]))
        data, digest, after = bytearray(), sha256(), 0
        while len(data) < reference.size:
            piece = await self._read(subject, {"seq": after + 1})
            if piece is None:
                raise BodyGone(f"a piece of the body {reference.name!r} is no longer kept")
            after = piece[0]
            data += piece[1]
            digest.update(piece[1])
        if digest.hexdigest() != reference.sha256:
            raise BodyGone(f"the body {reference.name!r} is not what was stored")
        return bytes(data)

    async def _store(self, reference: BodyReference, data: bytes) -> None:
        pile = uuid4().hex
        try:
            await self._send_pieces(_pieces_subject(pile), data)
        except BaseException:
            await self._clear(pile)
            raise
        # Should this one not be confirmed, it may be there all the same: the pieces stay.
        description = Message(
            _description_subject(reference.name),
            json.dumps(_description(reference, pile)).encode(),
            message_id=pile,
            expected=0,
        )
        if isinstance(await publish(self._client, description), Conflict):
            await self._clear(pile)

    async def _send_pieces(self, subject: str, data: bytes) -> None:
        """In order, several on their way at a time. Raises `BusUnavailable` where one was not stored in its place."""
        inbox = self._client.new_inbox()
        answers = await self._subscribe(f"{inbox}.*")
        confirmed: dict[int, int] = {}
        try:
            for number, start in enumerate(range(0, len(data), PIECE_BYTES)):
                if number - len(confirmed) >= IN_FLIGHT:
                    confirmed |= await _confirmed(answers)
                piece = data[start : start + PIECE_BYTES]
                await self._client.publish(subject, piece, reply=f"{inbox}.{number}")
            while len(confirmed) < -(-len(data) // PIECE_BYTES):
                confirmed |= await _confirmed(answers)
        except (NatsError, TimeoutError, ConnectionError) as error:
            raise BusUnavailable(f"NATS did not confirm a piece of a body: {error!r}") from error
        finally:
            await _quietly_unsubscribe(answers)
        places = [confirmed[number] for number in sorted(confirmed)]
        if places != sorted(places):
            raise BusUnavailable("NATS stored the pieces of a body in another order")

    async def _subscribe(self, subject: str) -> Subscription:
        try:
            return await self._client.subscribe(subject)
        except NatsError as error:
            raise BusUnavailable(f"NATS cannot be asked: {error!r}") from error

    async def _read(self, subject: str, request: Mapping[str, Any]) -> tuple[int, bytes] | None:
        """Sequence and content of the next message there; without a sequence to begin at, of the last one.

        The stream's leader is asked, not any replica, which might not have yet what was stored a moment ago.
        """
        by = "next_by_subj" if request else "last_by_subj"
        answer = await ask(self._client, f"STREAM.MSG.GET.{BODIES.name}", {**request, by: subject})
        if "error" not in answer:
            found = answer["message"]
            return int(found["seq"]), base64.b64decode(found.get("data", ""))
        if answer["error"].get("err_code") != _NO_MESSAGE:
            raise BusUnavailable(f"NATS could not read a body: {answer['error'].get('description')}")
        return None

    async def _clear(self, pile: str) -> None:
        """Pieces that nothing describes would stay until they expire: that is all, should this fail."""
        subject = _pieces_subject(pile)
        try:
            # It is stored behind the pieces that are still on their way, which a purge alone would overtake.
            await publish(self._client, Message(subject, b""))
            await ask(self._client, f"STREAM.PURGE.{BODIES.name}", {"filter": subject})
        except BusUnavailable as unavailable:
            log.warning("body.not_cleared", pile=pile, error=repr(unavailable))


def _description(reference: BodyReference, pile: str) -> dict[str, Any]:
    """What the pieces make up, in the words of NATS' object stores."""
    digest = base64.urlsafe_b64encode(bytes.fromhex(reference.sha256)).decode()
    return {
        "name": reference.name,
        "bucket": BODIES_BUCKET,
        "nuid": pile,
        "size": reference.size,
        "chunks": -(-reference.size // PIECE_BYTES),
        "digest": f"SHA-256={digest}",
        "mtime": rfc3339(datetime.now(UTC)),
        "headers": {"Content-Type": [reference.content_type]},
        "options": {"max_chunk_size": PIECE_BYTES},
    }


def _description_subject(name: str) -> str:
    return f"$O.{BODIES_BUCKET}.M.{base64.urlsafe_b64encode(name.encode()).decode()}"


def _pieces_subject(pile: str) -> str:
    return f"$O.{BODIES_BUCKET}.C.{pile}"


async def _confirmed(answers: Subscription) -> dict[int, int]:
    """Which piece was stored, and at which sequence. Raises `BusUnavailable` where it was refused."""
    answer = await answers.next_msg(timeout=TIMEOUT_SECONDS)
    status = (answer.headers or {}).get("Status")
    reply: dict[str, Any] = json.loads(answer.data) if answer.data else {}
    if status or "error" in reply:
        raise BusUnavailable(f"NATS refused a piece of a body: {reply.get('error') or status}")
    return {int(answer.subject.rsplit(".", 1)[1]): int(reply["seq"])}


async def _quietly_unsubscribe(answers: Subscription) -> None:
    try:
        await answers.unsubscribe()
    except NatsError:
        return
