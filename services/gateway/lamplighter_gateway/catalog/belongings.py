"""Which project an object of the catalog belongs to, also while it is being made or ended."""

from collections.abc import Sequence

from lamplighter_contracts.environments import SealedSecret
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.tokens import Token
from lamplighter_contracts.webhooks import WebhookReservation
from lamplighter_gateway.catalog.contents import KINDS, Catalog, Item, Key, Write
from lamplighter_gateway.catalog.views import home_of_secrets


def project_of(write: Write, together: Sequence[Write], catalog: Catalog) -> str:
    """`together` are the writes of its batch; of what ends, that is told which was there before. Empty where it
    belongs to no project, or nobody knows."""
    item = write.item or catalog.find(KINDS[write.key.kind], write.key.object_id)
    match item:
        case None | Token():
            return ""
        case SealedSecret():
            return home_of_secrets(item.environment_id, catalog)
        case WebhookReservation():
            job = _job(item.job_id, together) or catalog.find(Job, item.job_id)
            return job.project if job else ""
        case _:
            return item.project


def _job(job_id: str, writes: Sequence[Write]) -> Job | None:
    found: list[Item | None] = [write.item for write in writes if write.key == Key("jobs", job_id)]
    return found[0] if found and isinstance(found[0], Job) else None
