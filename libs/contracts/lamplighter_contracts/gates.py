"""The gate of a job: what has been decided, and what still runs."""

from pydantic import Field

from lamplighter_contracts.fields import Instant, Model, Slug


class Gate(Model):
    """Written only with compare-and-set, in the same batch as what it admits."""

    job_id: Slug
    cursor: Instant | None = None
    """The last scheduled occurrence decided. Nothing at or before it is decided again."""
    running: dict[str, Instant] = Field(default_factory=dict)
    """Executions admitted and not known to be over, with the instant they became due. Empty under `allow`."""
