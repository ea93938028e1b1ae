"""The chain of audit records: what is hashed, and whether a link holds. Standard library alone, so that whoever has an
export can check it with this file.

A record is plain JSON. What counts of it are the fields that were recorded: not its own hash, not what a reader has
joined to it, and none that is null or empty, so that a field of a later version changes nothing of an old record.
"""

import hashlib
import json
from collections.abc import Mapping

NOT_HASHED = frozenset({"hash", "before", "before_number"})

FIRST = ""
"""What the first link names as the hash before it."""


def canonical(record: Mapping[str, object]) -> bytes:
    """Keys in order, no blanks, UTF-8 as it is. Raises `TypeError`, `ValueError` for what is no JSON."""
    counts = {
        name: value
        for name, value in record.items()
        if name not in NOT_HASHED and value is not None and value != ""
    }
    text = json.dumps(counts, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def link_hash(record: Mapping[str, object]) -> str:
    """SHA-256, in hex."""
    return hashlib.sha256(canonical(record)).hexdigest()


def fault(record: Mapping[str, object], number: int, previous: str) -> str:
    """What is wrong with the link that is to have `number` and to follow the hash `previous`; empty: it holds."""
    found = record.get("number")
    if found != number:
        return f"record {number} is missing: number {found!r} stands in its place"
    if (record.get("previous") or FIRST) != previous:
        return f"record {number} does not follow the one before it"
    try:
        made = link_hash(record)
    except (TypeError, ValueError):
        return f"record {number} holds what no record can"
    return "" if record.get("hash") == made else f"record {number} is not as it was recorded"
