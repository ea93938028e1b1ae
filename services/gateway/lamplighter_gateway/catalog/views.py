"""The catalog as somebody sees it who reaches some projects: what is out of reach is not there."""

from collections.abc import Iterable, Iterator
from typing import TypeVar, assert_never

from lamplighter_contracts.agents import Agent, Team
from lamplighter_contracts.calendars import Calendar
from lamplighter_contracts.environments import Environment, SealedSecret
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.policies import Policy
from lamplighter_contracts.tokens import Token
from lamplighter_contracts.webhooks import WebhookReservation
from lamplighter_gateway.catalog.contents import Catalog, Item, Key
from lamplighter_gateway.catalog.orders import KeyOf, Place

T = TypeVar("T", bound=Item)


class View(Catalog):
    """Keeps nothing of its own. Revisions are the true ones, so that a write follows what is there, seen or not."""

    def __init__(self, whole: Catalog, projects: Iterable[str]) -> None:
        self._whole, self._projects = whole.whole, frozenset(projects)

    @property
    def whole(self) -> Catalog:
        return self._whole

    @property
    def projects(self) -> frozenset[str]:
        return self._projects

    def reaches(self, project: str) -> bool:
        return project in self._projects

    def learn(self, key: Key, revision: int, item: Item | None, home: str = "") -> None:
        self._whole.learn(key, revision, item, home)

    def revision(self, key: Key) -> int:
        return self._whole.revision(key)

    def is_taken(self, key: Key) -> bool:
        return self._whole.is_taken(key)

    def home_of(self, key: Key) -> str:
        return self._whole.home_of(key)

    def find(self, model: type[T], object_id: str) -> T | None:
        found = self._whole.find(model, object_id)
        return found if found is not None and self._shows(found) else None

    def all(self, model: type[T]) -> list[T]:
        return [item for item in self._whole.all(model) if self._shows(item)]

    def walk(
        self, model: type[T], name: str, key_of: KeyOf, after: Place | None, *, backwards: bool = False
    ) -> Iterator[T]:
        found = self._whole.walk(model, name, key_of, after, backwards=backwards)
        return (item for item in found if self._shows(item))

    def holder(self, path: str) -> WebhookReservation | None:
        """Paths are of the whole installation: of another project's no more is told than that it is taken."""
        return self._whole.holder(path)

    def _shows(self, item: Item) -> bool:
        match item:
            case Job() | Agent() | Team() | Environment() | Calendar() | Policy():
                return item.project in self._projects
            case SealedSecret():
                return home_of_secrets(item.environment_id, self._whole) in self._projects
            case WebhookReservation():
                return self.find(Job, item.job_id) is not None
            case Token():
                return all(project in self._projects for project in item.projects)
            case _:
                assert_never(item)


def within(catalog: Catalog, project: str) -> Catalog:
    """What a thing of the project may refer to, as far as `catalog` shows it."""
    return View(catalog, {project} if catalog.reaches(project) else ())


def home_of_secrets(environment_id: str, catalog: Catalog) -> str:
    """The project of an environment's secrets; without a word about the environment it is that of its own name."""
    environment = catalog.find(Environment, environment_id)
    return environment.project if environment else environment_id
