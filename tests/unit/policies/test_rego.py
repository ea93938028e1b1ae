"""The embedded engine: what its document says, and that whatever is no clear decision is none."""

import builtins
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lamplighter_contracts.policies import Constraints, Effect, PolicyInput
from lamplighter_policies import rego as engine
from lamplighter_policies.opinions import Opinion, PolicyFailed, Said
from lamplighter_policies.rego import ask
from tests.unit.policies.documents import call, rego, start

NAMED = (Said(Effect.DENY, "deny", "nightly-backup"),)
DENIED = Said(Effect.DENY, "allow", "The policy does not allow it.")

DECISIONS: list[tuple[str, PolicyInput, tuple[Said, ...]]] = [
    ('deny contains "No." if input.action == "tool.call"', start(), ()),
    ('deny contains "No." if input.action == "tool.call"', call(), (Said(Effect.DENY, "deny", "No."),)),
    ('deny := ["No."]', start(), (Said(Effect.DENY, "deny", "No."),)),
    ("deny := true", start(), (Said(Effect.DENY, "deny"),)),
    ("deny := false", start(), ()),
    ('require_approval contains "Ask." if true', start(), (Said(Effect.APPROVAL, "require_approval", "Ask."),)),
    ("allow := true", start(), ()),
    ("allow := false", start(), (DENIED,)),
    ('allow := false\ndeny contains "No."', start(), (Said(Effect.DENY, "deny", "No."),)),
    ("default allow := false\nallow if input.attempt == 7", start(), (DENIED,)),
    # Undefined where it is not true: that is no leave to go on.
    ("allow if input.attempt == 7", start(), (DENIED,)),
    ('allow if input.attempt == 7\ndeny contains "x" if false', start(), (DENIED,)),
    ("allow if input.attempt == 0", start(), ()),
    ("deny contains name if { some name in data.names; name == input.job.job_id }", start(), NAMED),
    ("deny if time.weekday(input.at_ns) == \"Wednesday\"", start(), (Said(Effect.DENY, "deny"),)),
    ('deny if time.clock([input.at_ns, "Europe/Berlin"])[0] == 13', start(), (Said(Effect.DENY, "deny"),)),
]  # fmt: skip


@pytest.mark.parametrize(("module", "document", "said"), DECISIONS)
def test_what_a_document_says(module: str, document: PolicyInput, said: tuple[Said, ...]) -> None:
    assert ask(rego(module, data={"names": ["nightly-backup"]}), document) == Opinion(said)


NO_DECISION = [
    ('other contains "No."', "none of 'deny', 'require_approval' and 'allow'"),
    ("deny if input.attempt == 7", "none of"),
    ("deny := 1", "'deny' is a number"),
    ('deny := {"a": 1}', "'deny' is an object"),
    ('deny := "No."', "'deny' is a text"),
    ("deny := null", "'deny' is null"),
    ("deny contains 1", "'deny' holds a number"),
    ('deny contains {"msg": "No."}', "'deny' holds an object"),
    ('allow := "yes"', "'allow' is a text"),
    ("allow := 1", "'allow' is a number"),
    ("require_approval contains null", "'require_approval' holds null"),
    ('allow := true\nconstraints := {"max_secs": 5}', "max_secs: is not known"),
    ('allow := true\nconstraints := {"max_tokens": "5"}', "max_tokens"),
    ('allow := true\nconstraints := ["shell"]', "'constraints' cannot be read"),
    ('allow := true\nconstraints := {"max_seconds": 0}', "max_seconds"),
    ("deny if 1 / 0 == 1", "line 2: divide by zero"),
    ('deny contains "x" if to_number(input.job.name) > 1', "line 2"),
    ('deny contains "x" if time.clock([input.at_ns, "Nowhere/At_all"])', "failed to parse timezone"),
    ("allow := true if input.attempt == 0\nallow := false if input.job", "conflicts"),
    ("a if b\nb if a\ndeny if a", "recursion"),
    ("deny contains x", "unsafe"),
    ('deny contains "x" if {', "line 2"),
]


@pytest.mark.parametrize(("module", "words"), NO_DECISION)
def test_what_is_no_clear_decision_is_a_failure(module: str, words: str) -> None:
    with pytest.raises(PolicyFailed) as failed:
        ask(rego(module), start())
    assert words in str(failed.value)
    assert "backtrace" not in str(failed.value)


@pytest.mark.parametrize("query", ["data.other", "data.lamplighter.deny.never", "data.lamplighter.missing"])
def test_an_undefined_document_is_a_failure(query: str) -> None:
    with pytest.raises(PolicyFailed, match="undefined: nothing was decided"):
        ask(rego('deny contains "x"', query=query), start())


