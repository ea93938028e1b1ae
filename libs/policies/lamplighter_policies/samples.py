"""Documents to try a policy on before it is kept: one of each action, and one that is as large as they come."""

from datetime import UTC, datetime

from lamplighter_contracts.events import TriggerKind, Trust
from lamplighter_contracts.policies import (
    EnvironmentFacts,
    ExecutorFacts,
    JobFacts,
    PolicyAction,
    PolicyInput,
    ToolFacts,
    TriggerFacts,
    UsageFacts,
)

_AT = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
_LONG = 65_536

_JOB = JobFacts(
    job_id="nightly-report-7f3a", name="Nightly report", revision=3, prompt="Report.", created_by="ana"
)
_EXECUTOR = ExecutorFacts(
    kind="agent",
    agent_id="writer",
    runners=("llm",),
    models=("gpt-oss-20b",),
    tools=("shell", "http", "files.read", "files.write"),
    secrets=("REPORT_KEY",),
)


def samples() -> tuple[tuple[str, PolicyInput], ...]:
    """Each with what it is, for people."""
    at_ns = int(_AT.timestamp()) * 1_000_000_000
    save = PolicyInput(
        action=PolicyAction.SAVE,
        at=_AT,
        at_ns=at_ns,
        job=_JOB,
        executor=_EXECUTOR,
        environment=EnvironmentFacts(environment_id="default", queue="default", ready=True),
    )
    start = save.model_copy(
        update={
            "action": PolicyAction.START,
            "trigger": TriggerFacts(kind=TriggerKind.SCHEDULE),
            "execution_id": "019caa5c-1a00-7abc-8def-0123456789ab",
            "attempt": 1,
        }
    )
    call = start.model_copy(
        update={
            "action": PolicyAction.TOOL,
            "tool": ToolFacts(name="shell", arguments={"command": ["git", "status"], "input": ""}),
            "usage": UsageFacts(tokens=1_200, cost=0.01, tool_calls=1, seconds=4.2),
        }
    )
    return (
        ("the saving of a job", save),
        ("the start of an execution", start),
        ("a call of a tool", call),
        ("a call with a long prompt and long arguments", _large(call)),
    )


def _large(call: PolicyInput) -> PolicyInput:
    tools = tuple(f"tool{number}" for number in range(128))
    return call.model_copy(
        update={
            "job": call.job.model_copy(update={"prompt": "x" * _LONG}),
            "trigger": TriggerFacts(kind=TriggerKind.WEBHOOK, trust=Trust.EXTERNAL, provider="github"),
            "executor": call.executor.model_copy(update={"tools": tools}),
            "tool": ToolFacts(
                name="shell", arguments={"command": ["echo", "y" * (_LONG // 2)], "input": "y" * _LONG}
            ),
        }
    )
