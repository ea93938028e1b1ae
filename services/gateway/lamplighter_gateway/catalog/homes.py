"""The project that a new thing belongs to, and that it keeps."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from lamplighter_contracts.fields import is_slug
from lamplighter_contracts.problems import FieldError, InvalidInput
from lamplighter_contracts.projects import DEFAULT_PROJECT
from lamplighter_gateway.catalog.contents import Catalog

FIELD = "project"


def read_project(
    body: Mapping[str, Any], before: str | None, catalog: Catalog, errors: list[FieldError]
) -> str | None:
    """The one that a body names, or that goes without saying; `before` is that of the thing that it changes. None
    where it is wrong: `errors` then has why."""
    given = body.get(FIELD)
    if before is not None:
        if given not in (None, before):
            errors.append(_wrong(f"cannot be changed: it is {before!r}; make another one in that project"))
        return before
    problem = None if given is None else _problem(given, catalog)
    found = _unsaid(catalog) if given is None else given
    if problem is None and found is None:
        problem = f"is missing: name one of {', '.join(sorted(catalog.projects))}"
    if problem is not None:
        errors.append(_wrong(problem))
        return None
    return found


def chosen_project(given: str | None, catalog: Catalog) -> str:
    """For a question about things of one project. Raises `InvalidInput`."""
    errors = list[FieldError]()
    project = read_project({FIELD: given}, None, catalog, errors)
    if project is None:
        raise InvalidInput(errors)
    return project


def _unsaid(catalog: Catalog) -> str | None:
    """The default one, or the only one that there is for the caller."""
    if catalog.reaches(DEFAULT_PROJECT):
        return DEFAULT_PROJECT
    return next(iter(catalog.projects)) if len(catalog.projects) == 1 else None


def _problem(given: object, catalog: Catalog) -> str | None:
    if not isinstance(given, str):
        return "must be text"
    if not is_slug(given):
        return "must be small letters, digits and inner hyphens, at most 64, such as 'payments'"
    if catalog.reaches(given):
        return None
    near = get_close_matches(given, sorted(catalog.projects), n=1)
    hint = f": did you mean {near[0]!r}?" if near else ""
    return f"names the project {given!r}, which does not exist{hint}"


def _wrong(problem: str) -> FieldError:
    return FieldError(field=FIELD, problem=problem)