UNSUPPORTED = [
    # None of these bodies gets as far as the call.
    ('http.send({"method": "get", "url": "http://127.0.0.1:9"})', "http.send is not to be had"),
    ("opa.runtime().env", "opa.runtime is not to be had"),
    ("time.now_ns() > 1", "use input.at_ns"),
    ('io.jwt.decode("a.b.c")', "no function 'io.jwt.decode'"),
    ('crypto.sha256("x")', "no function 'crypto.sha256'"),
    ('net.lookup_ip_addr("localhost")', "no function 'net.lookup_ip_addr'"),
    ("data.somewhere.f(1)", "no function 'data.somewhere.f'"),
    ("input.f(1)", "no function 'input.f'"),
    ("my.function(1)", "no function 'my.function'"),
    ("[x | x := my.function(1)]", "no function 'my.function'"),
    ("every x in [1] { my.function(x) }", "no function 'my.function'"),
    ("not my.function(1)", "no function 'my.function'"),
    ("count(my.function(1)) > 0", "no function 'my.function'"),
]


@pytest.mark.parametrize(("expression", "words"), UNSUPPORTED)
def test_what_the_engine_does_not_have_is_an_error_and_never_a_silent_pass(
    expression: str, words: str
) -> None:
    """Left alone, the engine looks a function up when it comes to it, and takes `http.send` for undefined."""
    module = f'deny contains "No." if {{\n  input.attempt == 99\n  {expression}\n}}'
    with pytest.raises(PolicyFailed) as failed:
        ask(rego(module), start())
    assert words in str(failed.value)
    assert str(failed.value).startswith("line 4: ")


def test_its_own_functions_are_found() -> None:
    module = 'f(x) := x + 1\ndeny contains "No." if { f(1) == 2; data.lamplighter.f(2) == 3; g.h(1) }\ng.h(x) if x == 1'
    assert ask(rego(module), start()).said == (Said(Effect.DENY, "deny", "No."),)


def test_constraints_are_read() -> None:
    module = (
        'allow := true\nconstraints := {"remove_tools": ["shell"], "max_cost": 0.5, "hide_secrets": ["DB_*"]}'
    )
    opinion = ask(rego(module), start())
    assert opinion.constraints == Constraints(remove_tools=("shell",), max_cost=0.5, hide_secrets=("DB_*",))
    assert opinion.said == (Said(Effect.ALLOW, "constraints"),)


def test_a_module_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = []
    real = engine.Compiled

    def compile_it(one: Any) -> Any:
        compiled.append(one)
        return real(one)

    monkeypatch.setattr(engine, "Compiled", compile_it)
    modules = [rego(f'deny contains "{number}"') for number in range(3)]
    for _ in range(4):
        for number, one in enumerate(modules):
            assert ask(one, start()).said[0].message == str(number)
    assert len(compiled) == 3


def test_each_thread_has_its_own() -> None:
    """On another thread than its own the engine ends in a panic, which is no Exception."""
    one = rego('deny contains "No."')
    ask(one, start())
    with ThreadPoolExecutor(4) as pool:
        gate = threading.Barrier(4)

        def there(_: int) -> Opinion:
            gate.wait(10)
            return ask(one, start())

        assert all(opinion.said for opinion in pool.map(there, range(4)))


def test_a_panic_is_a_failure_and_the_engine_is_not_asked_again() -> None:
    one = rego('deny contains "No." if input.attempt == 5')
    stranger = engine.Compiled(one)
    caught: list[BaseException] = []

    def there() -> None:
        try:
            stranger.ask(start())
        except BaseException as fault:  # noqa: BLE001 - what it is, is the question
            caught.append(fault)

    thread = threading.Thread(target=there)
    thread.start()
    thread.join(10)
    (fault,) = caught
    assert isinstance(fault, PolicyFailed)


def test_what_interrupts_is_let_through() -> None:
    for interruption in (KeyboardInterrupt, SystemExit):

        def act(error: type[BaseException] = interruption) -> None:
            raise error

        with pytest.raises(interruption):
            engine._try(act)


def test_without_the_extra_it_fails_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *more: Any) -> Any:
        if name == "regorus":
            raise ImportError(name)
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(PolicyFailed, match="needs the extra 'rego'"):
        ask(rego('deny contains "never compiled before"'), start())


def test_arguments_deeper_than_the_engine_reads_are_a_failure() -> None:
    deep: Any = "x"
    for _ in range(200):
        deep = [deep]
    with pytest.raises(PolicyFailed, match="recursion limit"):
        ask(rego('deny contains "x" if false'), call(options=deep))


def test_data_does_not_stand_in_for_rules() -> None:
    """Where data and rules meet, the engine takes the data."""
    with pytest.raises(PolicyFailed, match="'data' has 'lamplighter', where the module's package is"):
        ask(rego('deny contains "No."', data={"lamplighter": {"deny": []}}), start())


def test_what_is_not_there_is_undefined() -> None:
    """To Rego a null is there, and is true enough."""
    absent = ("tool", "trigger.kind", "usage.max_cost", "environment.ready")
    module = "\n".join(f'deny contains "{name}" if not input.{name}' for name in absent)
    document = start(trigger={})
    assert {one.message for one in ask(rego(module), document).said} == set(absent)
    nothing = rego('deny contains "x" if input.tool.arguments.given == null')
    assert ask(nothing, call(given=None)).said
