"""What a maker may give away: a token of no higher role than its own, for projects that it reaches itself."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from lamplighter_contracts.fields import Name, rfc3339
from lamplighter_contracts.problems import FieldError, InvalidInput, from_validation
from lamplighter_contracts.projects import DEFAULT_PROJECT, EVERY_PROJECT, ProjectReach, reaches
from lamplighter_contracts.tokens import Role, Token
from lamplighter_gateway.access.callers import Caller
from lamplighter_gateway.access.tokens import Grant

M = TypeVar("M", bound=BaseModel)

MOST_DAYS = 3_650
MOST_PROJECTS = 64


def _once(projects: tuple[str, ...]) -> tuple[str, ...]:
    """Each once; beside all of them, no other says anything."""
    return (EVERY_PROJECT,) if EVERY_PROJECT in projects else tuple(dict.fromkeys(projects))


Projects = Annotated[
    tuple[ProjectReach, ...], Field(min_length=1, max_length=MOST_PROJECTS), AfterValidator(_once)
]
Days = Annotated[int, Field(ge=1, le=MOST_DAYS)]


class TokenRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name
    role: Role
    projects: Projects = (DEFAULT_PROJECT,)
    expires_in_days: Days | None = None


class TokenChange(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    role: Role | None = None
    projects: Projects | None = None
    expires_in_days: Days | None = None


def read_request(body: Mapping[str, Any], now: datetime) -> Grant:
    """Raises `InvalidInput`."""
    asked = _read(TokenRequest, body)
    return Grant(asked.name, asked.role, asked.projects, _end(asked.expires_in_days, now))


def excess(grant: Grant, maker: Caller) -> list[FieldError]:
    """What of a grant the maker does not have itself."""
    found = []
    if not maker.role.reaches(grant.role):
        problem = f"is {grant.role.value!r}, and you are {maker.role.value!r}"
        found.append(FieldError(field="role", problem=problem))
    return found + [
        FieldError(field="projects", problem=f"has {project!r}, which you do not reach")
        for project in grant.projects
        if not maker.reaches(project)
    ]


def narrowed(token: Token, body: Mapping[str, Any], now: datetime) -> Token:
    """`token` with another name, or with less than it had. Raises `InvalidInput` for more."""
    asked = _read(TokenChange, body)
    ends = _end(asked.expires_in_days, now)
    if wrong := list(_widened(token, asked, ends)):
        raise InvalidInput(wrong)
    given = {"name": asked.name, "role": asked.role, "projects": asked.projects, "expires_at": ends}
    return token.model_copy(update={field: value for field, value in given.items() if value is not None})


def _widened(token: Token, asked: TokenChange, ends: datetime | None) -> list[FieldError]:
    wrong = []
    if asked.role is not None and not token.role.reaches(asked.role):
        wrong.append(FieldError(field="role", problem=f"cannot rise: it is {token.role.value!r}"))
    for project in asked.projects or ():
        if not reaches(token.projects, project):
            problem = f"cannot grow: {project!r} is not among {', '.join(token.projects)}"
            wrong.append(FieldError(field="projects", problem=problem))
    if ends is not None and token.expires_at is not None and ends > token.expires_at:
        problem = f"cannot grow: it ends at {rfc3339(token.expires_at)}"
        wrong.append(FieldError(field="expires_in_days", problem=problem))
    return wrong


def _end(days: int | None, now: datetime) -> datetime | None:
    return now + timedelta(days=days) if days else None


def _read(model: type[M], body: Mapping[str, Any]) -> M:
    try:
        return model.model_validate(body)
    except ValidationError as wrong:
        raise InvalidInput(from_validation(wrong)) from wrong
