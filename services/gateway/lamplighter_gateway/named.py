"""What becomes of the things that people name: agents, teams, calendars, environments, policies. They differ in their
`Sort`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from lamplighter_contracts.agents import Agent, Team
from lamplighter_contracts.calendars import Calendar
from lamplighter_contracts.environments import Environment
from lamplighter_contracts.fields import Slug
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.policies import Policy
from lamplighter_contracts.problems import FieldError, InvalidInput, from_validation
from lamplighter_gateway.catalog import Catalog, Key, Write, key_of
from lamplighter_gateway.preconditions import match_revision
from lamplighter_gateway.problems import Problem, not_found
from lamplighter_gateway.strays import unknown

Thing = Agent | Team | Calendar | Environment | Policy
Fields = dict[str, Any]
M = TypeVar("M", bound=BaseModel)

_NAMED_IN_FULL = 3
_SLUG: TypeAdapter[str] = TypeAdapter(Slug)


def _none(thing: Thing, catalog: Catalog, now: datetime) -> list[Write]:
    return []


@dataclass(frozen=True)
class Sort:
    """What sets one kind of thing apart.

    `read` gives the fields that a body asks for, laid over the thing there was; it raises `InvalidInput` with
    everything that is wrong. `users` says who stands in the way of an end. `implied` is there without a word about
    it, and never ends. `consequences` are the writes that follow from a thing's next revision.
    """

    word: str
    item: type[Thing]
    read: Callable[[Mapping[str, Any], Thing | None, Catalog], Fields]
    users: Callable[[Catalog, str], list[str]]
    implied: Thing | None = None
    consequences: Callable[[Thing, Catalog, datetime], list[Write]] = _none
    plural: str = ""
    """Where the word does not just take an s."""

    @property
    def path(self) -> str:
        return f"/api/v1/{self.plural or f'{self.word}s'}"

    @property
    def id_field(self) -> str:
        return f"{self.word}_id"

    def key(self, name: str) -> Key:
        return key_of(self.item, name)

    def name_of(self, thing: Thing) -> str:
        return str(getattr(thing, self.id_field))


@dataclass(frozen=True)
class Named:
    """Decides over the catalog at an instant. Raises `Problem` and `InvalidInput`, and never writes."""

    sort: Sort
    catalog: Catalog
    now: datetime
    if_match: int | None = None

    def create(self, name: str, body: Mapping[str, Any]) -> list[Write]:
        fields = self.sort.read(body, None, self.catalog)
        if self._known(name) is not None:
            raise self._exists(name)
        times = {"created_at": self.now, "updated_at": self.now}
        return self._writes(
            name, self.sort.item.model_validate({**fields, self.sort.id_field: name, **times})
        )

    def change(self, name: str, body: Mapping[str, Any]) -> list[Write]:
        before = self._matching(name)
        fields = self.sort.read(body, before, self.catalog)
        times = {"updated_at": self.now} | ({} if before.revision else {"created_at": self.now})
        return self._writes(name, before.model_copy(update={**fields, **times}))

    def delete(self, name: str) -> list[Write]:
        self._matching(name)
        if self._is_implied(name):
            detail = f"The {self.sort.word} {name!r} is always there: it can be changed, not deleted."
            raise Problem("conflict", detail)
        if users := self.sort.users(self.catalog, name):
            raise self._in_use(name, users)
        return [self.catalog.following(self.sort.key(name), None)]

    def find(self, name: str) -> Thing:
        found = self._known(name)
        if found is None:
            raise not_found(self.sort.word, name)
        return found

    def all(self) -> list[Thing]:
        """By id."""
        found: list[Thing] = [*self.catalog.all(self.sort.item)]
        implied = self.sort.implied
        if implied is not None and self.catalog.find(self.sort.item, self.sort.name_of(implied)) is None:
            found.append(implied)
        return sorted(found, key=self.sort.name_of)

    def _known(self, name: str) -> Thing | None:
        found: Thing | None = self.catalog.find(self.sort.item, name)
        return found or (self.sort.implied if self._is_implied(name) else None)

    def _is_implied(self, name: str) -> bool:
        return self.sort.implied is not None and self.sort.name_of(self.sort.implied) == name

    def _matching(self, name: str) -> Thing:
        found = self.find(name)
        match_revision(name, self.if_match, found.revision)
        return found

    def _writes(self, name: str, thing: Thing) -> list[Write]:
        return [
            self.catalog.following(self.sort.key(name), thing),
            *self.sort.consequences(thing, self.catalog, self.now),
        ]

    def _exists(self, name: str) -> Problem:
        word = self.sort.word
        error = FieldError(field="id", problem=f"{name!r} is taken by another {word}; choose another id")
        return Problem("conflict", f"There is already {_a(word)} {name!r}.", errors=[error])

    def _in_use(self, name: str, users: list[str]) -> Problem:
        more = len(users) - _NAMED_IN_FULL
        named = ", ".join(users[:_NAMED_IN_FULL]) + (f" and {more} more" if more > 0 else "")
        return Problem("conflict", f"The {self.sort.word} {name!r} is used by {named}: change those first.")


def chosen_id(body: Mapping[str, Any], field: str, made: str) -> str:
    """The id that the body asks for, in `id` or `field`, else `made`. Raises `InvalidInput` for one that is no slug."""
    name = "id" if body.get("id") is not None else field
    given = body.get(name)
    if given is None:
        return made
    try:
        return _SLUG.validate_python(given)
    except ValidationError as invalid:
        problems = [FieldError(field=name, problem=e.problem) for e in from_validation(invalid)]
        raise InvalidInput(problems) from invalid


def strangers(body: Mapping[str, Any], known: set[str], answered: frozenset[str]) -> list[FieldError]:
    """The fields of a body that mean nothing. Those of an answer are passed over: a client may send it all back."""
    return [
        unknown(name, name, known)
        for name, value in body.items()
        if value is not None and name not in known | answered | {"id"}
    ]


def validated(
    model: type[M],
    values: Mapping[str, Any],
    errors: list[FieldError],
    names: Mapping[str, str] | None = None,
) -> M | None:
    """None where the values are wrong: what is wrong goes to `errors`, in the caller's `names` of the fields."""
    try:
        return model.model_validate(values)
    except ValidationError as invalid:
        errors += from_validation(invalid, names)
        return None


def jobs_that_live(catalog: Catalog) -> list[Job]:
    return [job for job in catalog.all(Job) if job.deleted_at is None]


def _a(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"
