"""Where the chain goes on, and its next links."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from lamplighter_contracts.chain import FIRST, link_hash
from lamplighter_contracts.fields import rfc3339
from lamplighter_history.writes import Document


@dataclass(frozen=True, slots=True)
class Tail:
    """The newest link."""

    number: int
    hash: str


NOTHING = Tail(0, FIRST)


def tail_of(anchor: Tail | None, newest: Sequence[Document]) -> Tail:
    """What the next link follows. `newest` are the links from the anchor on, that one included, in order.

    Links may stand after the anchor: it is moved after they are written. Where they do not lead on from it, somebody
    was at them: the next link follows the anchor, and its number is one that nobody has, so that the break stays where
    it is, for all to find.
    """
    known = [Tail(one["_id"], one.get("hash", "")) for one in newest]
    if anchor is None:
        return known[-1] if known else NOTHING
    if known and known[0] == anchor and _lead_on(newest):
        return known[-1]
    return Tail(max(anchor.number, *(one.number for one in known), 0), anchor.hash)


def _lead_on(links: Sequence[Document]) -> bool:
    return all(
        after["_id"] == before["_id"] + 1 and after.get("previous") == before.get("hash")
        for before, after in pairwise(links)
    )


def links(tail: Tail, drafts: Sequence[Document]) -> list[Document]:
    """As they are stored, one after the other."""
    made = []
    for number, draft in enumerate(drafts, start=tail.number + 1):
        link: Document = {"_id": number, **draft, "previous": tail.hash}
        link["hash"] = link_hash(plain(link))
        tail = Tail(number, link["hash"])
        made.append(link)
    return made


def plain(link: Document) -> dict[str, Any]:
    """A link as JSON tells it, and as it is hashed."""
    told = {name: rfc3339(value) if isinstance(value, datetime) else value for name, value in link.items()}
    return {"number": told.pop("_id", None), **told}
