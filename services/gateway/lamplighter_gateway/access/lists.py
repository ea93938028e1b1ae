"""Which tokens a list has, and in which orders."""

from collections.abc import Callable

from lamplighter_contracts.projects import reaches
from lamplighter_contracts.tokens import Role, Token
from lamplighter_gateway.web.lists import By, milliseconds, named, sorts
from lamplighter_gateway.web.parameters import Parameters

SORTS = sorts(
    By("created_at", milliseconds("created_at"), int),
    By("name", named),
    By("id", lambda token: token.token_id),
)


def read_filters(query: Parameters) -> Callable[[Token], bool]:
    """`project`: those that reach it."""
    roles, project, name = query.choices("role", Role), query.text("project"), query.text("name")
    return lambda token: (
        (not roles or token.role in roles)
        and (project is None or reaches(token.projects, project))
        and (name is None or name.casefold() in token.name.casefold())
    )
