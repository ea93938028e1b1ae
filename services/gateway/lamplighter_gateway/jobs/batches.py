"""Many jobs in one request: each item is made, replaced or deleted, or refused, by itself."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, assert_never

from lamplighter_contracts.jobs import Job
from lamplighter_contracts.problems import FieldError, InvalidInput
from lamplighter_gateway.catalog.contents import Key, Write, key_of, path_key
from lamplighter_gateway.jobs.changes import Jobs, id_taken, read_slug
from lamplighter_gateway.web.preconditions import Conditions, read_if_match
from lamplighter_gateway.web.problems import PERHAPS_OLD, Problem, document_of, invalid, problem_of

MOST_ITEMS = 1_000
MOST_AT_ONCE = 250
"""Items in one batch of the bus, each of which may be three messages; the bus takes 1,000."""
MOST_BYTES_AT_ONCE = 8 << 20
MOST_SAID = 200 * 1024
"""Bytes of what is said of the items of one batch: a record on the bus has it."""

OPS = ("create", "replace", "delete")
Op = Literal["create", "replace", "delete"]
Wire = dict[str, Any]

_FIELDS = frozenset({"op", "job_id", "if_match", "job"})


@dataclass(frozen=True)
class Item:
    """`job_id` is chosen, or was made here for a new job."""

    op: Op
    job_id: str
    is_chosen: bool = False
    if_match: int | None = None
    body: Mapping[str, Any] | None = None

    @property
    def key(self) -> Key:
        return key_of(Job, self.job_id)


@dataclass(frozen=True)
class Verdict:
    """What an item comes to: its writes, and what is said of it. `word` is why it was refused, if it was."""

    item: Item | None
    writes: Sequence[Write]
    said: Wire
    word: str = ""

    @property
    def keys(self) -> set[Key]:
        """What it writes, and what it was refused for, if it was: what stands before it may take that back."""
        path = (self.item.body or {}).get("webhook_path") if self.item else None
        looked_at = [self.item.key] if self.item else []
        looked_at += [path_key(path)] if isinstance(path, str) else []
        return {*looked_at, *(write.key for write in self.writes)}

    @property
    def size(self) -> int:
        return sum(len(write.item.model_dump_json()) for write in self.writes if write.item is not None)


def read_items(body: Mapping[str, Any]) -> list[Any]:
    """Raises `Problem` for what is wrong with the whole."""
    items = body.get("jobs")
    errors = [
        FieldError(field=name, problem="is not known; known is jobs") for name in body.keys() - {"jobs"}
    ]
    if not isinstance(items, list):
        errors.append(FieldError(field="jobs", problem="must be a list of jobs"))
    elif not 1 <= len(items) <= MOST_ITEMS:
        errors.append(FieldError(field="jobs", problem=f"must have 1 to {MOST_ITEMS:,} entries"))
    if errors:
        raise invalid(errors)
    assert isinstance(items, list)
    return items


def judge(jobs: Jobs, given: Any, number: int, path: str, new_id: Callable[[object], str]) -> Verdict:
    """One item over the catalog as it is."""
    item = None
    try:
        item = _read(given, new_id)
        is_new = jobs.catalog.find(Job, item.job_id) is None or _is_deleted(jobs, item)
        writes = _writes(jobs, item)
    except (Problem, InvalidInput) as error:
        problem = problem_of(error)
        document = document_of(problem, f"{path}#/jobs/{number}")
        said = {"op": _op_of(given), "id": _id_of(item), "status": document["status"], "problem": document}
        return Verdict(item, (), said, problem.word)
    return Verdict(
        item, writes, {"op": item.op, "id": item.job_id, "status": _status(item, is_new), "problem": None}
    )


def _writes(jobs: Jobs, item: Item) -> list[Write]:
    match item.op:
        case "create":
            if item.is_chosen and jobs.catalog.is_taken(item.key):
                raise id_taken(item.job_id)
            return jobs.replace(item.job_id, item.body or {})
        case "replace":
            there = item.if_match is not None
            return jobs.replace(item.job_id, item.body or {}, Conditions(item.if_match, there))
        case "delete":
            return jobs.matching(item.if_match).delete(item.job_id)
        case _:
            assert_never(item.op)


def _read(given: Any, new_id: Callable[[object], str]) -> Item:
    """A job as it is, to be made; or `op` with what it is to be done to. Raises `Problem`."""
    if not isinstance(given, dict):
        raise invalid([FieldError(field="body", problem="must be a JSON object")])
    if not given.keys() & {"op", "job"}:
        return Item("create", new_id(given.get("name")), body=given)
    op, body, job_id = given.get("op", "create"), given.get("job"), given.get("job_id")
    if errors := list(_wrong(given, op, body, job_id)):
        raise invalid(errors)
    chosen = read_slug(job_id) if job_id is not None else new_id((body or {}).get("name"))
    return Item(op, chosen, job_id is not None, _if_match(given.get("if_match")), body)


def _wrong(given: Mapping[str, Any], op: object, body: object, job_id: object) -> list[FieldError]:
    known = ", ".join(sorted(_FIELDS))
    errors = [
        FieldError(field=name, problem=f"is not known; known are {known}")
        for name in sorted(given.keys() - _FIELDS)
    ]
    if op not in OPS:
        errors.append(FieldError(field="op", problem=f"must be one of {', '.join(OPS)}"))
    if not isinstance(job_id, str | None):
        errors.append(FieldError(field="job_id", problem="must be text"))
    elif job_id is None and op in ("replace", "delete"):
        errors.append(FieldError(field="job_id", problem=f"is missing: {op} which?"))
    if op == "delete" and body is not None:
        errors.append(FieldError(field="job", problem="is not read where a job is deleted: leave it out"))
    if op in ("create", "replace") and not isinstance(body, dict):
        errors.append(FieldError(field="job", problem="must be a JSON object"))
    if op == "create" and given.get("if_match") is not None:
        errors.append(FieldError(field="if_match", problem="cannot stand where a job is made"))
    return errors


def _if_match(given: object) -> int | None:
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(given)
    if not isinstance(given, str | None):
        raise invalid([FieldError(field="if_match", problem="must be the ETag of an answer, or a revision")])
    return read_if_match(given)


def _is_deleted(jobs: Jobs, item: Item) -> bool:
    job = jobs.catalog.find(Job, item.job_id)
    return job is not None and job.deleted_at is not None


def _status(item: Item, is_new: bool) -> int:
    return 204 if item.op == "delete" else 201 if is_new else 200


def _op_of(given: Any) -> str | None:
    op = given.get("op", "create") if isinstance(given, dict) else None
    return op if op in OPS else None


def _id_of(item: Item | None) -> str | None:
    """Of a job that was not made there is none, unless its caller has chosen it."""
    return item.job_id if item is not None and (item.is_chosen or item.op != "create") else None


class Gathering:
    """The verdicts that go into one batch of the bus, in which no key stands twice."""

    def __init__(self, most: int = MOST_AT_ONCE) -> None:
        self._most, self._bytes, self._said = most, 0, 0
        self._keys = set[Key]()
        self.verdicts: list[Verdict] = []

    def takes(self, verdict: Verdict) -> bool:
        """Whether there was room for it. There always is for the first."""
        keys, size = verdict.keys, verdict.size
        said = len(json.dumps(verdict.said))
        full = (
            len(self.verdicts) >= self._most
            or self._bytes + size > MOST_BYTES_AT_ONCE
            or self._said + said > MOST_SAID
        )
        if self.verdicts and (full or not self._keys.isdisjoint(keys)):
            return False
        self.verdicts.append(verdict)
        self._keys |= keys
        self._bytes += size
        self._said += said
        return True

    @property
    def writes(self) -> list[Write]:
        return [write for verdict in self.verdicts for write in verdict.writes]

    @property
    def answers(self) -> list[Wire]:
        return [verdict.said for verdict in self.verdicts]

    @property
    def doubtful(self) -> list[Key]:
        """What was refused because of how things are: a newer revision may take it back."""
        return [v.item.key for v in self.verdicts if v.item is not None and v.word in PERHAPS_OLD]
