"""What becomes of a job: made, changed, deleted, restored, purged. Each as the writes that do it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lamplighter_contracts.dialects import change_job, parse_job
from lamplighter_contracts.environments import DEFAULT_QUEUE, Environment
from lamplighter_contracts.jobs import Job, JobSpec, WebhookTrigger
from lamplighter_contracts.problems import FieldError, InvalidInput
from lamplighter_contracts.webhooks import WebhookReservation
from lamplighter_gateway.catalog import Catalog, Write, at_revision, key_of, path_key
from lamplighter_gateway.checks import Wanted, check, wanted_of_body, wanted_of_spec
from lamplighter_gateway.preconditions import match_revision
from lamplighter_gateway.problems import Problem, not_found

_SPELLINGS = {
    "schedule": "cron_schedule",
    "timezone": "cron_timezone",
    "prompt": "prompt_template",
    "environment": "environment_name",
    "agent_id": "entity_id",
    "team_id": "entity_id",
    "smart": "planning_mode",
}
"""A field's name in the flat shape, and in the server shape."""


@dataclass(frozen=True)
class Jobs:
    """Decides over the catalog at an instant. Raises `Problem` and `InvalidInput`, and never writes."""

    catalog: Catalog
    now: datetime
    by: str
    if_match: int | None = None

    def create(self, job_id: str, body: Mapping[str, Any]) -> list[Write]:
        spec = self._fresh_secret(self._read(body, None), None)
        job = Job(
            **_fields(spec),
            job_id=job_id,
            queue=self._queue(spec),
            created_at=self.now,
            updated_at=self.now,
            scheduled_from=self.now,
            created_by=self.by,
        )
        # Never over another one, whatever has become of it.
        return at_revision(self._writes(job, None), key_of(Job, job_id), 0)

    def change(self, job_id: str, body: Mapping[str, Any]) -> list[Write]:
        before = self._live(job_id)
        return self._replace(before, self._fresh_secret(self._read(body, before), before))

    def enable(self, job_id: str, *, enabled: bool) -> list[Write]:
        before = self._live(job_id)
        if before.enabled == enabled:
            return []
        return self._replace(before, before.model_copy(update={"enabled": enabled}))

    def rotate(self, job_id: str) -> list[Write]:
        """A new signing secret: the old one is worth nothing from now on."""
        before = self._live(job_id)
        if before.webhook is None:
            raise Problem("conflict", f"The job {job_id!r} has no webhook; give it a 'webhook_path' first.")
        return self._replace(before, self._regenerated(before, before.webhook.secret_generation))

    def delete(self, job_id: str) -> list[Write]:
        """A marker stays, with all that is needed to restore the job. Its webhook path is free at once."""
        before = self._live(job_id)
        gone = before.model_copy(update={"deleted_at": self.now, "updated_at": self.now})
        return [*self._release(before, None), self._write(gone)]

    def purge(self, job_id: str) -> list[Write]:
        """Nothing stays, not even old revisions."""
        before = self.find(job_id)
        self._match(before)
        ending = self.catalog.following(key_of(Job, job_id), None, purge=True)
        return [*self._release(before, None), ending]

    def restore(self, job_id: str) -> list[Write]:
        before = self.find(job_id)
        if before.deleted_at is None:
            return []
        self._match(before)
        if errors := check(wanted_of_spec(before), self.catalog):
            raise InvalidInput(errors)
        back = before.model_copy(
            update={"deleted_at": None, "updated_at": self.now, "scheduled_from": self.now}
        )
        return self._writes(back, None)

    def find(self, job_id: str) -> Job:
        """Also a deleted one."""
        job = self.catalog.find(Job, job_id)
        if job is None:
            raise not_found("job", job_id)
        return job

    def _live(self, job_id: str) -> Job:
        job = live_job(self.catalog, job_id)
        self._match(job)
        return job

    def _match(self, job: Job) -> None:
        match_revision(job.job_id, self.if_match, job.revision)

    def _read(self, body: Mapping[str, Any], before: Job | None) -> JobSpec:
        """The job that the body describes. Raises `InvalidInput` with everything that is wrong with it."""
        spec, errors = None, []
        try:
            spec = parse_job(body) if before is None else change_job(before, body)
            wanted = wanted_of_spec(spec)
        except InvalidInput as refused:
            errors = list(refused.errors)
            wanted = wanted_of_body(body, wanted_of_spec(before) if before else Wanted())
        named = {error.field for error in errors}
        errors += [error for error in check(wanted, self.catalog) if error.field not in named]
        if errors or spec is None:
            raise InvalidInput([_in_the_callers_words(error, body) for error in errors])
        return spec

    def _replace(self, before: Job, spec: JobSpec) -> list[Write]:
        after = before.model_copy(
            update={**_fields(spec), "queue": self._queue(spec), "updated_at": self.now}
        )
        if _scheduled_anew(before, after):
            after = after.model_copy(update={"scheduled_from": self.now})
        return self._writes(after, before)

    def _queue(self, spec: JobSpec) -> str:
        environment = self.catalog.find(Environment, spec.environment)
        return environment.queue if environment else DEFAULT_QUEUE

    def _fresh_secret(self, spec: JobSpec, before: Job | None) -> JobSpec:
        """A path that the job did not have until now gets a secret that it never had."""
        old = before.webhook if before else None
        if spec.webhook is None or (old is not None and old.path == spec.webhook.path):
            return spec
        return self._regenerated(spec, old.secret_generation if old else 0)

    def _regenerated(self, spec: JobSpec, last: int) -> JobSpec:
        # Counted in seconds, not from one: a path given up and taken again must not bring its old secret back.
        generation = max(last + 1, int(self.now.timestamp()))
        triggers = tuple(
            t.model_copy(update={"secret_generation": generation}) if isinstance(t, WebhookTrigger) else t
            for t in spec.triggers
        )
        return spec.model_copy(update={"triggers": triggers})

    def _writes(self, job: Job, before: Job | None) -> list[Write]:
        """The job last, so that what it stands on is there when its change is heard of."""
        return [
            *(self._release(before, job) if before else []),
            *self._reserve(job, before),
            self._write(job),
        ]

    def _reserve(self, job: Job, before: Job | None) -> list[Write]:
        webhook = job.webhook
        if webhook is None or (before and before.webhook and before.webhook.path == webhook.path):
            return []
        holder = self.catalog.holder(webhook.path)
        if holder is not None and holder.job_id != job.job_id:
            raise path_taken(webhook.path)
        reservation = WebhookReservation(path=webhook.path, job_id=job.job_id)
        return [self.catalog.following(path_key(webhook.path), reservation)]

    def _release(self, before: Job, after: Job | None) -> list[Write]:
        old, new = before.webhook, after.webhook if after else None
        if old is None or (new is not None and new.path == old.path):
            return []
        holder = self.catalog.holder(old.path)
        if holder is None or holder.job_id != before.job_id:
            return []
        return [self.catalog.following(path_key(old.path), None)]

    def _write(self, job: Job) -> Write:
        return self.catalog.following(key_of(Job, job.job_id), job)


