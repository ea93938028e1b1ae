"""The API's document tells every field of a job, and each of its examples is right."""

from typing import Any

import pytest

from lamplighter_contracts.dialects import FIELDS
from lamplighter_contracts.flat_shape import PLACES
from lamplighter_contracts.problems import InvalidInput
from lamplighter_gateway.jobs.bodies import TIMING
from lamplighter_gateway.jobs.schema import EXAMPLES, JOB
from tests.unit.gateway.test_jobs import BODY, Bucket

SMART = {"agent_id": None, "smart": True}
WEBHOOK = {"webhook_path": "/other", "webhook_gather_seconds": 60}
REFERRING: dict[str, dict[str, Any]] = {"calendars": {}, "fallback_agent_id": SMART, "project": {}}
"""Fields that refer to something or say where to look for it, and what has to stand beside them."""


def test_every_field_is_told() -> None:
    assert JOB["properties"].keys() >= FIELDS
    assert JOB["properties"].keys() >= TIMING
    assert PLACES.keys() <= EXAMPLES.keys()


@pytest.mark.parametrize(
    ("field", "example"), [(field, example) for field, examples in EXAMPLES.items() for example in examples]
)
def test_an_example_can_be_saved(field: str, example: Any) -> None:
    if field in REFERRING:
        with pytest.raises(InvalidInput, match="does not exist"):
            Bucket().jobs().create("other", {**BODY, **REFERRING[field], field: example})
        return
    body: dict[str, Any] = {**BODY, "webhook_path": None}
    body |= {"schedule": None} if field == "schedules" else {}
    body |= WEBHOOK if field.startswith("webhook_") and field != "webhook_path" else {}
    body |= SMART if field == "capabilities" else {}
    assert Bucket().jobs().create("other", {**body, field: example})


def test_bounds_words_and_defaults_are_those_of_the_contracts() -> None:
    fields = JOB["properties"]
    assert fields["overlap"]["enum"] == ["skip", "allow", "queue_one", "queue_all", "replace"]
    assert fields["missed_limit"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 500,
        "default": 10,
        "examples": [10],
    }
    assert fields["retry_on"]["items"]["enum"][:2] == ["exit_code", "start"]
    assert fields["retry_on"]["default"] == ["unavailable"]
    assert (fields["missed"]["default"], fields["spread_seconds"]["maximum"]) == ("last", 86_400)
