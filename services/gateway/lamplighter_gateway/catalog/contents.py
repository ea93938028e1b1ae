"""The catalog as this gateway knows it: the newest revision of each object, in memory."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from lamplighter_contracts.agents import Agent, Team
from lamplighter_contracts.calendars import Calendar
from lamplighter_contracts.environments import Environment, SealedSecret
from lamplighter_contracts.ids import subject_token
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.policies import Policy
from lamplighter_contracts.projects import DEFAULT_PROJECT, EVERY_PROJECT
from lamplighter_contracts.tokens import Token
from lamplighter_contracts.webhooks import WebhookReservation
from lamplighter_gateway.catalog.orders import KeyOf, Order, Place

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
Owned = Job | Agent | Team | Environment | Calendar | Policy
"""What belongs to a project by its own word. A secret follows its environment, a webhook's path its job."""

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
    home: str = ""
    """The project that it belongs to, or belonged to before it ended."""


class Catalog:
    """What has been read, and this gateway's own writes. An older revision never replaces a newer one."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, _Known]] = {kind: {} for kind in KINDS}
        self._orders: dict[str, dict[str, Order]] = {kind: {} for kind in KINDS}
        self._of_projects: Counter[str] = Counter()
        """How many things belong to each, or name it."""

    def learn(self, key: Key, revision: int, item: Item | None, home: str = "") -> None:
        """`item` is the catalog's own from here on, and says its revision. `home` is the project of what has ended."""
        known = self._known[key.kind]
        if revision > self.revision(key):
            if item is not None:
                # Frozen, but nobody else has it yet: a copy would take as long as the reading.
                object.__setattr__(item, "revision", revision)
            before = known.get(key.object_id)
            home = _home(item) or home or (before.home if before else "")
            known[key.object_id] = _Known(revision, item, home)
            self._of_projects.subtract(_projects_of(before.item if before else None))
            self._of_projects.update(_projects_of(item))
            for order in self._orders[key.kind].values():
                order.change(key.object_id, before.item if before else None, item)

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

    def is_taken(self, key: Key) -> bool:
        """Whether anybody has the id, in whatever project."""
        known = self._known[key.kind].get(key.object_id)
        return known is not None and known.item is not None

    def home_of(self, key: Key) -> str:
        """The project of whoever has the id, or had it last; empty where nobody knows."""
        known = self._known[key.kind].get(key.object_id)
        return known.home if known else ""

    @property
    def whole(self) -> "Catalog":
        """All of it, whoever asks: for what governs or has to be unique over all projects."""
        return self

    @property
    def projects(self) -> frozenset[str]:
        """Those in which there is anything, and that a token names."""
        named = {project for project, things in self._of_projects.items() if things}
        return frozenset(named | {DEFAULT_PROJECT}) - {EVERY_PROJECT}

    def reaches(self, project: str) -> bool:
        """Whether things of the project are seen here, should there be any."""
        return True

    def all(self, model: type[T]) -> list[T]:
        found = [known.item for known in self._known[_NAMES[model]].values()]
        return [item for item in found if isinstance(item, model)]

    def walk(
        self, model: type[T], name: str, key_of: KeyOf, after: Place | None, *, backwards: bool = False
    ) -> Iterator[T]:
        """All behind a place in the order called `name`, which is `key_of`'s. Nothing may be learnt meanwhile."""
        kind = _NAMES[model]
        known, orders = self._known[kind], self._orders[kind]
        if name not in orders:
            orders[name] = Order(key_of, ((i, one.item) for i, one in known.items() if one.item is not None))
        for object_id in orders[name].walk(after, backwards=backwards):
            item = known[object_id].item
            assert isinstance(item, model)
            yield item

    def holder(self, path: str) -> WebhookReservation | None:
        """Who has this webhook path."""
        return self.find(WebhookReservation, subject_token(path))

    def following(self, key: Key, item: Item | None, *, purge: bool = False) -> Write:
        """The write of `item` after what is known now."""
        return Write(key, item, self.revision(key), purge)


def _projects_of(item: Item | None) -> tuple[str, ...]:
    match item:
        case Job() | Agent() | Team() | Environment() | Calendar() | Policy():
            return (item.project,)
        case Token():
            return item.projects
        case _:
            return ()


def _home(item: Item | None) -> str:
    return "" if isinstance(item, Token) else next(iter(_projects_of(item)), "")


def key_of(model: type[Item], object_id: str) -> Key:
    return Key(_NAMES[model], object_id)


def secret_key(environment_id: str, name: str) -> Key:
    return Key("secrets", f"{environment_id}.{name}")


def path_key(path: str) -> Key:
    return Key("webhooks", subject_token(path))


def at_revision(writes: Iterable[Write], key: Key, revision: int) -> list[Write]:
    """The writes, of which the one of `key` follows `revision` and no other."""
    return [replace(write, expected=revision) if write.key == key else write for write in writes]
