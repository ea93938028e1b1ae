"""Secrets that a producer chose: given to a webhook, taken away, sealed anew. They come in, and never go out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field, ValidationError

from lamplighter_contracts.fields import Model
from lamplighter_contracts.problems import FieldError, InvalidInput, from_validation
from lamplighter_contracts.webhooks import GivenSecret, WebhookReservation
from lamplighter_gateway.access.tokens import token_id_of
from lamplighter_gateway.catalog.contents import Catalog, Write, path_key
from lamplighter_gateway.jobs.changes import live_job, webhook_of
from lamplighter_gateway.web.problems import Problem
from lamplighter_gateway.webhooks.keys import opened, sealed
from lamplighter_vault import CannotOpen, KeyRing

LEAST, MOST = 8, 500
"""Characters of a secret."""
LONGEST_KEEP = int(timedelta(days=30).total_seconds())


class KeepOld(Model, extra="forbid"):
    """What is asked for when a secret takes another's place."""

    keep_old_seconds: int = Field(default=0, ge=0, le=LONGEST_KEEP)
    """So long the one before is good too: 0 refuses it at once."""

    @property
    def span(self) -> timedelta:
        return timedelta(seconds=self.keep_old_seconds)


def read_given(body: Mapping[str, Any]) -> tuple[str, timedelta]:
    """The secret, and how long the one before it stays. Raises `InvalidInput`, which holds nothing of the secret."""
    value, errors = body.get("value"), list[FieldError]()
    keep = timedelta()
    try:
        keep = KeepOld.model_validate({k: v for k, v in body.items() if k != "value"}).span
    except ValidationError as wrong:
        errors += from_validation(wrong)
    if problem := _problem(value):
        errors.append(FieldError(field="value", problem=problem))
    if errors:
        raise InvalidInput(errors)
    assert isinstance(value, str)
    return value, keep


def _problem(value: object) -> str | None:
    if value is None:
        return "is missing: give the secret that the producer signs with"
    if not isinstance(value, str):
        return "must be text"
    if not LEAST <= len(value) <= MOST:
        return f"must have {LEAST} to {MOST} characters"
    if not (value.isascii() and value.isprintable()) or value != value.strip():
        return "must be printable ASCII without blanks around it"
    if token_id_of(value) is not None:
        return "is an API token: those are good at every webhook already, for who is an operator"
    return None


@dataclass(frozen=True)
class Given:
    """Decides over the catalog at an instant. Raises `Problem`, and never writes."""

    catalog: Catalog
    ring: KeyRing
    now: datetime

    def put(self, job_id: str, value: str, keep_old: timedelta) -> list[Write]:
        """The newest first. Of those before it the last one stays, for `keep_old` or for less."""
        holder, until = self._holder(job_id), self.now + keep_old
        first = GivenSecret(sealed=sealed(self.ring, job_id, value), given_at=self.now)
        kept = [one.model_copy(update={"until": min(one.until or until, until)}) for one in holder.given[:1]]
        return [self._write(holder, (first, *(one for one in kept if one.until and self.now < one.until)))]

    def delete(self, job_id: str) -> list[Write]:
        """All of them; the job's own secret stays."""
        holder = self._holder(job_id)
        if not holder.given:
            raise Problem("not-found", f"The webhook of the job {job_id!r} has been given no secret.")
        return [self._write(holder, ())]

    def reseal(self, most: int) -> list[Write]:
        """Those that another key than the first one sealed, with that; of `most` webhooks at a time."""
        holders = [one for one in self.catalog.all(WebhookReservation) if any(map(self._is_stale, one.given))]
        return [self._write(holder, tuple(self._resealed(holder))) for holder in holders[:most]]

    def _holder(self, job_id: str) -> WebhookReservation:
        webhook = webhook_of(live_job(self.catalog, job_id))
        holder = self.catalog.holder(webhook.path)
        if holder is None or holder.job_id != job_id:
            raise Problem("conflict", f"The path {webhook.path!r} is not the job's any more; try again.")
        return holder

    def _is_stale(self, secret: GivenSecret) -> bool:
        try:
            return self.ring.is_stale(secret.sealed)
        except CannotOpen as cannot:
            raise Problem("conflict", str(cannot)) from cannot

    def _resealed(self, holder: WebhookReservation) -> Iterator[GivenSecret]:
        for secret in holder.given:
            value = opened(self.ring, holder.job_id, secret)
            if not value:
                detail = f"A secret given to the webhook of {holder.job_id!r} cannot be opened: give it anew."
                raise Problem("conflict", detail)
            yield secret.model_copy(update={"sealed": sealed(self.ring, holder.job_id, value)})

    def _write(self, holder: WebhookReservation, given: tuple[GivenSecret, ...]) -> Write:
        # With all its old revisions: what was taken away is nowhere any more.
        after = holder.model_copy(update={"given": given})
        return self.catalog.following(path_key(holder.path), after, purge=True)
