"""The two wire shapes of a job, read into one `JobSpec` and rendered from one `Job`.

The flat shape (`schedule`, `agent_id`, `webhook_path`) is what the command line speaks. The server shape
(`cron_schedule`, `prompt_template`, `planning_mode` with `entity_id`) is what compatible clients speak.
Requests may use either; answers carry both spellings.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.flat_shape import (
    FIELD_NAMES,
    PLACES,
    WEBHOOK,
    flat_webhook,
    flattened,
    nested,
    webhook_of,
)
from lamplighter_contracts.jobs import (
    JOB_LIMIT,
    AgentExecutor,
    Job,
    JobSpec,
    SmartExecutor,
    TeamExecutor,
)
from lamplighter_contracts.problems import FieldError, InvalidInput, from_validation
from lamplighter_contracts.server_dialect import SERVER_FIELDS, Untranslatable, Wire, translate

FIELDS = frozenset(
    {
        "name",
        "project",
        "prompt",
        "description",
        "enabled",
        "schedule",
        "schedules",
        "seconds",
        "timezone",
        *WEBHOOK,
        "agent_id",
        "team_id",
        "smart",
        "capabilities",
        "fallback_agent_id",
        "environment",
        "variables",
        "secrets",
        *PLACES,
    }
)
"""The flat shape's own fields: what a person may set."""

WHO = frozenset({"agent_id", "team_id", "smart"})
WISHES = frozenset({"capabilities", "fallback_agent_id"})
"""What a smart job says of whom it is given to."""
WHEN = frozenset({"schedule", "schedules", "seconds", *WEBHOOK})

READ_ONLY = frozenset(
    {
        "id",
        "job_id",
        "status",
        "webhook_url",
        "webhook_secret",
        "webhook_previous_until",
        "webhook_given",
        "next_run_at",
        "next_execution_at",
        "last_run_at",
        "last_execution_at",
        "last_run_status",
        "created_at",
        "updated_at",
        "created_by",
        "revision",
        "schedule_words",
        "next_runs",
        "executor",
        "entity_name",
        "pause",
        "environment_inherited",
        "warnings",
    }
)
"""Fields of an answer. A client may send a whole answer back: these are passed over."""


MOST_UNKNOWN = 20
"""So many unknown fields are told of; the others after these are mended."""


def parse_job(body: Mapping[str, Any]) -> JobSpec:
    """The job that a create request describes. Raises `InvalidInput` with every wrong field at once."""
    return _build(_flatten(body))


def change_job(job: JobSpec, body: Mapping[str, Any]) -> JobSpec:
    """`job` with the changes of a PATCH body laid over it (RFC 7396 in spirit: null removes).

    Naming an executor replaces the one before, whichever kind it was. Raises `InvalidInput`.
    """
    changes = _said_of(job, body)
    kept = _flat(job)
    if WHO & changes.keys():
        dropped = WHO if changes.get("smart") else WHO | WISHES
        kept = {k: v for k, v in kept.items() if k not in dropped}
    if changes.keys() & {"schedule", "schedules"}:
        kept.pop("schedules", None)
    if changes.get("webhook_path", "") is None:
        kept = {k: v for k, v in kept.items() if k not in WEBHOOK}
    changed = _build({**kept, **changes})
    return _keep_generations(job, changed)


def replace_job(job: JobSpec, body: Mapping[str, Any]) -> JobSpec:
    """What a PUT body puts in the place of `job`: what it does not say has its default. Raises `InvalidInput`."""
    return _keep_generations(job, _build(_said_of(job, body)))


def _said_of(job: JobSpec, body: Mapping[str, Any]) -> Wire:
    said = _flatten(body)
    if body.get("environment_inherited") is True and said.get("environment") == job.environment:
        # A whole answer was sent back: what it inherits there was said by nobody.
        said.pop("environment")
    return said


def _flatten(body: Mapping[str, Any]) -> Wire:
    """Either dialect as the flat one. A value given in both spellings must be the same in both."""
    strange = [name for name in body if name not in FIELDS | SERVER_FIELDS | READ_ONLY]
    errors = [_unknown(name) for name in strange[:MOST_UNKNOWN]]
    flat = {name: value for name, value in body.items() if name in FIELDS}
    for name in SERVER_FIELDS & body.keys():
        try:
            translated = translate(name, body)
        except Untranslatable as refused:
            errors.append(FieldError(field=refused.field, problem=refused.problem))
            continue
        for field, value in translated.items():
            if not _agree(flat.get(field, value), value):
                errors.append(
                    FieldError(field=name, problem=f"says {value!r}, but {field!r} says {flat[field]!r}")
                )
            flat[field] = value
    if errors:
        raise InvalidInput(errors)
    return flat


