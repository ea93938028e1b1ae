"""The catalog as this gateway knows it: the newest revision of each object, in memory."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from lamplighter_contracts.agents import Agent, Team
from lamplighter_contracts.calendars import Calendar
from lamplighter_contracts.environments import Environment, SealedSecret
from lamplighter_contracts.ids import subject_token
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.policies import Policy
from lamplighter_contracts.tokens import Token
from lamplighter_contracts.webhooks import WebhookReservation

Item = Job | Agent | Team | Environment | SealedSecret | Calendar | Policy | Token | WebhookReservation

KINDS: dict[str, type[Item]] = {
    "jobs": Job,
    "agents": Agent,
    "teams": Team,
    "environments": Environment,
    "secrets": SealedSecret,
    "calendars": Calendar,
    "policies": Policy,
    "tokens": Token,
    "webhooks": WebhookReservation,
}
_NAMES: dict[type[Any], str] = {model: kind for kind, model in KINDS.items()}

T = TypeVar("T", bound=Item)


@dataclass(frozen=True, slots=True)
class Key:
    """The name of an object in the catalog, such as `jobs.daily-report-7f3a`."""

    kind: str
    object_id: str


@dataclass(frozen=True, slots=True)
class Write:
    """One object's next revision, or (None) its end. `expected` is the revision it follows, 0 for none ever.

    `purge` ends all its old revisions with it.
    """

    key: Key
    item: Item | None
    expected: int
    purge: bool = False


@dataclass(frozen=True, slots=True)
class _Known:
    revision: int
    item: Item | None


class Catalog:
    """What has been read, and this gateway's own writes. An older revision never replaces a newer one."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, _Known]] = {kind: {} for kind in KINDS}

    def learn(self, key: Key, revision: int, item: Item | None) -> None:
        known = self._known[key.kind]
        if revision > self.revision(key):
            stamped = item.model_copy(update={"revision": revision}) if item is not None else None
            known[key.object_id] = _Known(revision, stamped)

    def revision(self, key: Key) -> int:
        """What the next write has to follow: the revision of the object or of the marker of its end, else 0."""
        known = self._known[key.kind].get(key.object_id)
        return known.revision if known else 0

    def find(self, model: type[T], object_id: str) -> T | None:
        known = self._known[_NAMES[model]].get(object_id)
        if known is None or known.item is None:
            return None
        assert isinstance(known.item, model)
        return known.item

    def all(self, model: type[T]) -> list[T]:
        found = [known.item for known in self._known[_NAMES[model]].values()]
        return [item for item in found if isinstance(item, model)]

    def holder(self, path: str) -> WebhookReservation | None:
        """Who has this webhook path."""
        return self.find(WebhookReservation, subject_token(path))

    def following(self, key: Key, item: Item | None, *, purge: bool = False) -> Write:
        """The write of `item` after what is known now."""
        return Write(key, item, self.revision(key), purge)


def key_of(model: type[Item], object_id: str) -> Key:
    return Key(_NAMES[model], object_id)


def secret_key(environment_id: str, name: str) -> Key:
    return Key("secrets", f"{environment_id}.{name}")


def path_key(path: str) -> Key:
    return Key("webhooks", subject_token(path))


def at_revision(writes: Iterable[Write], key: Key, revision: int) -> list[Write]:
    """The writes, of which the one of `key` follows `revision` and no other."""
    return [replace(write, expected=revision) if write.key == key else write for write in writes]
