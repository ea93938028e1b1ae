"""What becomes of the things that people name: agents, teams, calendars, environments, policies. They differ in their
`Sort`."""

from collections.abc import Callable, Iterator, Mapping
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
from lamplighter_gateway.catalog.contents import Catalog, Key, Write, key_of
from lamplighter_gateway.catalog.homes import read_project
from lamplighter_gateway.catalog.views import within
from lamplighter_gateway.named.strays import unknown
from lamplighter_gateway.web.lists import Listing, in_order
from lamplighter_gateway.web.preconditions import ANY, Conditions, match_revision
from lamplighter_gateway.web.problems import Problem, not_found

Thing = Agent | Team | Calendar | Environment | Policy
Fields = dict[str, Any]
M = TypeVar("M", bound=BaseModel)

_NAMED_IN_FULL = 3
_SLUG: TypeAdapter[str] = TypeAdapter(Slug)


def _none(thing: Thing, catalog: Catalog, now: datetime) -> list[Write]:
    return []


def _unguarded(before: Thing | None, after: Thing | None, catalog: Catalog) -> None:
    pass


@dataclass(frozen=True)
class Sort:
    """What sets one kind of thing apart.

    `read` gives the fields that a body asks for, laid over the thing there was; it raises `InvalidInput` with
    everything that is wrong. `users` says who stands in the way of an end. Both are shown what is of the thing's own
    project, and nothing else. `implied` gives what a project has without a word about it, under the project's name, and
    which never ends. `guard` refuses whoever may not do this to such a thing, which is given as it was and as it will
    be. `consequences` are the writes that follow from a thing's next revision.
    """

    word: str
    item: type[Thing]
    read: Callable[[Mapping[str, Any], Thing | None, Catalog], Fields]
    users: Callable[[Catalog, str], list[str]]
    implied: Callable[[str, Catalog], Thing | None] | None = None
    guard: Callable[[Thing | None, Thing | None, Catalog], None] = _unguarded
    consequences: Callable[[Thing, Catalog, datetime], list[Write]] = _none
    fields: frozenset[str] = frozenset()
    """What a body may say of it."""
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
        fields = self._read(body, None)
        if self._known(name) is not None:
            raise self._exists(name)
        if self._is_anothers(name, fields["project"]):
            raise id_taken(name)
        times = {"created_at": self.now, "updated_at": self.now}
        made = self.sort.item.model_validate({**fields, self.sort.id_field: name, **times})
        self.sort.guard(None, made, self.catalog)
        return self._writes(name, made)

    def change(self, name: str, body: Mapping[str, Any]) -> list[Write]:
        return self._changed(name, self._matching(name), body)

    def _changed(self, name: str, before: Thing, body: Mapping[str, Any]) -> list[Write]:
        fields = self._read(body, before)
        times = {"updated_at": self.now} | ({} if before.revision else {"created_at": self.now})
        after = before.model_copy(update={**fields, **times})
        self.sort.guard(before, after, self.catalog)
        return self._writes(name, after)

    def replace(self, name: str, body: Mapping[str, Any], conditions: Conditions = ANY) -> list[Write]:
        """In place of what there is, or as the first of its name. What is not said has its default."""
        before = self._known(name)
        conditions.check(name, before.revision if before else 0)
        if before is None:
            return self.create(chosen_id({"id": name}, "id", name), body)
        writes = self._changed(name, before, {**dict.fromkeys(self.sort.fields), **body})
        unchanged = before.model_copy(update={"updated_at": self.now})
        return [] if before.revision and writes[0].item == unchanged else writes

    def delete(self, name: str) -> list[Write]:
        before = self._matching(name)
        self.sort.guard(before, None, self.catalog)
        if self.sort.implied is not None and before.project == name:
            detail = f"The {self.sort.word} {name!r} is always there: it can be changed, not deleted."
            raise Problem("conflict", detail)
        if users := self.sort.users(within(self.catalog, before.project), name):
            raise self._in_use(name, users)
        return [self.catalog.following(self.sort.key(name), None)]

    def find(self, name: str) -> Thing:
        found = self._known(name)
        if found is None:
            raise not_found(self.sort.word, name)
        return found

    def walk(self, listing: Listing) -> Iterator[Thing]:
        """Those behind a place, in the order of the list."""
        if self.sort.implied is not None:
            return in_order(self.all(), listing, self.sort.name_of)
        by = listing.by
        return self.catalog.walk(
            self.sort.item, by.name, by.key_of, listing.after, backwards=listing.backwards
        )

    def all(self) -> list[Thing]:
        """By id."""
        found: list[Thing] = [*self.catalog.all(self.sort.item)]
        if self.sort.implied is not None:
            unsaid = (self.sort.implied(project, self.catalog) for project in self.catalog.projects)
            found += [thing for thing in unsaid if thing is not None]
        return sorted(found, key=self.sort.name_of)

    def _known(self, name: str) -> Thing | None:
        found: Thing | None = self.catalog.find(self.sort.item, name)
        return found or (self.sort.implied(name, self.catalog) if self.sort.implied else None)

    def _read(self, body: Mapping[str, Any], before: Thing | None) -> Fields:
        """With its project, and nothing in it that is not of that."""
        errors = list[FieldError]()
        project = read_project(body, before.project if before else None, self.catalog, errors)
        here = self.catalog if project is None else within(self.catalog, project)
        told = {**body, "project": project}
        try:
            fields = self.sort.read(told, before, here)
        except InvalidInput as wrong:
            raise InvalidInput([*errors, *wrong.errors]) from wrong
        if errors:
            raise InvalidInput(errors)
        return {**fields, "project": project}

    def _is_anothers(self, name: str, project: str) -> bool:
        """Whether somebody has the id who is out of reach, or a project will have it as soon as it is asked for."""
        whole = self.catalog.whole
        promised = self.sort.implied is not None and name != project and name in whole.projects
        return promised or whole.is_taken(self.sort.key(name))

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


def id_taken(name: str) -> Problem:
    """Without a word about whose it is."""
    error = FieldError(field="id", problem="is taken; choose another id")
    return Problem("conflict", f"The id {name!r} is taken.", errors=[error])


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
