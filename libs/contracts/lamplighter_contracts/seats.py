"""The seats at an agent or an environment that takes only so many executions at once."""

from typing import Literal

from pydantic import Field

from lamplighter_contracts.fields import Model, Slug

SeatKind = Literal["agent", "environment"]


class Seats(Model):
    """Which executions have one. The last message on `seats.<kind>.<id>` is the state, changed by compare-and-set."""

    kind: SeatKind
    object_id: Slug
    seated: dict[str, int] = Field(default_factory=dict)
    """By execution id, since when: seconds since 1970. In this short form ten thousand fit into one message."""
