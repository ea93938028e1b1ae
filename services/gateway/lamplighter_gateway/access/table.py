"""Who may do what: one row a route. What is not in the table needs the strongest role there is."""

from typing import Literal

from lamplighter_contracts.tokens import Role

PUBLIC: Literal["public"] = "public"
OWN: Literal["own"] = "own"
"""The route authenticates by itself: a webhook's signature is over its body, and a log-in's token is in it."""

Access = Role | Literal["public", "own"]

VIEWER, OPERATOR, EDITOR, ADMIN = Role.VIEWER, Role.OPERATOR, Role.EDITOR, Role.ADMIN

ACCESS: dict[str, Access] = {
    "GET /healthz": PUBLIC,
    "GET /readyz": PUBLIC,
    "GET /metrics": PUBLIC,
    "GET /docs": PUBLIC,
    "GET /docs/openapi.json": PUBLIC,
    "GET /docs/asyncapi.json": PUBLIC,
    "GET /docs/assets/{release}/{name}": PUBLIC,
    "POST /api/v1/jobs/webhook/{path}": OWN,
    "GET /api/v1/version": VIEWER,
    "GET /api/v1/jobs": VIEWER,
    "POST /api/v1/jobs": EDITOR,
    "POST /api/v1/jobs:batch": EDITOR,
    "GET /api/v1/jobs/{job_id}": VIEWER,
    "PUT /api/v1/jobs/{job_id}": EDITOR,
    "PATCH /api/v1/jobs/{job_id}": EDITOR,
    "DELETE /api/v1/jobs/{job_id}": EDITOR,
    "POST /api/v1/jobs/{job_id}/restore": EDITOR,
    "POST /api/v1/jobs/{job_id}/enable": EDITOR,
    "POST /api/v1/jobs/{job_id}/disable": EDITOR,
    "POST /api/v1/jobs/{job_id}/pause": EDITOR,
    "POST /api/v1/jobs/{job_id}/resume": EDITOR,
    "POST /api/v1/jobs/{job_id}/webhook/rotate": EDITOR,
    "PUT /api/v1/jobs/{job_id}/webhook/secret": EDITOR,
    "DELETE /api/v1/jobs/{job_id}/webhook/secret": EDITOR,
    "POST /api/v1/jobs/{job_id}/trigger": OPERATOR,
    "POST /api/v1/jobs/{job_id}/preview": VIEWER,
    "GET /api/v1/jobs/{job_id}/executions": VIEWER,
    "GET /api/v1/jobs/{job_id}/occurrences": VIEWER,
    "GET /api/v1/occurrences": VIEWER,
    "GET /api/v1/jobs/{job_id}/events": VIEWER,
    "GET /api/v1/events": VIEWER,
    "GET /api/v1/jobs/{job_id}/next": VIEWER,
    "GET /api/v1/jobs/{job_id}/why": VIEWER,
    "GET /api/v1/jobs/{job_id}/catchup": VIEWER,
    "POST /api/v1/jobs/{job_id}/catchup": OPERATOR,
    "POST /api/v1/jobs/{job_id}/backfill": OPERATOR,
    "POST /api/v1/schedules/preview": VIEWER,
    "GET /api/v1/backfills": VIEWER,
    "GET /api/v1/backfills/{backfill_id}": VIEWER,
    "POST /api/v1/backfills/{backfill_id}/cancel": OPERATOR,
    "GET /api/v1/executions": VIEWER,
    "GET /api/v1/executions/{execution_id}": VIEWER,
    "GET /api/v1/executions/{execution_id}/logs": VIEWER,
    "GET /api/v1/executions/{execution_id}/stream": VIEWER,
    "POST /api/v1/executions/{execution_id}/cancel": OPERATOR,
    "GET /api/v1/deliveries": VIEWER,
    "GET /api/v1/jobs/{job_id}/deliveries": VIEWER,
    "GET /api/v1/deliveries/{delivery_id}": VIEWER,
    "GET /api/v1/deliveries/{delivery_id}/body": VIEWER,
    "POST /api/v1/deliveries/{delivery_id}/replay": OPERATOR,
    "GET /api/v1/approvals": VIEWER,
    "GET /api/v1/approvals/{approval_id}": VIEWER,
    "POST /api/v1/approvals/{approval_id}/approve": OPERATOR,
    "POST /api/v1/approvals/{approval_id}/deny": OPERATOR,
    "POST /api/v1/simulations": VIEWER,
    "POST /api/v1/smart/explain": VIEWER,
    "GET /api/v1/smart/replay": VIEWER,
    "GET /api/v1/workers": VIEWER,
    "POST /api/v1/workers/{worker}/drain": OPERATOR,
    "POST /api/v1/workers/{worker}/undrain": OPERATOR,
    "GET /api/v1/queues": VIEWER,
    "GET /api/v1/projects": VIEWER,
    "GET /api/v1/agents": VIEWER,
    "POST /api/v1/agents": EDITOR,
    "GET /api/v1/agents/{agent_id}": VIEWER,
    "PUT /api/v1/agents/{agent_id}": EDITOR,
    "PATCH /api/v1/agents/{agent_id}": EDITOR,
    "DELETE /api/v1/agents/{agent_id}": EDITOR,
    "GET /api/v1/teams": VIEWER,
    "POST /api/v1/teams": EDITOR,
    "GET /api/v1/teams/{team_id}": VIEWER,
    "PUT /api/v1/teams/{team_id}": EDITOR,
    "PATCH /api/v1/teams/{team_id}": EDITOR,
    "DELETE /api/v1/teams/{team_id}": EDITOR,
    "GET /api/v1/calendars": VIEWER,
    "POST /api/v1/calendars": EDITOR,
    "GET /api/v1/calendars/{calendar_id}": VIEWER,
    "PUT /api/v1/calendars/{calendar_id}": EDITOR,
    "PATCH /api/v1/calendars/{calendar_id}": EDITOR,
    "DELETE /api/v1/calendars/{calendar_id}": EDITOR,
    "GET /api/v1/policies": VIEWER,
    "POST /api/v1/policies": EDITOR,
    "GET /api/v1/policies/schema": VIEWER,
    "POST /api/v1/policies/test": EDITOR,
    "GET /api/v1/policies/{policy_id}": VIEWER,
    "PUT /api/v1/policies/{policy_id}": EDITOR,
    "PATCH /api/v1/policies/{policy_id}": EDITOR,
    "DELETE /api/v1/policies/{policy_id}": EDITOR,
    "GET /api/v1/environments": VIEWER,
    "POST /api/v1/environments": EDITOR,
    "GET /api/v1/environments/{environment_id}": VIEWER,
    "PUT /api/v1/environments/{environment_id}": EDITOR,
    "PATCH /api/v1/environments/{environment_id}": EDITOR,
    "DELETE /api/v1/environments/{environment_id}": EDITOR,
    "GET /api/v1/environments/{environment_id}/secrets": ADMIN,
    "GET /api/v1/environments/{environment_id}/secrets/{name}": ADMIN,
    "PUT /api/v1/environments/{environment_id}/secrets/{name}": ADMIN,
    "DELETE /api/v1/environments/{environment_id}/secrets/{name}": ADMIN,
    "POST /api/v1/secrets/rotate": ADMIN,
    "GET /api/v1/audit": ADMIN,
    "GET /api/v1/audit/{number}": ADMIN,
    "POST /api/v1/audit/verify": ADMIN,
    "GET /api/v1/tokens": ADMIN,
    "POST /api/v1/tokens": ADMIN,
    "GET /api/v1/tokens/{token_id}": ADMIN,
    "PATCH /api/v1/tokens/{token_id}": ADMIN,
    "DELETE /api/v1/tokens/{token_id}": ADMIN,
    "POST /api/v1/session": OWN,
    "GET /api/v1/session": VIEWER,
    "DELETE /api/v1/session": VIEWER,
}

STREAMS = frozenset(
    {
        "GET /api/v1/events",
        "GET /api/v1/jobs/{job_id}/events",
        "GET /api/v1/executions/{execution_id}/stream",
    }
)
"""Those whose answers last: a caller may have so many of them open."""


def needed(method: str, template: str) -> Access:
    return ACCESS.get(f"{method} {template}", ADMIN)


def methods_of(template: str) -> list[str]:
    """Those that the path has. Whatever can be got, its head can."""
    methods = [method for method, _, path in (route.partition(" ") for route in ACCESS) if path == template]
    return ["HEAD", *methods] if "GET" in methods else methods
