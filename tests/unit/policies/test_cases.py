"""Twelve questions of a company's daily life, put to rules and to a module in Rego that say the same."""

from datetime import UTC, datetime

import pytest

from lamplighter_contracts.policies import Effect, Engine, ExecutorFacts, PolicyInput
from lamplighter_policies import PolicyBook, check_policy
from tests.unit.policies.documents import call, from_outside, policy, rego, rules, start, using

FREEZE = ["fri 16:00 - mon 06:00"]
BERLIN = "Europe/Berlin"

RULES = rules(
    {
        "name": "change freeze",
        "when": {
            "actions": ["execution.start"],
            "environments": ["production"],
            "triggers": ["schedule", "webhook"],
            "during": FREEZE,
            "timezone": BERLIN,
        },
        "then": "deny",
        "message": "Production is frozen from Friday to Monday.",
    },
    {
        "name": "strangers do not run programs",
        "when": {"trust": "external", "tools": ["shell"]},
        "then": "deny",
        "message": "What came from outside runs no programs.",
    },
    {
        "name": "destructive statements",
        "when": {"tools": ["mcp.db.*"], "arguments": {"sql": "drop "}},
        "then": "require_approval",
        "message": "A person looks at what drops.",
    },
    {
        "name": "dear runs",
        "when": {"actions": ["tool.call"], "cost_over": 2.0},
        "then": "deny",
        "message": "It has cost enough.",
    },
    {
        "name": "interns",
        "when": {"agents": ["intern-*"], "environments": ["production"]},
        "then": "deny",
        "message": "Interns do not work in production.",
    },
)

MODULE = rego(
    """
day := time.weekday([input.at_ns, "Europe/Berlin"])
hour := time.clock([input.at_ns, "Europe/Berlin"])[0]
frozen if day in {"Saturday", "Sunday"}
frozen if { day == "Friday"; hour >= 16 }
frozen if { day == "Monday"; hour < 6 }

deny contains "Production is frozen from Friday to Monday." if {
	input.action == "execution.start"
	input.environment.environment_id == "production"
	input.trigger.kind in {"schedule", "webhook"}
	frozen
}

tools contains input.tool.name if input.action == "tool.call"
tools contains name if { input.action != "tool.call"; some name in input.executor.tools }

deny contains "What came from outside runs no programs." if { input.trigger.trust == "external"; "shell" in tools }

require_approval contains "A person looks at what drops." if {
	startswith(input.tool.name, "mcp.db.")
	contains(lower(input.tool.arguments.sql), "drop ")
}

deny contains "It has cost enough." if { input.action == "tool.call"; input.usage.cost > data.most }

agents contains input.executor.agent_id
agents contains name if { input.action != "tool.call"; some name in input.executor.members }

deny contains "Interns do not work in production." if {
	some name in agents
	startswith(name, "intern-")
	input.environment.environment_id == "production"
}
""",
    data={"most": 2.0},
)

SATURDAY = datetime(2026, 11, 28, 10, 0, tzinfo=UTC)
FROZEN, STRANGER = "Production is frozen from Friday to Monday.", "What came from outside runs no programs."
DROPS = "A person looks at what drops."
INTERN = "Interns do not work in production."
CREW = ExecutorFacts(kind="team", agent_id="lead", team_id="crew", members=("lead", "intern-1"))

CASES: list[tuple[str, PolicyInput, Effect, set[str]]] = [
    ("a working day", start(), Effect.ALLOW, set()),
    ("a Saturday", start(SATURDAY), Effect.DENY, {FROZEN}),
    ("Friday 16:30 in Berlin", start(datetime(2026, 11, 27, 15, 30, tzinfo=UTC)), Effect.DENY, {FROZEN}),
    ("Friday 15:30 in Berlin", start(datetime(2026, 11, 27, 14, 30, tzinfo=UTC)), Effect.ALLOW, set()),
    ("by hand on a Saturday", start(SATURDAY, trigger={"kind": "manual"}), Effect.ALLOW, set()),
    ("Monday 05:59 in Berlin", start(datetime(2026, 11, 30, 4, 59, tzinfo=UTC)), Effect.DENY, {FROZEN}),
    ("a webhook for one who has a shell", from_outside(start()), Effect.DENY, {STRANGER}),
    ("a webhook's run asks the web", from_outside(call("http", url="https://example.org")), Effect.ALLOW, set()),
    ("two reasons", from_outside(start(SATURDAY)), Effect.DENY, {FROZEN, STRANGER}),
    ("a table is dropped", call("mcp.db.query", sql="DROP TABLE t"), Effect.APPROVAL, {DROPS}),
    ("too dear to drop", using(call("mcp.db.query", sql="drop x"), cost=2.5), Effect.DENY, {"It has cost enough."}),
    ("an intern in the team", start(executor=CREW), Effect.DENY, {INTERN}),
]  # fmt: skip


@pytest.mark.parametrize("engine", [RULES, MODULE], ids=["rules", "rego"])
@pytest.mark.parametrize(("document", "effect", "said"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
async def test_both_say_the_same(
    engine: Engine, document: PolicyInput, effect: Effect, said: set[str]
) -> None:
    verdict = await PolicyBook([policy(engine)], lambda name: None).decide(document)

    assert verdict.effect is effect
    assert {one.message for one in verdict.binding} == said
    assert not verdict.failed


@pytest.mark.parametrize("engine", [RULES, MODULE], ids=["rules", "rego"])
def test_both_could_be_kept(engine: Engine) -> None:
    assert check_policy(policy(engine)) == []
