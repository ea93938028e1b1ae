"""Who holds a webhook path. One path leads to one job, whichever gateway is asked."""

from pydantic import Field

from lamplighter_contracts.fields import Instant, Model, Slug
from lamplighter_contracts.jobs import WebhookPath


class GivenSecret(Model):
    """A signing secret that the producer chose, such as Stripe's or Slack's. Sealed as an environment's secrets are."""

    sealed: str
    given_at: Instant
    until: Instant | None = None
    """When it is refused, where another one takes its place."""


class WebhookReservation(Model):
    """Kept at `webhooks.<subject_token(path)>`, written in one batch with the job that holds the path."""

    path: WebhookPath
    job_id: Slug
    given: tuple[GivenSecret, ...] = Field(default=(), max_length=2)
    """Beside the derived ones, newest first. Empty: the job's own secret is the only one."""
    revision: int = 0