def _agree(one: Any, other: Any) -> bool:
    """Whether two spellings say the same: no schedules are none, however they are written."""
    return one == other or (one in (None, []) and other in (None, []))


def _unknown(name: str) -> FieldError:
    near = get_close_matches(name, sorted(FIELDS | SERVER_FIELDS), n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(FIELDS))}"
    return FieldError(field=name, problem=f"is not a field of a job; {hint}")


_NAMES = {**FIELD_NAMES, "executor.fallback": "fallback_agent_id"}


def _build(flat: Wire) -> JobSpec:
    values = {k: v for k, v in flat.items() if k not in WHO | WISHES | WHEN | PLACES.keys() and v is not None}
    errors: list[FieldError] = []
    values |= nested(flat)
    values["triggers"] = _triggers(flat, errors)
    values["executor"] = _executor(flat, errors)
    values["inherits_environment"] = flat.get("environment") is None
    try:
        spec = JobSpec.model_validate(values)
    except ValidationError as invalid:
        # A wrong executor has been reported under the field the caller used.
        errors += [e for e in from_validation(invalid, _NAMES) if e.field != "executor" or not errors]
    if errors:
        raise InvalidInput(errors)
    _bound(spec)
    return spec


def _bound(spec: JobSpec) -> None:
    """A due event carries its whole job: so the job is small enough to leave room for a payload."""
    size = len(spec.model_dump_json().encode())
    if size <= JOB_LIMIT:
        return
    largest = max(("prompt", "description", "variables"), key=lambda name: len(str(getattr(spec, name))))
    problem = f"makes the job {size:,} bytes as JSON; a job may have {JOB_LIMIT:,}"
    raise InvalidInput([FieldError(field=largest, problem=problem)])


def _triggers(flat: Wire, errors: list[FieldError]) -> list[Wire]:
    several, one, seconds = flat.get("schedules"), flat.get("schedule"), flat.get("seconds")
    if not isinstance(seconds, bool | None):
        errors.append(FieldError(field="seconds", problem="must be true or false"))
    if several is not None and not (isinstance(several, list) and all(isinstance(s, str) for s in several)):
        errors.append(FieldError(field="schedules", problem="must be a list of cron expressions"))
        several = None
    if one is not None and not isinstance(one, str):
        errors.append(FieldError(field="schedule", problem="must be a cron expression, such as '0 9 * * *'"))
        one = None
    if one and several and one not in several:
        errors.append(FieldError(field="schedule", problem="must be one of 'schedules' when both are given"))
    schedules = list(dict.fromkeys(several or ([one] if one else [])))
    triggers: list[Wire] = [
        {"kind": "schedule", "schedule": expression, "seconds": seconds is True} for expression in schedules
    ]
    if (webhook := webhook_of(flat)) is not None:
        triggers.append(webhook)
    errors += _without_webhook(flat)
    return triggers


def _without_webhook(flat: Wire) -> list[FieldError]:
    """What is said of a webhook that the job has not, or of gathering where nothing is gathered."""
    if flat.get("webhook_path") is None:
        needs = "needs a webhook: give the job a 'webhook_path', such as '/deploy-trigger' or 'generate'"
        given = [field for field in WEBHOOK if flat.get(field) not in (None, "", [])]
        return [FieldError(field=field, problem=needs) for field in given]
    if flat.get("webhook_gather_by") and flat.get("webhook_gather_seconds") is None:
        problem = "needs 'webhook_gather_seconds': for how long deliveries are gathered, such as 60"
        return [FieldError(field="webhook_gather_by", problem=problem)]
    return []


