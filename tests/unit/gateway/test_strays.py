"""Fields that nothing reads are found wherever they are, and what is read is not."""

from typing import Any

import pytest

from lamplighter_contracts.agents import AgentSpec
from lamplighter_contracts.environments import EnvironmentSpec
from lamplighter_contracts.policies import PolicySpec
from lamplighter_gateway.named.strays import MOST, strays

LLM = {"kind": "llm", "model": "m"}

FOUND: list[tuple[type[Any], dict[str, Any], str, str]] = [
    (AgentSpec, {"runner": {**LLM, "modle": 1}}, "runner.modle", "did you mean 'model'?"),
    (
        AgentSpec,
        {"runner": {"kind": "command", "limits": {"memory": 1}}},
        "runner.limits.memory",
        "'memory_mb'",
    ),
    (AgentSpec, {"limits": {"token": 1}}, "limits.token", "did you mean 'tokens'?"),
    (AgentSpec, {"limits": {"xyz": 1}}, "limits.xyz", "known are concurrent, cost"),
    (AgentSpec, {"tools": {"http": {"host": []}}}, "tools.http.host", "did you mean 'hosts'?"),
    (AgentSpec, {"tools": {"mcp": [{}, {"ulr": ""}]}}, "tools.mcp.1.ulr", "did you mean 'url'?"),
    (EnvironmentSpec, {"check": {"kind": "url", "command": []}}, "check.command", "known are every_seconds"),
    (EnvironmentSpec, {"network": {"range": []}}, "network.range", "did you mean 'ranges'?"),
    (
        PolicySpec,
        {"engine": {"kind": "rules", "rules": [{"when": {"tool": []}}]}},
        "engine.rules.0.when.tool",
        "did you mean 'tools'?",
    ),
]


@pytest.mark.parametrize(("model", "body", "field", "words"), FOUND, ids=[one[2] for one in FOUND])
def test_a_stray_is_named_at_its_place(
    model: type[Any], body: dict[str, Any], field: str, words: str
) -> None:
    (found,) = strays(model, body)
    assert found.field == field
    assert words in found.problem


WELL: list[tuple[type[Any], dict[str, Any]]] = [
    (
        AgentSpec,
        {"runner": LLM, "tools": {"mcp": [{"name": "a", "secret_headers": {"X": "Y"}}], "shell": None}},
    ),
    (AgentSpec, {"runner": {"kind": "command", "variables": {"ANY": "1"}, "limits": {"cpu_seconds": 1}}}),
    (AgentSpec, {"runner": {"kind": "mine", "settings": {"anything": {"at": ["all"]}}}}),
    (AgentSpec, {"runner": "command", "tools": [], "limits": 3, "not known here": {"a": 1}}),
    (AgentSpec, {"tools": {"mcp": {"not": "a list"}}}),
    (EnvironmentSpec, {"check": None, "network": {"hosts": None}}),
    (PolicySpec, {"engine": {"kind": "rego", "module": "x", "data": {"any": {"thing": 1}}}}),
]


@pytest.mark.parametrize(("model", "body"), WELL)
def test_what_is_read_is_none(model: type[Any], body: dict[str, Any]) -> None:
    assert strays(model, body) == []


def test_their_number_is_bounded() -> None:
    assert len(strays(AgentSpec, {"limits": {f"x{n}": n for n in range(1_000)}})) == MOST
