"""A change to the bus shows as a diff of these files, and is made on purpose."""

import json

import pytest
from pydantic import BaseModel

from tests.contract.wire_types import SCHEMAS, WIRE_TYPES, frozen, schema


@pytest.mark.parametrize("wire_type", WIRE_TYPES, ids=lambda t: t.__name__)
def test_schema_is_the_frozen_one(wire_type: type[BaseModel]) -> None:
    assert schema(wire_type) == json.loads(frozen(wire_type).read_text()), (
        f"{wire_type.__name__} changed on the wire. If that is meant and only adds optional fields, "
        "run `python -m tests.contract.wire_types`; a breaking change is a new version in the event's type."
    )


def test_nothing_is_frozen_that_no_longer_exists() -> None:
    assert {path.stem for path in SCHEMAS.glob("*.json")} == {t.__name__ for t in WIRE_TYPES}
