"""What is wrong with a policy is said before it is kept, at its place."""

from pathlib import Path
from typing import Any

import pytest

from lamplighter_contracts.policies import PolicyInput, PolicySpec, Rego, ToolFacts
from lamplighter_contracts.problems import InvalidInput
from lamplighter_dispatcher.llm.shell import ShellForm
from lamplighter_policies import check_policy, input_schema, read_policy, rego
from lamplighter_policies.samples import samples
from tests.unit.policies.documents import HEAD


def spec(**engine: Any) -> PolicySpec:
    return read_policy({"name": "X", "engine": engine})


def ruled(**rule: Any) -> dict[str, Any]:
    return {"kind": "rules", "rules": [{"name": "a"}, {"name": "b", **rule}]}


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "X"}, "engine", "is missing"),
    ({"name": " ", "engine": ruled()}, "name", "must not be empty"),
    ({"name": "X", "engine": {"kind": "rule"}}, "engine.kind", "'rego'"),
    ({"name": "X", "engine": {"kind": "rules", "rules": []}}, "engine.rules", "must not be empty"),
    ({"name": "X", "engine": ruled(whan={})}, "engine.rules.1.whan", "is not known"),
    ({"name": "X", "engine": ruled(effect="deny")}, "engine.rules.1.effect", "is not known"),
    ({"name": "X", "engine": ruled(when={"agent": ["a"]})}, "engine.rules.1.when.agent", "is not known"),
    ({"name": "X", "engine": ruled(then="forbid")}, "engine.rules.1.then", "'deny'"),
    ({"name": "X", "engine": ruled(when={"agents": ["a b"]})}, "engine.rules.1.when.agents.0", "must match"),
    ({"name": "X", "engine": ruled(when={"trust": "both"})}, "engine.rules.1.when.trust", "'external'"),
    (
        {"name": "X", "engine": ruled(constraints={"tokens": 5})},
        "engine.rules.1.constraints.tokens",
        "not known",
    ),
    ({"name": "X", "engine": {"kind": "rego", "module": ""}}, "engine.module", "must not be empty"),
    (
        {"name": "X", "engine": {"kind": "rego", "module": "x", "query": "lamplighter"}},
        "engine.query",
        "must match",
    ),
    ({"name": "X", "engine": {"kind": "opa", "url": "opa.internal"}}, "engine.url", "must be an address"),
    (
        {"name": "X", "engine": {"kind": "opa", "url": "http://a/b", "timeout": 1}},
        "engine.timeout",
        "is not known",
    ),
    ({"name": "X", "engine": ruled(), "dryrun": True}, "dryrun", "is not known"),
    ({"name": "X", "engine": ruled(), "attach": []}, "attach", "must not be empty"),
    ({"name": "X", "engine": ruled(), "attach": [{"kind": "queue"}]}, "attach.0.kind", "'project'"),
]


@pytest.mark.parametrize(("fields", "place", "words"), REFUSED)
def test_a_field_that_is_wrong_is_told_at_its_place(fields: dict[str, Any], place: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_policy(fields)
    ((field, problem),) = [(error.field, error.problem) for error in refused.value.errors]
    assert field == place
    assert words in problem


UNREADABLE: list[tuple[dict[str, Any], str, str]] = [
    ({"during": ["mon 09:00-10:00", "noonish"]}, "during.1", "The blackout 'noonish' cannot be read"),
    ({"outside": ["mon 09:00-09:00"]}, "outside.0", "is empty"),
    ({"timezone": "Europe/Berlim"}, "timezone", "did you mean 'Europe/Berlin'"),
]


@pytest.mark.parametrize(("when", "place", "words"), UNREADABLE)
def test_periods_and_zones_are_read(when: dict[str, Any], place: str, words: str) -> None:
    ((error),) = check_policy(spec(**ruled(when=when)))
    assert error.field == f"engine.rules.1.when.{place}"
    assert words in error.problem


MODULES = [
    ('deny contains "x" if {{', "line 2: "),
    ('deny contains "x" if my.function(1)', "line 2: there is no function 'my.function'"),
    ('deny contains "x" if input.job.labels', "line 2: input.job has no 'labels'; it has job_id, project,"),
    ('deny contains "x" if input.jobs', "line 2: input has no 'jobs'"),
    ('deny contains "x" if input["usage"]["cots"] > 1', "line 2: input.usage has no 'cots'"),
    ('\nother := 1', "fails for the saving of a job: It defines none of"),
    ('deny if input.action == "tool.call"', "fails for the saving of a job: It defines none of"),
    ('deny contains "x" if { input.tool; 1 / 0 }', "fails for a call of a tool: line 2: divide by zero"),
    (
        'deny contains "x" if count([1 | some i in numbers.range(1, 900); some j in numbers.range(1, 900)]) < 3',
        "ms for the saving of a job; it may take 100 ms",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("module", "words"), MODULES)
def test_a_module_is_compiled_and_tried(module: str, words: str) -> None:
    (error,) = check_policy(spec(kind="rego", module=HEAD + module))
    assert error.field == "engine.module"
    assert words in error.problem


def test_a_good_policy_has_nothing_wrong() -> None:
    module = (
        'deny contains "x" if { some tool in input.executor.tools; input.tool.arguments[tool] == data.x }\n'
        'deny contains "y" if { input.tool.arguments.any.thing; input.job["prompt"] == "y" }'
    )
    assert check_policy(spec(kind="rego", module=HEAD + module, data={"x": 1})) == []
    assert check_policy(spec(**ruled(when={"during": ["fri 18:00 - mon 06:00"]}))) == []
    assert check_policy(spec(kind="opa", url="https://opa.internal:8181/v1/data/lamplighter")) == []


def test_the_schema_has_every_field_and_the_samples_fit() -> None:
    schema = input_schema()
    assert set(schema["properties"]) == set(PolicyInput.model_fields)
    for _, document in samples():
        again = PolicyInput.model_validate_json(document.model_dump_json(), extra="forbid")
        assert again == document


def test_what_is_tried_and_told_of_a_shell_is_what_agents_call() -> None:
    """A policy that is written after another shape would never hold."""
    samples_of_shell = [document for _, document in samples() if document.tool]
    assert samples_of_shell
    for document in samples_of_shell:
        assert document.tool is not None
        ShellForm.model_validate(document.tool.arguments)
    text = (Path(__file__).parents[3] / "docs/policies.md").read_text()
    module = text.split("<<'EOF'\npackage lamplighter", 1)[1].split("EOF", 1)[0]
    forcing = Rego(module=f"package lamplighter{module}", data={"forcing": ["--force", "-f"]})
    for command, denies in ((("git", "push", "-f"), True), (("git", "push"), False)):
        called = ShellForm(command=command).model_dump(mode="json")
        document = samples_of_shell[0].model_copy(update={"tool": ToolFacts(name="shell", arguments=called)})
        said = rego.ask(forcing, document).said
        assert [one.message for one in said] == (["git may not be forced."] if denies else [])
