"""Who holds a webhook path. One path leads to one job, whichever gateway is asked."""

from lamplighter_contracts.fields import Model, Slug
from lamplighter_contracts.jobs import WebhookPath


class WebhookReservation(Model):
    """Kept at `webhooks.<subject_token(path)>`, written in one batch with the job that holds the path."""

    path: WebhookPath
    job_id: Slug
    revision: int = 0
