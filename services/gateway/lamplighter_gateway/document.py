"""The API's document (OpenAPI 3.1): what Litestar knows of the routes, and what only we know of them.

Bodies are read and checked by hand, so their shapes are told here; so are who may call what, and problems.
"""

from typing import Any

from litestar import Request
from litestar.openapi.plugins import JsonRenderPlugin
from pydantic import BaseModel

from lamplighter_contracts.agents import AgentSpec, TeamSpec
from lamplighter_contracts.jobs import Overlap
from lamplighter_contracts.server_dialect import SERVER_FIELDS
from lamplighter_gateway.access import ACCESS, PUBLIC
from lamplighter_gateway.problems import MEDIA_TYPE, TYPES
from lamplighter_gateway.routes.tokens import TokenRequest

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}

JOB: Schema = {
    "type": "object",
    "description": "A job in the flat dialect; the fields of the server dialect may stand in for their equals.",
    "properties": {
        "name": _TEXT,
        "prompt": _TEXT,
        "description": _TEXT,
        "enabled": {"type": "boolean", "default": True},
        "schedule": {**_TEXT_OR_NULL, "examples": ["0 9 * * *", "@weekdays 17:00"]},
        "schedules": {"type": ["array", "null"], "items": _TEXT},
        "timezone": {**_TEXT, "default": "UTC", "examples": ["Europe/Berlin"]},
        "webhook_path": {**_TEXT_OR_NULL, "examples": ["/deploy-trigger"]},
        "agent_id": _TEXT_OR_NULL,
        "team_id": _TEXT_OR_NULL,
        "environment": {**_TEXT, "default": "default"},
        "overlap": {"enum": [word.value for word in Overlap], "default": Overlap.SKIP.value},
        "timeout_seconds": {"type": "integer", "minimum": 1},
        "variables": {"type": "object", "additionalProperties": _TEXT},
        **{name: {"description": "server dialect"} for name in sorted(SERVER_FIELDS)},
    },
}

PROBLEM: Schema = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {**_TEXT, "examples": [f"{TYPES}invalid-input"]},
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "instance": _TEXT,
        "errors": {
            "type": "array",
            "items": {"type": "object", "properties": {"field": _TEXT, "problem": _TEXT}},
        },
    },
}


def _of(model: type[BaseModel], *, whole: bool = True) -> Schema:
    """The schema of a body; of a change every field may be left out."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    return schema if whole else {k: v for k, v in schema.items() if k != "required"}


BODIES: dict[str, Schema] = {
    "POST /api/v1/jobs": {**JOB, "required": ["name", "prompt"]},
    "PATCH /api/v1/jobs/{job_id}": JOB,
    "POST /api/v1/jobs/{job_id}/trigger": {
        "type": "object",
        "properties": {"parameters": {"type": "object"}},
    },
    "POST /api/v1/jobs/webhook/{path}": {"description": "anything; JSON as a rule"},
    "POST /api/v1/agents": _of(AgentSpec),
    "PATCH /api/v1/agents/{agent_id}": _of(AgentSpec, whole=False),
    "POST /api/v1/teams": _of(TeamSpec),
    "PATCH /api/v1/teams/{team_id}": _of(TeamSpec, whole=False),
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
