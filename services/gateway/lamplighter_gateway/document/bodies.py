"""The shapes of what requests carry: bodies are read and checked by hand, so they are told here, one row a route."""

from typing import Any

from pydantic import BaseModel

from lamplighter_contracts.agents import AgentSpec, TeamSpec
from lamplighter_contracts.environments import EnvironmentSpec
from lamplighter_contracts.policies import PolicySpec
from lamplighter_gateway.access.grants import TokenChange, TokenRequest
from lamplighter_gateway.dispatch.approvals import AnswerBody
from lamplighter_gateway.document.shapes import softened
from lamplighter_gateway.jobs.batches import MOST_ITEMS, OPS
from lamplighter_gateway.jobs.bodies import TIMING
from lamplighter_gateway.jobs.pauses import PauseRequest
from lamplighter_gateway.jobs.schema import JOB, TEXT
from lamplighter_gateway.named.calendars import CalendarBody
from lamplighter_gateway.named.secrets import LEAST_BYTES, MOST_BYTES
from lamplighter_gateway.routes.audit import VerifyBody
from lamplighter_gateway.routes.firings import MOST as MOST_SHOWN
from lamplighter_gateway.routes.firings import SHOWN
from lamplighter_gateway.routes.policies import TestBody
from lamplighter_gateway.routes.sessions import LogIn
from lamplighter_gateway.routes.simulations import Body as SimulationBody
from lamplighter_gateway.routes.smart import ExplainBody
from lamplighter_gateway.timing.backfills import BackfillBody
from lamplighter_gateway.timing.catchups import CatchUpBody
from lamplighter_gateway.webhooks.given import KeepOld

Schema = dict[str, Any]

PREVIEW: Schema = {
    "type": "object",
    "properties": {name: JOB["properties"][name] for name in sorted(TIMING)}
    | {"n": {"type": "integer", "minimum": 1, "maximum": MOST_SHOWN, "default": SHOWN}},
}


def _of(model: type[BaseModel], *, whole: bool = True) -> Schema:
    """The schema of a body; of a change every field may be left out."""
    schema = softened(model.model_json_schema(ref_template="#/components/schemas/{model}"))
    return schema if whole else _whole(schema)


def _environment() -> Schema:
    """Its exclusions are flat, as those of a job are."""
    schema = _of(EnvironmentSpec)
    schema["properties"] = {
        **{name: told for name, told in schema["properties"].items() if name != "exclusions"},
        **{name: JOB["properties"][name] for name in ("exclude_dates", "blackouts", "calendars")},
    }
    return schema


ENVIRONMENT = _environment()


def _whole(schema: Schema) -> Schema:
    """Of a change: every field may be left out."""
    return {name: told for name, told in schema.items() if name != "required"}


BATCH: Schema = {
    "type": "object",
    "required": ["jobs"],
    "additionalProperties": False,
    "properties": {
        "jobs": {
            "type": "array",
            "minItems": 1,
            "maxItems": MOST_ITEMS,
            "description": "each a job to be made, or one of `op` (create, replace, delete)",
            "items": {
                "anyOf": [
                    {**JOB, "required": ["name", "prompt"]},
                    {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["op"],
                        "properties": {
                            "op": {**TEXT, "enum": list(OPS)},
                            "job_id": {**TEXT, "description": "chosen, or which"},
                            "if_match": {
                                "type": ["string", "integer"],
                                "description": "an ETag, or a revision",
                            },
                            "job": {"type": "object", "description": "as in POST /api/v1/jobs"},
                        },
                    },
                ]
            },
        }
    },
}

SECRET: Schema = {
    "type": "object",
    "required": ["value"],
    "properties": {
        "value": {**TEXT, "description": f"{LEAST_BYTES} to {MOST_BYTES:,} bytes", "writeOnly": True}
    },
}

GIVEN: Schema = {
    **_of(KeepOld),
    "required": ["value"],
    "properties": {**_of(KeepOld)["properties"], "value": {**TEXT, "writeOnly": True}},
}

BODIES: dict[str, Schema] = {
    "POST /api/v1/jobs": {**JOB, "required": ["name", "prompt"]},
    "POST /api/v1/jobs:batch": BATCH,
    "PUT /api/v1/jobs/{job_id}": {**JOB, "required": ["name", "prompt"]},
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
    "POST /api/v1/jobs/{job_id}/webhook/rotate": _of(KeepOld),
    "PUT /api/v1/jobs/{job_id}/webhook/secret": GIVEN,
    "POST /api/v1/schedules/preview": PREVIEW,
    "POST /api/v1/approvals/{approval_id}/approve": _of(AnswerBody),
    "POST /api/v1/approvals/{approval_id}/deny": _of(AnswerBody),
    "POST /api/v1/simulations": _of(SimulationBody),
    "POST /api/v1/smart/explain": _of(ExplainBody),
    "POST /api/v1/jobs/webhook/{path}": {"description": "anything; JSON as a rule"},
    "POST /api/v1/agents": _of(AgentSpec),
    "PUT /api/v1/agents/{agent_id}": _of(AgentSpec),
    "PATCH /api/v1/agents/{agent_id}": _of(AgentSpec, whole=False),
    "POST /api/v1/teams": _of(TeamSpec),
    "PUT /api/v1/teams/{team_id}": _of(TeamSpec),
    "PATCH /api/v1/teams/{team_id}": _of(TeamSpec, whole=False),
    "POST /api/v1/calendars": _of(CalendarBody),
    "PUT /api/v1/calendars/{calendar_id}": _of(CalendarBody),
    "PATCH /api/v1/calendars/{calendar_id}": _of(CalendarBody, whole=False),
    "POST /api/v1/environments": ENVIRONMENT,
    "PUT /api/v1/environments/{environment_id}": ENVIRONMENT,
    "PATCH /api/v1/environments/{environment_id}": _whole(ENVIRONMENT),
    "PUT /api/v1/environments/{environment_id}/secrets/{name}": SECRET,
    "POST /api/v1/policies": _of(PolicySpec),
    "PUT /api/v1/policies/{policy_id}": _of(PolicySpec),
    "PATCH /api/v1/policies/{policy_id}": _of(PolicySpec, whole=False),
    "POST /api/v1/policies/test": _of(TestBody),
    "POST /api/v1/audit/verify": _of(VerifyBody),
    "POST /api/v1/tokens": _of(TokenRequest),
    "PATCH /api/v1/tokens/{token_id}": _of(TokenChange),
    "POST /api/v1/session": _of(LogIn),
}
