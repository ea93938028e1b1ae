"""A change of the catalog, as the bucket's stream tells it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lamplighter_contracts.envelope import AUTHOR_HEADER, OPERATION_HEADER
from lamplighter_contracts.subjects import CATALOG_PREFIX

Operation = Literal["put", "delete", "purge"]

_OPERATIONS: dict[str, Operation] = {"DEL": "delete", "PURGE": "purge"}


@dataclass(frozen=True, slots=True)
class CatalogChange:
    kind: str
    object_id: str
    operation: Operation
    author: str
    """Empty where the write did not say."""
    body: bytes


def catalog_change(subject: str, headers: Mapping[str, str], body: bytes) -> CatalogChange:
    kind, _, object_id = subject.removeprefix(CATALOG_PREFIX).partition(".")
    operation = _OPERATIONS.get(headers.get(OPERATION_HEADER, ""), "put")
    return CatalogChange(kind, object_id, operation, headers.get(AUTHOR_HEADER, ""), body)
