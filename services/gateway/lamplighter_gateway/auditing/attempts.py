"""What is told of a request that was refused: never its body, its token, nor a path that is one."""

from typing import Any

from litestar.connection import ASGIConnection

from lamplighter_contracts.agents import Agent, Team
from lamplighter_contracts.calendars import Calendar
from lamplighter_contracts.environments import Environment
from lamplighter_contracts.fields import is_slug
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.policies import Policy
from lamplighter_gateway.access.callers import Caller
from lamplighter_gateway.auditing.denials import Attempt
from lamplighter_gateway.catalog.contents import Catalog

Connection = ASGIConnection[Any, Any, Any, Any]

OF_PROJECTS: dict[str, tuple[str, type[Job | Agent | Team | Calendar | Environment | Policy]]] = {
    "job_id": ("jobs", Job),
    "agent_id": ("agents", Agent),
    "team_id": ("teams", Team),
    "calendar_id": ("calendars", Calendar),
    "environment_id": ("environments", Environment),
    "policy_id": ("policies", Policy),
}
"""Parameters of paths that name an object of a project."""

KEPT_BY_HISTORY = {
    "execution_id": "executions",
    "approval_id": "approvals",
    "backfill_id": "backfills",
    "delivery_id": "deliveries",
    "number": "audit",
}
"""Parameters of paths that name something that history shows only to those who reach its project."""


def attempt_of(connection: Connection, detail: str, address: str) -> Attempt:
    caller = connection.scope.get("auth")
    scope: Any = connection.scope
    route = f"{scope['method']} {scope.get('path_template', 'none')}"
    if not isinstance(caller, Caller):
        return Attempt(route, detail, address=address)
    kind, object_id = _named(connection.path_params)
    return Attempt(
        route,
        detail,
        actor=caller.actor,
        actor_name=caller.name,
        role=caller.role.value,
        address=caller.address or address,
        kind=kind,
        object_id=object_id,
    )


def out_of_reach(connection: Connection, catalog: Catalog) -> str:
    """Why a caller who finds nothing is denied it; empty: there is nothing, or it may know of that."""
    caller = connection.scope.get("auth")
    if not isinstance(caller, Caller) or caller.scope is None:
        return ""
    for name, value in connection.path_params.items():
        if name in OF_PROJECTS:
            item = catalog.whole.find(OF_PROJECTS[name][1], str(value))
            if item is not None and not caller.reaches(item.project):
                return f"It belongs to the project {item.project!r}, which the caller does not reach."
        elif name in KEPT_BY_HISTORY:
            return "It is not there, or belongs to a project that the caller does not reach."
    return ""


def _named(parameters: dict[str, Any]) -> tuple[str, str]:
    for name, value in parameters.items():
        kind = OF_PROJECTS[name][0] if name in OF_PROJECTS else KEPT_BY_HISTORY.get(name)
        if kind is not None and is_slug(str(value)):
            return kind, str(value)
    return "", ""
