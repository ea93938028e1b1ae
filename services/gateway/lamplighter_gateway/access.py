"""Who may do what: one row a route. What is not in the table needs the strongest role there is."""

from dataclasses import dataclass
from typing import Literal

from lamplighter_contracts.tokens import Role

PUBLIC: Literal["public"] = "public"
OWN: Literal["own"] = "own"
"""The route authenticates by itself: a webhook's signature is over its body."""

Access = Role | Literal["public", "own"]

VIEWER, OPERATOR, EDITOR, ADMIN = Role.VIEWER, Role.OPERATOR, Role.EDITOR, Role.ADMIN

ACCESS: dict[str, Access] = {
    "GET /healthz": PUBLIC,
    "GET /readyz": PUBLIC,
    "GET /metrics": PUBLIC,
    "GET /docs": PUBLIC,
    "GET /docs/openapi.json": PUBLIC,
    "GET /docs/{path}": PUBLIC,
    "POST /api/v1/jobs/webhook/{path}": OWN,
    "GET /api/v1/version": VIEWER,
    "GET /api/v1/jobs": VIEWER,
    "POST /api/v1/jobs": EDITOR,
    "GET /api/v1/jobs/{job_id}": VIEWER,
    "PATCH /api/v1/jobs/{job_id}": EDITOR,
    "DELETE /api/v1/jobs/{job_id}": EDITOR,
    "POST /api/v1/jobs/{job_id}/restore": EDITOR,
    "POST /api/v1/jobs/{job_id}/enable": EDITOR,
    "POST /api/v1/jobs/{job_id}/disable": EDITOR,
    "POST /api/v1/jobs/{job_id}/pause": EDITOR,
    "POST /api/v1/jobs/{job_id}/resume": EDITOR,
    "POST /api/v1/jobs/{job_id}/webhook/rotate": EDITOR,
    "POST /api/v1/jobs/{job_id}/trigger": OPERATOR,
    "POST /api/v1/jobs/{job_id}/preview": VIEWER,
    "GET /api/v1/jobs/{job_id}/executions": VIEWER,
    "GET /api/v1/jobs/{job_id}/occurrences": VIEWER,
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
    "GET /api/v1/agents": VIEWER,
    "POST /api/v1/agents": EDITOR,
    "GET /api/v1/agents/{agent_id}": VIEWER,
    "PATCH /api/v1/agents/{agent_id}": EDITOR,
    "DELETE /api/v1/agents/{agent_id}": EDITOR,
    "GET /api/v1/teams": VIEWER,
    "POST /api/v1/teams": EDITOR,
    "GET /api/v1/teams/{team_id}": VIEWER,
    "PATCH /api/v1/teams/{team_id}": EDITOR,
    "DELETE /api/v1/teams/{team_id}": EDITOR,
    "GET /api/v1/calendars": VIEWER,
    "POST /api/v1/calendars": EDITOR,
    "GET /api/v1/calendars/{calendar_id}": VIEWER,
    "PATCH /api/v1/calendars/{calendar_id}": EDITOR,
    "DELETE /api/v1/calendars/{calendar_id}": EDITOR,
    "GET /api/v1/policies": VIEWER,
    "POST /api/v1/policies": EDITOR,
    "GET /api/v1/policies/schema": VIEWER,
    "POST /api/v1/policies/test": EDITOR,
    "GET /api/v1/policies/{policy_id}": VIEWER,
    "PATCH /api/v1/policies/{policy_id}": EDITOR,
    "DELETE /api/v1/policies/{policy_id}": EDITOR,
    "GET /api/v1/environments": VIEWER,
    "POST /api/v1/environments": EDITOR,
    "GET /api/v1/environments/{environment_id}": VIEWER,
    "PATCH /api/v1/environments/{environment_id}": EDITOR,
    "DELETE /api/v1/environments/{environment_id}": EDITOR,
    "GET /api/v1/environments/{environment_id}/secrets": ADMIN,
    "PUT /api/v1/environments/{environment_id}/secrets/{name}": ADMIN,
    "DELETE /api/v1/environments/{environment_id}/secrets/{name}": ADMIN,
    "POST /api/v1/secrets/rotate": ADMIN,
    "GET /api/v1/tokens": ADMIN,
    "POST /api/v1/tokens": ADMIN,
    "DELETE /api/v1/tokens/{token_id}": ADMIN,
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request, once its token was found genuine."""

    token_id: str
    name: str
    role: Role


def needed(method: str, template: str) -> Access:
    return ACCESS.get(f"{method} {template}", ADMIN)
