"""The kinds of value that catalog models, events and queries are made of."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, PlainSerializer, StringConstraints


class Model(BaseModel):
    """A frozen wire type. Unknown fields are ignored, so that old and new services run side by side."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def _to_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("is beyond the years that a calendar has") from None


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
EnvName = Annotated[str, StringConstraints(pattern=ENV_NAME, max_length=128)]

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Description = Annotated[str, StringConstraints(max_length=4_000)]
Prompt = Annotated[str, StringConstraints(min_length=1, max_length=65_536, pattern=r"\S")]