def _executor(flat: Wire, errors: list[FieldError]) -> Wire | None:
    if not isinstance(flat.get("smart"), bool | None):
        errors.append(FieldError(field="smart", problem="must be true or false"))
        return None
    named = [field for field in ("agent_id", "team_id", "smart") if flat.get(field)]
    if named != ["smart"]:
        problem = "is only for a smart job: leave it out, or set 'smart' instead of an agent or a team"
        errors += [FieldError(field=name, problem=problem) for name in sorted(WISHES) if flat.get(name)]
    match named:
        case ["agent_id"]:
            return {"kind": "agent", "agent_id": flat["agent_id"]}
        case ["team_id"]:
            return {"kind": "team", "team_id": flat["team_id"]}
        case ["smart"]:
            fallback = flat.get("fallback_agent_id") or None
            return {"kind": "smart", "capabilities": flat.get("capabilities") or (), "fallback": fallback}
        case []:
            errors.append(FieldError(field="agent_id", problem=_NOBODY_NAMED))
        case _:
            errors.append(FieldError(field=named[1], problem=f"cannot stand beside {named[0]!r}: choose one"))
    return None


_NOBODY_NAMED = "is missing: name an agent (agent_id) or a team (team_id), or leave the choice open (smart)"


_GENERATIONS = ("secret_generation", "previous_generation", "previous_until")


def _keep_generations(before: JobSpec, after: JobSpec) -> JobSpec:
    """A webhook that stays at its path keeps its secret."""
    old, new = before.webhook, after.webhook
    if old is None or new is None or old.path != new.path:
        return after
    kept = {name: getattr(old, name) for name in _GENERATIONS}
    same = new.model_copy(update=kept)
    triggers = tuple(same if trigger is new else trigger for trigger in after.triggers)
    return after.model_copy(update={"triggers": triggers})


def _flat(job: JobSpec) -> Wire:
    return {
        "name": job.name,
        "project": job.project,
        "prompt": job.prompt,
        "description": job.description,
        "enabled": job.enabled,
        "schedules": [trigger.schedule for trigger in job.schedules],
        "seconds": any(trigger.seconds for trigger in job.schedules),
        "timezone": job.timezone,
        **flat_webhook(job.webhook),
        **_who(job),
        "environment": None if job.inherits_environment else job.environment,
        "variables": dict(job.variables),
        "secrets": list(job.secrets),
        **flattened(job),
    }


_NOBODY: Wire = {
    "agent_id": None,
    "team_id": None,
    "smart": False,
    "capabilities": [],
    "fallback_agent_id": None,
}


def _who(job: JobSpec) -> Wire:
    match job.executor:
        case AgentExecutor(agent_id=agent_id):
            return _NOBODY | {"agent_id": agent_id}
        case TeamExecutor(team_id=team_id):
            return _NOBODY | {"team_id": team_id}
        case SmartExecutor(capabilities=capabilities, fallback=fallback):
            return _NOBODY | {
                "smart": True,
                "capabilities": list(capabilities),
                "fallback_agent_id": fallback,
            }


def render_job(job: Job) -> Wire:
    """A job in both spellings, without what other parts know of it (its runs, the address of its webhook)."""
    flat = _flat(job)
    schedule = job.schedules[0].schedule if job.schedules else None
    entity_id = flat["agent_id"] or flat["team_id"]
    return {
        "id": job.job_id,
        "job_id": job.job_id,
        **flat,
        "environment": job.environment,
        "schedule": schedule,
        "status": "active" if job.enabled else "disabled",
        "pause": job.pause.model_dump(mode="json") if job.pause else None,
        "trigger_type": "cron" if job.schedules else "webhook" if job.webhook else "manual",
        "cron_schedule": schedule,
        "cron_timezone": job.timezone,
        "prompt_template": job.prompt,
        "planning_mode": _PLANNING_MODES[job.executor.kind],
        "entity_type": job.executor.kind if entity_id else None,
        "entity_id": entity_id,
        "executor_type": "auto" if job.environment == job.project else "environment",
        "worker_queue_name": None,
        "environment_name": job.environment,
        "config": {
            "timeout": job.limits.timeout_seconds,
            "retry_policy": {"max_attempts": job.retry.attempts, "backoff": job.retry.first_seconds},
        },
        "execution_environment": {
            "env_vars": dict(job.variables),
            "secrets": list(job.secrets),
            "mcp_servers": [],
        },
        "environment_inherited": job.inherits_environment,
        "created_at": rfc3339(job.created_at),
        "updated_at": rfc3339(job.updated_at),
        "created_by": job.created_by,
        "revision": job.revision,
    }


_PLANNING_MODES = {"agent": "predefined_agent", "team": "predefined_team", "smart": "on_the_fly"}
