"""When a rule's conditions hold, and which policies govern."""

from datetime import UTC, datetime
from typing import Any

import pytest

from lamplighter_contracts.policies import Conditions, ExecutorFacts, PolicyAction, PolicyInput
from lamplighter_policies.attachments import governs
from lamplighter_policies.conditions import hold
from lamplighter_schedules import ScheduleError
from tests.unit.policies.documents import attached, call, from_outside, policy, rules, start, using

SAVE = start(action=PolicyAction.SAVE)
TEAM = start(
    executor=ExecutorFacts(kind="team", agent_id="lead", team_id="crew", members=("lead", "db-admin"))
)
MEMBER = call().model_copy(update={"executor": TEAM.executor.model_copy(update={"agent_id": "lead"})})
SMART = start(executor=ExecutorFacts(kind="smart"))
FRIDAY = datetime(2026, 11, 27, 15, 30, tzinfo=UTC)
WEEKEND = ["fri 16:00 - mon 06:00"]

CASES: list[tuple[dict[str, Any], PolicyInput, bool]] = [
    ({}, start(), True),
    ({}, SAVE, True),
    ({"actions": ["execution.start"]}, start(), True),
    ({"actions": ["execution.start"]}, call(), False),
    ({"actions": ["job.save", "tool.call"]}, call(), True),
    ({"jobs": ["nightly-*"]}, start(), True),
    ({"jobs": ["hourly-*"]}, start(), False),
    ({"agents": ["db-*"]}, start(), True),
    ({"agents": ["db-admin"]}, TEAM, True),
    ({"agents": ["db-admin"]}, MEMBER, False),
    ({"agents": ["lead"]}, MEMBER, True),
    ({"agents": ["*"]}, SMART, False),
    ({"teams": ["crew"]}, TEAM, True),
    ({"teams": ["*"]}, start(), False),
    ({"environments": ["prod*"]}, start(), True),
    ({"environments": ["default"]}, start(), False),
    ({"runners": ["llm"]}, start(), True),
    ({"runners": ["command"]}, start(), False),
    ({"triggers": ["schedule", "backfill"]}, start(), True),
    ({"triggers": ["webhook"]}, start(), False),
    ({"triggers": ["schedule"]}, start(trigger={}), False),
    ({"trust": "external"}, start(), False),
    ({"trust": "external"}, from_outside(start()), True),
    ({"actors": ["ana"]}, start(), True),
    ({"actors": ["*"]}, start(job={"job_id": "a", "name": "A", "prompt": "Go"}), False),
    ({"actors": ["bo"]}, start(trigger={"kind": "manual", "triggered_by": "bo"}), True),
    ({"tools": ["sh*"]}, start(), True),
    ({"tools": ["files.*"]}, start(), False),
    ({"tools": ["http"]}, call("shell"), False),
    ({"tools": ["shell"]}, call("shell"), True),
    ({"cost_over": 1.0}, start(), True),
    ({"cost_over": 1.0}, using(start(), max_cost=1.0), False),
    ({"cost_over": 1.0}, using(start(), max_cost=1.5), True),
    ({"cost_over": 1.0}, using(call(), cost=0.2, max_cost=5), False),
    ({"cost_over": 1.0}, using(call(), cost=1.01), True),
    ({"tokens_over": 100}, using(start(), max_tokens=100), False),
    ({"tokens_over": 100}, start(), True),
    ({"tokens_over": 0}, using(call(), tokens=1), True),
    ({"tokens_over": 0}, call(), False),
    ({"arguments": {"sql": "drop table"}}, call("mcp.db.query", sql="DROP  TABLE x; drop table y"), True),
    ({"arguments": {"sql": "drop"}}, call("mcp.db.query", sql="select 1"), False),
    ({"arguments": {"sql": ""}}, call("mcp.db.query"), False),
    ({"arguments": {"sql": ""}}, start(), False),
    ({"arguments": {"arguments": "--force"}}, call("shell", arguments=["push", "--force"]), True),
    ({"arguments": {"options": '"deep": true'}}, call("shell", options={"deep": True}), True),
    ({"arguments": {"a": "x", "b": "y"}}, call("shell", a="x", b="z"), False),
    ({"during": WEEKEND}, start(FRIDAY), False),
    ({"during": WEEKEND, "timezone": "Europe/Berlin"}, start(FRIDAY), True),
    ({"during": ["daily 00:00-01:00", *WEEKEND], "timezone": "Europe/Berlin"}, start(FRIDAY), True),
    ({"outside": WEEKEND}, start(FRIDAY), True),
    ({"outside": WEEKEND, "timezone": "Europe/Berlin"}, start(FRIDAY), False),
    ({"outside": ["mon-fri 09:00-17:00"]}, start(), False),
    ({"environments": ["production"], "trust": "external"}, start(), False),
]


@pytest.mark.parametrize(("conditions", "document", "holds"), CASES)
def test_all_conditions_that_are_given_must_hold(
    conditions: dict[str, Any], document: PolicyInput, holds: bool
) -> None:
    assert hold(Conditions.model_validate(conditions, extra="forbid"), document) is holds


@pytest.mark.parametrize("field", ["during", "outside"])
def test_a_period_that_cannot_be_read_is_never_passed_over(field: str) -> None:
    conditions = Conditions.model_validate({field: ["mon-fri 09:00-17:00", "now and then"]})
    with pytest.raises(ScheduleError, match="now and then"):
        hold(conditions, start())


GOVERNED = [
    ("project", "default", start(), True),
    ("environment", "production", start(), True),
    ("environment", "prod*", start(), True),
    ("environment", "default", start(), False),
    ("team", "crew", TEAM, True),
    ("team", "*", start(), False),
    ("team", "crew", MEMBER, True),
    ("agent", "db-admin", start(), True),
    ("agent", "db-admin", TEAM, True),
    ("agent", "db-admin", MEMBER, False),
    ("agent", "lead", MEMBER, True),
    ("agent", "*", SMART, False),
    ("job", "nightly-backup", call(), True),
    ("job", "nightly", start(), False),
]


@pytest.mark.parametrize(("kind", "name", "document", "does"), GOVERNED)
def test_what_a_policy_governs(kind: str, name: str, document: PolicyInput, does: bool) -> None:
    one = policy(rules({}), attach=attached(kind, name))
    assert governs(one, document) is does


def test_of_several_attachments_one_is_enough() -> None:
    one = policy(rules({}), attach=(*attached("job", "other"), *attached("agent", "db-admin")))
    assert governs(one, start())
