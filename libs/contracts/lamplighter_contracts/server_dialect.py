"""The server shape of a job, field by field, as fields of the flat shape."""

from collections.abc import Callable, Mapping
from typing import Any

Wire = dict[str, Any]


class Untranslatable(ValueError):
    """A field of the server shape asks for what a job cannot have."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(problem)
        self.field, self.problem = field, problem


def translate(name: str, body: Mapping[str, Any]) -> Wire:
    """What the field `name` of the server shape says in the flat one. Raises `Untranslatable`."""
    return _READERS[name](body)


def _same(source: str, target: str) -> Callable[[Mapping[str, Any]], Wire]:
    """The same value under another name."""
    return lambda body: {target: body[source]}


def _planning_mode(body: Mapping[str, Any]) -> Wire:
    match body["planning_mode"]:
        case None:
            return {}
        case "predefined_agent":
            return {"agent_id": body.get("entity_id")}
        case "predefined_team":
            return {"team_id": body.get("entity_id")}
        case "on_the_fly":
            return {"smart": True}
        case other:
            allowed = "predefined_agent, predefined_team, on_the_fly"
            raise Untranslatable("planning_mode", f"is {other!r}; allowed are {allowed}")


def _entity_type(body: Mapping[str, Any]) -> Wire:
    match body["entity_type"]:
        case None:
            return {}
        case "agent" | "team" as kind:
            return {f"{kind}_id": body.get("entity_id")}
        case other:
            raise Untranslatable("entity_type", f"is {other!r}; allowed are agent, team")


def _entity_id(body: Mapping[str, Any]) -> Wire:
    if body["entity_id"] is not None and not (body.get("planning_mode") or body.get("entity_type")):
        raise Untranslatable("entity_id", "needs 'entity_type' (agent or team) beside it")
    return {}


def _trigger_type(body: Mapping[str, Any]) -> Wire:
    match body["trigger_type"]:
        case None:
            return {}
        case "cron":
            if not any(body.get(f) for f in ("schedule", "schedules", "cron_schedule")):
                raise Untranslatable("trigger_type", "is 'cron', but there is no 'cron_schedule'")
            return {}
        case "webhook":
            if not body.get("webhook_path"):
                raise Untranslatable(
                    "trigger_type", "is 'webhook', but there is no 'webhook_path', such as '/deploy-trigger'"
                )
            return {}
        case "manual":
            return {"schedule": None, "schedules": None, "webhook_path": None}
        case other:
            raise Untranslatable("trigger_type", f"is {other!r}; allowed are cron, webhook, manual")


def _executor_type(body: Mapping[str, Any]) -> Wire:
    match body["executor_type"]:
        case None | "auto":
            return {}
        case "environment":
            if not body.get("environment_name"):
                raise Untranslatable("executor_type", "is 'environment', but there is no 'environment_name'")
            return {}
        case "specific_queue":
            raise Untranslatable(
                "executor_type", "cannot be 'specific_queue': name an environment, which has a queue"
            )
        case other:
            raise Untranslatable("executor_type", f"is {other!r}; allowed are auto, environment")


def _worker_queue_name(body: Mapping[str, Any]) -> Wire:
    if body["worker_queue_name"]:
        raise Untranslatable(
            "worker_queue_name", "cannot be chosen for a job: name an environment, which has a queue"
        )
    return {}


def _config(body: Mapping[str, Any]) -> Wire:
    config = _mapping(body, "config", {"timeout", "retry_policy"})
    given = {} if config.get("timeout") is None else {"timeout_seconds": config["timeout"]}
    return given | _retry(config.get("retry_policy"))


def _retry(policy: Any) -> Wire:
    """`backoff` is the first wait, in seconds. 0 attempts and 1 mean the same there: no other follows."""
    given = _known("config.retry_policy", policy, {"max_attempts", "backoff"})
    attempts, first = given.get("max_attempts"), given.get("backoff")
    said = {} if attempts is None else {"retry_attempts": attempts or 1}
    return said if first is None else {**said, "retry_first_seconds": first}


def _execution_environment(body: Mapping[str, Any]) -> Wire:
    given = _mapping(body, "execution_environment", {"env_vars", "secrets", "mcp_servers"})
    if given.get("mcp_servers"):
        problem = "cannot be given to a job: they are among the tools of an agent"
        raise Untranslatable("execution_environment.mcp_servers", problem)
    fields = {"env_vars": "variables", "secrets": "secrets"}
    return {ours: given[theirs] for theirs, ours in fields.items() if given.get(theirs) is not None}


def _mapping(body: Mapping[str, Any], name: str, known: set[str]) -> Mapping[str, Any]:
    return _known(name, body[name], known)


def _known(name: str, value: Any, known: set[str]) -> Mapping[str, Any]:
    """`value` as an object that has no other fields. Null is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise Untranslatable(name, "must be an object")
    if stray := sorted(value.keys() - known):
        raise Untranslatable(f"{name}.{stray[0]}", f"is not known; known are {', '.join(sorted(known))}")
    return value


_READERS: dict[str, Callable[[Mapping[str, Any]], Wire]] = {
    "cron_schedule": _same("cron_schedule", "schedule"),
    "cron_timezone": _same("cron_timezone", "timezone"),
    "prompt_template": _same("prompt_template", "prompt"),
    "environment_name": _same("environment_name", "environment"),
    "planning_mode": _planning_mode,
    "entity_type": _entity_type,
    "entity_id": _entity_id,
    "trigger_type": _trigger_type,
    "executor_type": _executor_type,
    "worker_queue_name": _worker_queue_name,
    "config": _config,
    "execution_environment": _execution_environment,
}

SERVER_FIELDS = frozenset(_READERS)
