"""Documents and policies for the tests."""

from datetime import UTC, datetime
from typing import Any

from lamplighter_contracts.events import TriggerKind, Trust
from lamplighter_contracts.policies import (
    Attachment,
    BuiltInRules,
    Engine,
    EnvironmentFacts,
    ExecutorFacts,
    JobFacts,
    Policy,
    PolicyAction,
    PolicyInput,
    Rego,
    Rule,
    ToolFacts,
    TriggerFacts,
    UsageFacts,
)

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
"""A Wednesday."""
HEAD = "package lamplighter\n"


def start(at: datetime = NOON, **more: Any) -> PolicyInput:
    """The start of a nightly backup by the database's agent, in production."""
    fields = {
        "action": PolicyAction.START,
        "at": at,
        "at_ns": int(at.timestamp()) * 1_000_000_000,
        "job": JobFacts(job_id="nightly-backup", name="Backup", prompt="Back it up", created_by="ana"),
        "trigger": TriggerFacts(kind=TriggerKind.SCHEDULE),
        "executor": ExecutorFacts(
            kind="agent", agent_id="db-admin", runners=("llm",), tools=("shell", "http"), secrets=("DB_KEY",)
        ),
        "environment": EnvironmentFacts(environment_id="production", queue="inside"),
    }
    return PolicyInput(**{**fields, **more})


def call(name: str = "shell", at: datetime = NOON, **arguments: Any) -> PolicyInput:
    return start(at, action=PolicyAction.TOOL, tool=ToolFacts(name=name, arguments=arguments))


def from_outside(document: PolicyInput, event: str = "push") -> PolicyInput:
    trigger = TriggerFacts(kind=TriggerKind.WEBHOOK, trust=Trust.EXTERNAL, provider="github", event=event)
    return document.model_copy(update={"trigger": trigger})


def using(document: PolicyInput, **usage: Any) -> PolicyInput:
    return document.model_copy(update={"usage": UsageFacts(**usage)})


def policy(engine: Engine, policy_id: str = "one", **more: Any) -> Policy:
    times = {"created_at": NOON, "updated_at": NOON}
    return Policy(
        **{
            "name": policy_id.title(),
            "policy_id": policy_id,
            "revision": 1,
            "engine": engine,
            **times,
            **more,
        }
    )


def rules(*several: dict[str, Any]) -> BuiltInRules:
    named = [{"name": f"rule {number}", **rule} for number, rule in enumerate(several)]
    return BuiltInRules(rules=tuple(Rule.model_validate(rule, extra="forbid") for rule in named))


def rego(module: str, **more: Any) -> Rego:
    return Rego(module=HEAD + module, **more)


def attached(kind: Any, name: str = "default") -> tuple[Attachment, ...]:
    return (Attachment(kind=kind, id=name),)
