"""The kinds of value that catalog models, events and queries are made of."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, PlainSerializer, StringConstraints
from pydantic_core import PydanticCustomError


class Model(BaseModel):
    """A frozen wire type. Unknown fields are ignored, so that old and new services run side by side."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def _to_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("is beyond the years that a calendar has") from None


WRONG_FIELD = "wrong_field"


def wrong_field(field: str, problem: str) -> PydanticCustomError:
    """What a validator of a whole model raises, so that the problem is told of the field that has to change."""
    return PydanticCustomError(WRONG_FIELD, "{problem}", {"field": field, "problem": problem})


def is_slug(text: str) -> bool:
    return re.fullmatch(SLUG, text) is not None and not text.endswith("\n")


def rfc3339(value: datetime) -> str:
    """An aware time as RFC 3339 in UTC, with milliseconds only where there are any."""
    spec = "milliseconds" if value.microsecond else "seconds"
    return value.astimezone(UTC).isoformat(timespec=spec).replace("+00:00", "Z")


Instant = Annotated[AwareDatetime, AfterValidator(_to_utc), PlainSerializer(rfc3339, when_used="json")]
"""A point in time: always aware, held in UTC, written as RFC 3339 to the millisecond."""

SLUG = r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$"
Slug = Annotated[str, StringConstraints(pattern=SLUG)]
"""A name that people choose and that fits a NATS subject and a URL: small letters, digits, inner hyphens."""


ENV_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
LONGEST_NAME = 128
EnvName = Annotated[str, StringConstraints(pattern=ENV_NAME, max_length=LONGEST_NAME)]


def is_name(text: str) -> bool:
    """Whether it can be the name of a variable or a secret."""
    return len(text) <= LONGEST_NAME and re.fullmatch(ENV_NAME, text) is not None and not text.endswith("\n")


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Description = Annotated[str, StringConstraints(max_length=4_000)]
Prompt = Annotated[str, StringConstraints(min_length=1, max_length=65_536, pattern=r"\S")]
