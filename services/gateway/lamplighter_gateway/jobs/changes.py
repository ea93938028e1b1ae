"""What becomes of a job: made, changed, deleted, restored, purged. Each as the writes that do it."""

import dataclasses
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lamplighter_contracts.dialects import change_job, replace_job
from lamplighter_contracts.fields import is_slug
from lamplighter_contracts.jobs import Job, JobSpec, WebhookTrigger
from lamplighter_contracts.problems import FieldError, InvalidInput
from lamplighter_contracts.timing import Window
from lamplighter_contracts.webhooks import WebhookReservation
from lamplighter_gateway.catalog.contents import Catalog, Write, at_revision, key_of, path_key
from lamplighter_gateway.jobs.bodies import Change, check_again, read_job
from lamplighter_gateway.jobs.pauses import PauseRequest, paused, read_pause, resumed
from lamplighter_gateway.jobs.places import placed
from lamplighter_gateway.jobs.surroundings import times_of
from lamplighter_gateway.jobs.webhook_paths import with_path
from lamplighter_gateway.web.preconditions import ANY, Conditions, match_revision
from lamplighter_gateway.web.problems import Problem, not_found

_NONE_KEPT: Mapping[str, Any] = {"previous_generation": None, "previous_until": None}


@dataclass(frozen=True)
class Jobs:
    """Decides over the catalog at an instant. Raises `Problem` and `InvalidInput`, and never writes."""

    catalog: Catalog
    now: datetime
    by: str
    if_match: int | None = None
    entropy: Callable[[int], bytes] = secrets.token_bytes

    def create(self, job_id: str, body: Mapping[str, Any]) -> list[Write]:
        # Never over another one, whatever has become of it.
        return self._created(job_id, body, 0)

    def replace(self, job_id: str, body: Mapping[str, Any], conditions: Conditions = ANY) -> list[Write]:
        """In place of what there is, or as the first of its id, also after one that was deleted. What is not said has
        its default."""
        key = key_of(Job, job_id)
        before = self.catalog.find(Job, job_id)
        if before is None and self.catalog.is_taken(key):
            raise id_taken(job_id)
        live = before if before is not None and before.deleted_at is None else None
        conditions.check(job_id, live.revision if live else 0)
        if live is None:
            return self._created(read_slug(job_id), body, self.catalog.revision(key))
        spec = self._fresh_secret(self._read(body, live, replace_job), live)
        after = self._scheduled(live, live.model_copy(update=_fields(spec)))
        after = resumed(after, self.now) if spec.enabled else self._paused(after, PauseRequest())
        after = after.model_copy(update={"enabled": not after.paused_at(self.now)})
        return self._put(live, placed(after, self.catalog))

    def _created(self, job_id: str, body: Mapping[str, Any], follows: int) -> list[Write]:
        spec = self._fresh_secret(self._read(body, None), None)
        job = Job(
            **(_fields(spec) | {"enabled": True}),
            job_id=job_id,
            created_at=self.now,
            updated_at=self.now,
            scheduled_from=self.now,
            created_by=self.by,
        )
        if self.catalog.home_of(key_of(Job, job_id)) not in ("", job.project):
            # What it was known by before is that project's past, which is found by the id.
            raise id_taken(job_id)
        job = placed(job, self.catalog)
        if not spec.enabled:
            job = self._paused(job, PauseRequest())
        return at_revision(self._writes(job, None), key_of(Job, job_id), follows)

    def change(self, job_id: str, body: Mapping[str, Any]) -> list[Write]:
        before = self._live(job_id)
        spec = self._fresh_secret(self._read(body, before), before)
        after = self._scheduled(before, before.model_copy(update=_fields(spec)))
        if "enabled" in body:
            after = resumed(after, self.now) if spec.enabled else self._paused(after, PauseRequest())
        # A pause that has ended by itself left no trace there.
        return self._replace(before, after.model_copy(update={"enabled": not after.paused_at(self.now)}))

    def pause(self, job_id: str, body: Mapping[str, Any]) -> list[Write]:
        """Until it is resumed, or until then; what runs goes on."""
        before = self._live(job_id)
        return self._put(before, self._paused(before, read_pause(body, self.now)))

    def resume(self, job_id: str) -> list[Write]:
        before = self._live(job_id)
        return self._put(before, resumed(before, self.now))

    def rotate(self, job_id: str, keep_old: timedelta = timedelta()) -> list[Write]:
        """A new signing secret. The one before is good for `keep_old` yet, and what was before that no more."""
        before = self._live(job_id)
        last = webhook_of(before).secret_generation
        kept = {"previous_generation": last, "previous_until": self.now + keep_old} if keep_old else {}
        spec = self._regenerated(before, last, kept)
        return self._replace(before, before.model_copy(update=_fields(spec)))

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
        back = placed(before, self.catalog)
        check_again(back, self.catalog, self.now)
        back = back.model_copy(
            update={"deleted_at": None, "updated_at": self.now, "scheduled_from": self.now}
        )
        return self._writes(back, None)

    def find(self, job_id: str) -> Job:
        """Also a deleted one."""
        job = self.catalog.find(Job, job_id)
        if job is None:
            raise not_found("job", job_id)
        return job

    def matching(self, if_match: int | None) -> "Jobs":
        """What is decided of a job at that revision, and at no other."""
        return dataclasses.replace(self, if_match=if_match)

    def _live(self, job_id: str) -> Job:
        job = live_job(self.catalog, job_id)
        self._match(job)
        return job

    def _match(self, job: Job) -> None:
        match_revision(job.job_id, self.if_match, job.revision)

    def _paused(self, job: Job, request: PauseRequest) -> Job:
        return paused(job, request, times_of(job, self.catalog), self.now, self.by)

    def _put(self, before: Job, after: Job) -> list[Write]:
        return [] if after == before else self._replace(before, after)

    def _replace(self, before: Job, after: Job) -> list[Write]:
        return self._writes(placed(after, self.catalog).model_copy(update={"updated_at": self.now}), before)

    def _scheduled(self, before: Job, after: Job) -> Job:
        anew = _scheduled_anew(before, after, self.now)
        return after.model_copy(update={"scheduled_from": self.now}) if anew else after

    def _fresh_secret(self, spec: JobSpec, before: Job | None) -> JobSpec:
        """A path that the job did not have until now gets a secret that it never had."""
        old = before.webhook if before else None
        if spec.webhook is None or (old is not None and old.path == spec.webhook.path):
            return spec
        return self._regenerated(spec, old.secret_generation if old else 0)

    def _regenerated(self, spec: JobSpec, last: int, kept: Mapping[str, Any] | None = None) -> JobSpec:
        # Counted in seconds, not from one: a path given up and taken again must not bring its old secret back.
        generation = max(last + 1, int(self.now.timestamp()))
        fresh = {"secret_generation": generation, **(kept or _NONE_KEPT)}
        triggers = tuple(
            t.model_copy(update=fresh) if isinstance(t, WebhookTrigger) else t for t in spec.triggers
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
        # A producer's own secret goes with the job to its new path.
        moved = self.catalog.holder(before.webhook.path) if before and before.webhook else None
        given = moved.given if moved and moved.job_id == job.job_id else ()
        reservation = WebhookReservation(path=webhook.path, job_id=job.job_id, given=given)
        return [self.catalog.following(path_key(webhook.path), reservation)]

    def _release(self, before: Job, after: Job | None) -> list[Write]:
        old, new = before.webhook, after.webhook if after else None
        if old is None or (new is not None and new.path == old.path):
            return []
        holder = self.catalog.holder(old.path)
        if holder is None or holder.job_id != before.job_id:
            return []
        return [self.catalog.following(path_key(old.path), None)]

    def _read(self, body: Mapping[str, Any], before: Job | None, change: Change = change_job) -> JobSpec:
        told = with_path(body, before, self.entropy)
        return read_job(told, before, self.catalog, self.now, change)

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


def webhook_of(job: Job) -> WebhookTrigger:
    """Raises `Problem`."""
    if job.webhook is None:
        raise Problem("conflict", f"The job {job.job_id!r} has no webhook; give it a 'webhook_path' first.")
    return job.webhook


def read_slug(job_id: str) -> str:
    """Raises `InvalidInput`."""
    if is_slug(job_id):
        return job_id
    problem = "must be small letters, digits and inner hyphens, at most 64, such as 'nightly-report'"
    raise InvalidInput([FieldError(field="id", problem=problem)])


def id_taken(job_id: str) -> Problem:
    error = FieldError(field="id", problem="is taken; choose another id")
    return Problem("conflict", f"The id {job_id!r} is taken.", errors=[error])


def path_taken(path: str) -> Problem:
    error = FieldError(field="webhook_path", problem=f"{path!r} belongs to another job; choose another path")
    return Problem("webhook-path-taken", f"The webhook path {path!r} belongs to another job.", errors=[error])


def _fields(spec: JobSpec) -> dict[str, Any]:
    return {name: getattr(spec, name) for name in JobSpec.model_fields}


def _scheduled_anew(before: Job, after: Job, now: datetime) -> bool:
    """Whether occurrences until now are none of this schedule's."""
    return (
        before.schedules != after.schedules
        or before.timezone != after.timezone
        or before.window.starts_at != after.window.starts_at
        or (_is_over(before.window, now) and not _is_over(after.window, now))
    )


def _is_over(window: Window, now: datetime) -> bool:
    return window.ends_at is not None and window.ends_at <= now
