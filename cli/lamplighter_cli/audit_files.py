"""Checks an exported audit without any server: what holds, what does not, and what no file can tell."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lamplighter_contracts.chain import FIRST, fault

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """`begins` is the number of the file's first record: what came before it is taken on trust."""

    checked: int = 0
    begins: int = 1
    last_number: int = 0
    last_hash: str = FIRST
    broken_at: int | None = None
    problem: str = ""

    @property
    def document(self) -> dict[str, Any]:
        return {
            "holds": self.broken_at is None,
            "checked": self.checked,
            "begins": self.begins,
            "last_number": self.last_number,
            "last_hash": self.last_hash,
            "broken_at": self.broken_at,
            "problem": self.problem,
        }


def verify(lines: Iterable[bytes], head: str | None = None) -> Verdict:
    """An export, oldest first, a record a line. `head` is the hash that its last record has to have."""
    said = Verdict()
    for line in lines:
        if not line.strip():
            continue
        said = follow(said, read(line))
        if said.broken_at is not None:
            return said
    if head is not None and head.lower() != said.last_hash:
        return broken(
            said,
            said.last_number + 1,
            f"the last record, {said.last_number}, has another hash: {said.last_hash}",
        )
    return said


def follow(said: Verdict, record: Record) -> Verdict:
    if said.checked == 0:
        said = beginning(record)
    number = said.last_number + 1
    if problem := fault(record, number, said.last_hash):
        return broken(said, number, problem)
    return Verdict(said.checked + 1, said.begins, number, str(record["hash"]))


def beginning(record: Record) -> Verdict:
    number = record.get("number")
    if not isinstance(number, int) or number <= 1:
        return Verdict()
    return Verdict(begins=number, last_number=number - 1, last_hash=str(record.get("previous") or FIRST))


def broken(said: Verdict, number: int, problem: str) -> Verdict:
    return Verdict(said.checked, said.begins, said.last_number, said.last_hash, number, problem)


def read(line: bytes) -> Record:
    """What is no record is found as one that is missing."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
