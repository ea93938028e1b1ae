"""How a job's occurrences are bounded, kept apart, caught up with and spread. Parts of a `Job`, all with a default."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from lamplighter_contracts.fields import Instant, Model, Slug

PAYLOAD_PATH = r"^payload(?:\.[A-Za-z0-9_-]+)+$"
PayloadPath = Annotated[str, StringConstraints(pattern=PAYLOAD_PATH, max_length=200)]

MOST_WAITING = 1_000
"""Occurrences of one job that may wait at a time, all lanes together: its gate is one message."""
MOST_RUNNING = 200
LONGEST_SPREAD = timedelta(hours=24)
LONGEST_CATCH_UP = timedelta(days=30)
MOST_CAUGHT_UP = 500


class Overlap(StrEnum):
    """What happens to an occurrence while as many executions of its lane run as may."""

    SKIP = "skip"
    ALLOW = "allow"
    """As `skip`, but without a bound unless `max_running` gives one."""
    QUEUE_ONE = "queue_one"
    """One waits; those that come while it waits are coalesced into it."""
    QUEUE_ALL = "queue_all"
    REPLACE = "replace"
    """The oldest running one is cancelled; only the newest waits for its end."""


class Concurrency(Model):
    """Holds for schedules, webhooks and manual starts alike."""

    overlap: Overlap = Overlap.SKIP
    max_running: Annotated[int, Field(ge=1, le=MOST_RUNNING)] | None = None
    """In each lane. None is one, and as many as come under `allow`."""
    max_queued: int = Field(default=100, ge=1, le=MOST_WAITING)
    """Under `queue_all`, in each lane."""
    key: PayloadPath | None = None
    """Occurrences with the same value there share a lane; those without a value, and schedules, share one too."""

    @property
    def bound(self) -> int | None:
        if self.max_running is None and self.overlap is Overlap.ALLOW:
            return None
        return self.max_running or 1


class MissedPolicy(StrEnum):
    """What happens to occurrences that came due while nobody could decide them."""

    NONE = "none"
    LAST = "last"
    ALL = "all"


class Missed(Model):
    policy: MissedPolicy = MissedPolicy.LAST
    limit: int = Field(default=10, ge=1, le=MOST_CAUGHT_UP)
    """Under `all`: the latest so many."""
    window_seconds: Annotated[int, Field(ge=1, le=int(LONGEST_CATCH_UP.total_seconds()))] | None = None
    """How late an occurrence may still fire. None is one period, and at most a minute under `none`, an hour under
    `last`; a day, whatever the period, under `all`."""
    every_seconds: int = Field(default=60, ge=1, le=86_400)
    """Under `all`: the time between two starts."""


class Window(Model):
    """When a schedule begins and ends. Outside of it there are no occurrences."""

    starts_at: Instant | None = None
    ends_at: Instant | None = None
    max_runs: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    """How often it fires at most, counted from when its schedule was made or changed."""


class Exclusions(Model):
    """Which occurrences of a schedule do not fire. They are recorded all the same."""

    dates: tuple[Annotated[str, StringConstraints(max_length=40)], ...] = Field(default=(), max_length=200)
    """Local days, such as `2026-12-25` or `2026-12-24..2027-01-01`."""
    blackouts: tuple[Annotated[str, StringConstraints(max_length=80)], ...] = Field(default=(), max_length=50)
    """Weekly windows of local time, such as `fri 18:00 - mon 06:00`."""
    calendars: tuple[Slug, ...] = Field(default=(), max_length=16)


class Spread(Model):
    """How far after its nominal instant an occurrence takes effect."""

    spread_seconds: int = Field(default=0, ge=0, le=int(LONGEST_SPREAD.total_seconds()))
    """A window in which each job has its own place, always the same."""
    jitter_seconds: int = Field(default=0, ge=0, le=int(LONGEST_SPREAD.total_seconds()))
    """A window in which each occurrence has its own place."""

    @property
    def is_none(self) -> bool:
        return not (self.spread_seconds or self.jitter_seconds)


class Pause(Model):
    """When a job does not run by its triggers: from `paused_at` until `until`, or until somebody resumes it."""

    paused_at: Instant
    until: Instant | None = None
    resumed_at: Instant | None = None
    note: Annotated[str, StringConstraints(max_length=1_000)] = ""
    paused_by: str = ""

    @property
    def ends_at(self) -> Instant | None:
        ends = [end for end in (self.until, self.resumed_at) if end is not None]
        return min(ends, default=None)

    def covers(self, instant: Instant) -> bool:
        return self.paused_at <= instant and (self.ends_at is None or instant < self.ends_at)
