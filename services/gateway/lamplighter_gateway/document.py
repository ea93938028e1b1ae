"""The API's document (OpenAPI 3.1): what Litestar knows of the routes, and what only we know of them.

Bodies are read and checked by hand, so their shapes are told here; so are who may call what, and problems.
"""

from typing import Any

from litestar import Request
from litestar.openapi.plugins import JsonRenderPlugin
from pydantic import BaseModel

from lamplighter_contracts.agents import AgentSpec, TeamSpec
from lamplighter_contracts.environments import EnvironmentSpec
from lamplighter_contracts.policies import PolicySpec
from lamplighter_gateway.access import ACCESS, PUBLIC
from lamplighter_gateway.approvals import AnswerBody
from lamplighter_gateway.backfills import BackfillBody
from lamplighter_gateway.calendars import CalendarBody
from lamplighter_gateway.catchups import CatchUpBody
from lamplighter_gateway.job_bodies import TIMING
from lamplighter_gateway.job_schema import JOB, TEXT
from lamplighter_gateway.pauses import PauseRequest
from lamplighter_gateway.problems import MEDIA_TYPE, TYPES
from lamplighter_gateway.routes.firings import MOST as MOST_SHOWN
from lamplighter_gateway.routes.firings import SHOWN
from lamplighter_gateway.routes.policies import TestBody
from lamplighter_gateway.routes.simulations import Body as SimulationBody
from lamplighter_gateway.routes.smart import ExplainBody
from lamplighter_gateway.routes.tokens import TokenRequest
from lamplighter_gateway.secrets import LEAST_BYTES, MOST_BYTES

Schema = dict[str, Any]

PREVIEW: Schema = {
    "type": "object",
    "properties": {name: JOB["properties"][name] for name in sorted(TIMING)}
    | {"n": {"type": "integer", "minimum": 1, "maximum": MOST_SHOWN, "default": SHOWN}},
}

PROBLEM: Schema = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {**TEXT, "examples": [f"{TYPES}invalid-input"]},
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "instance": TEXT,
        "errors": {
            "type": "array",
            "items": {"type": "object", "properties": {"field": TEXT, "problem": TEXT}},
        },
    },
}


def _of(model: type[BaseModel], *, whole: bool = True) -> Schema:
    """The schema of a body; of a change every field may be left out."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    return schema if whole else {k: v for k, v in schema.items() if k != "required"}


def _environment() -> Schema:
    """Its exclusions are flat, as those of a job are."""
    schema = _of(EnvironmentSpec)
    schema["properties"] = {
        **{name: told for name, told in schema["properties"].items() if name != "exclusions"},
        **{name: JOB["properties"][name] for name in ("exclude_dates", "blackouts", "calendars")},
    }
    return schema


ENVIRONMENT = _environment()

SECRET: Schema = {
    "type": "object",
    "required": ["value"],
    "properties": {
        "value": {**TEXT, "description": f"{LEAST_BYTES} to {MOST_BYTES:,} bytes", "writeOnly": True}
    },
}

BODIES: dict[str, Schema] = {
    "POST /api/v1/jobs": {**JOB, "required": ["name", "prompt"]},
    "PATCH /api/v1/jobs/{job_id}": JOB,
    "POST /api/v1/jobs/{job_id}/trigger": {
        "type": "object",
        "properties": {"parameters": {"type": "object"}},
    },
    "POST /api/v1/jobs/{job_id}/preview": {
        "type": "object",
        "properties": {
            "parameters": {"type": "object"},
            "n": {"type": "integer", "minimum": 1, "maximum": MOST_SHOWN, "default": SHOWN},
        },
    },
    "POST /api/v1/jobs/{job_id}/disable": _of(PauseRequest),
    "POST /api/v1/jobs/{job_id}/pause": _of(PauseRequest),
    "POST /api/v1/jobs/{job_id}/backfill": _of(BackfillBody),
    "POST /api/v1/jobs/{job_id}/catchup": _of(CatchUpBody),
    "POST /api/v1/schedules/preview": PREVIEW,
    "POST /api/v1/approvals/{approval_id}/approve": _of(AnswerBody),
    "POST /api/v1/approvals/{approval_id}/deny": _of(AnswerBody),
    "POST /api/v1/simulations": _of(SimulationBody),
    "POST /api/v1/smart/explain": _of(ExplainBody),
    "POST /api/v1/jobs/webhook/{path}": {"description": "anything; JSON as a rule"},
    "POST /api/v1/agents": _of(AgentSpec),
    "PATCH /api/v1/agents/{agent_id}": _of(AgentSpec, whole=False),
    "POST /api/v1/teams": _of(TeamSpec),
    "PATCH /api/v1/teams/{team_id}": _of(TeamSpec, whole=False),
    "POST /api/v1/calendars": _of(CalendarBody),
    "PATCH /api/v1/calendars/{calendar_id}": _of(CalendarBody, whole=False),
    "POST /api/v1/environments": ENVIRONMENT,
    "PATCH /api/v1/environments/{environment_id}": {k: v for k, v in ENVIRONMENT.items() if k != "required"},
    "PUT /api/v1/environments/{environment_id}/secrets/{name}": SECRET,
    "POST /api/v1/policies": _of(PolicySpec),
    "PATCH /api/v1/policies/{policy_id}": _of(PolicySpec, whole=False),
    "POST /api/v1/policies/test": _of(TestBody),
    "POST /api/v1/tokens": _of(TokenRequest),
}


class Document(JsonRenderPlugin):
    """Serves the document; nothing is fetched from outside."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return super().render(request, complete(openapi_schema))


def complete(document: Schema) -> Schema:
    """`document` with bodies, security and problems."""
    schemas: Schema = {"Problem": PROBLEM}
    paths = {
        path: {
            method: _complete(f"{method.upper()} {path}", told, schemas) for method, told in methods.items()
        }
        for path, methods in document["paths"].items()
    }
    bearer = {"type": "http", "scheme": "bearer", "description": "a token: `lamp_...`"}
    return {
        **document,
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"bearer": bearer}},
    }


def _complete(route: str, told: Schema, schemas: Schema) -> Schema:
    access = ACCESS[route]
    problem = {"description": "a problem", "content": {MEDIA_TYPE: {"schema": _ref("Problem")}}}
    answers = {status: {"description": said["description"]} for status, said in told["responses"].items()}
    whole = {**told, "responses": {**answers, "default": problem}, "x-access": access}
    whole["security"] = [] if access == PUBLIC else [{"bearer": []}]
    if route in BODIES:
        body = dict(BODIES[route])
        schemas |= body.pop("$defs", {})
        whole["requestBody"] = {"content": {"application/json": {"schema": body}}}
    return whole


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
