"""What tells of itself who did it: a change of the catalog, and a start of a job by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from lamplighter_contracts.envelope import (
    ADDRESS_HEADER,
    AUTHOR_HEADER,
    AUTHOR_NAME_HEADER,
    AUTHOR_ROLE_HEADER,
    ID_HEADER,
    OPERATION_HEADER,
    PROJECT_HEADER,
)
from lamplighter_contracts.subjects import CATALOG_PREFIX

Operation = Literal["put", "delete", "purge"]

_OPERATIONS: dict[str, Operation] = {"DEL": "delete", "PURGE": "purge"}

_EXPECTED = "Nats-Expected-Last-Subject-Sequence"
"""Kept with the message by the server: 0 where the writer knew of nothing before."""


@dataclass(frozen=True, slots=True)
class Author:
    """Empty in what the message did not say."""

    actor: str
    name: str
    role: str
    address: str
    project: str
    """Of what it was done to."""


@dataclass(frozen=True, slots=True)
class CatalogChange:
    kind: str
    object_id: str
    operation: Operation
    author: Author
    body: bytes
    first: bool
    """Whether nothing had been there before."""


@dataclass(frozen=True, slots=True)
class JobStart:
    job_id: str
    execution_id: str
    author: Author


def catalog_change(subject: str, headers: Mapping[str, str], body: bytes) -> CatalogChange:
    kind, _, object_id = subject.removeprefix(CATALOG_PREFIX).partition(".")
    operation = _OPERATIONS.get(headers.get(OPERATION_HEADER, ""), "put")
    return CatalogChange(
        kind, object_id, operation, _author(headers), body, first=headers.get(_EXPECTED) == "0"
    )


def job_start(subject: str, headers: Mapping[str, str]) -> JobStart | None:
    """None for one that nobody made by hand: a delivery has a record of its own."""
    if AUTHOR_HEADER not in headers:
        return None
    return JobStart(subject.split(".")[2], headers.get(ID_HEADER, ""), _author(headers))


def _author(headers: Mapping[str, str]) -> Author:
    return Author(
        actor=headers.get(AUTHOR_HEADER, ""),
        name=unquote(headers.get(AUTHOR_NAME_HEADER, "")),
        role=headers.get(AUTHOR_ROLE_HEADER, ""),
        address=headers.get(ADDRESS_HEADER, ""),
        project=headers.get(PROJECT_HEADER, ""),
    )