def live_job(catalog: Catalog, job_id: str) -> Job:
    """Raises `Problem`; for a deleted job one that says how to have it back."""
    job = catalog.find(Job, job_id)
    if job is None:
        raise not_found("job", job_id)
    if job.deleted_at is not None:
        how = f"`POST /api/v1/jobs/{job_id}/restore` (lamp job restore {job_id}) brings it back"
        raise Problem("not-found", f"The job {job_id!r} was deleted; {how}.")
    return job


def path_taken(path: str) -> Problem:
    error = FieldError(field="webhook_path", problem=f"{path!r} belongs to another job; choose another path")
    return Problem("webhook-path-taken", f"The webhook path {path!r} belongs to another job.", errors=[error])


def _fields(spec: JobSpec) -> dict[str, Any]:
    return {name: getattr(spec, name) for name in JobSpec.model_fields}


def _scheduled_anew(before: Job, after: Job) -> bool:
    """Whether occurrences until now are none of this schedule's."""
    return (
        before.schedules != after.schedules
        or before.timezone != after.timezone
        or (after.enabled and not before.enabled)
    )


def _in_the_callers_words(error: FieldError, body: Mapping[str, Any]) -> FieldError:
    other = _SPELLINGS.get(error.field)
    if other in body and error.field not in body:
        return error.model_copy(update={"field": other})
    return error
