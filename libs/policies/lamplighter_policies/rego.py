"""The embedded engine for Rego: one compiled module, on the thread that compiled it."""

import json
import threading
from collections import OrderedDict
from functools import cache
from typing import Any

from lamplighter_contracts.policies import PolicyInput, Rego
from lamplighter_policies.answers import read
from lamplighter_policies.modules import Module, Reference, read_module
from lamplighter_policies.opinions import Opinion, PolicyFailed
from lamplighter_policies.wire import as_json

FILE = "policy.rego"
KEPT = 256
"""Compiled modules a thread keeps: those asked last."""

_ENDS = (KeyboardInterrupt, SystemExit, GeneratorExit)
_WITHOUT = {
    "http.send": "a policy in the process asks nobody: what it needs is in 'data', or use the engine 'opa'",
    "opa.runtime": "a decision rests on its document alone",
    "time.now_ns": "use input.at_ns, so that the same document is always decided alike",
    "rand.intn": "a decision rests on its document alone",
    "uuid.rfc4122": "a decision rests on its document alone",
}
"""Functions that the engine has and a policy may not call. `http.send` it only seems to have: it is undefined there,
and a rule that denies by it would never do so."""


class CannotCompile(PolicyFailed):
    """`line` is that of the module, 0 where there is none."""

    def __init__(self, problem: str, line: int = 0) -> None:
        super().__init__(f"line {line}: {problem}" if line else problem)
        self.problem, self.line = problem, line


class Compiled:
    """A module and its data, ready to be asked. Stays with its thread: the engine ends in a panic on another."""

    def __init__(self, rego: Rego) -> None:
        """Raises CannotCompile; PolicyFailed where the engine is not installed."""
        self._engine, self._query = _engine(), rego.query
        _try(self._engine.add_policy, FILE, rego.module)
        _try(self._engine.add_data_json, json.dumps(rego.data))
        (tree,) = json.loads(_try(self._engine.get_ast_as_json))
        self.module: Module = read_module(tree["ast"])
        if self.module.package[0] in rego.data:
            name = self.module.package[0]
            raise CannotCompile(f"'data' has {name!r}, where the module's package is: name it otherwise")
        for reference in self.module.references:
            if reference.kind == "call" and not self.module.defines(reference):
                _check_call(reference)

    def ask(self, document: PolicyInput) -> Opinion:
        """Raises PolicyFailed for whatever is not a clear decision."""
        _try(self._engine.set_input_json, as_json(document))
        found = json.loads(_try(self._engine.eval_query_as_json, self._query))
        return read(_value(found), self._rules)

    @property
    def _rules(self) -> frozenset[str]:
        """Of the document that is asked for."""
        package = ".".join(("data", *self.module.package))
        return self.module.rules if package == self._query else frozenset()


class _Kept(threading.local):
    def __init__(self) -> None:
        self.modules: OrderedDict[tuple[str, str, str], Compiled] = OrderedDict()


_kept = _Kept()


def ask(rego: Rego, document: PolicyInput) -> Opinion:
    """Raises PolicyFailed. A module is compiled once on each thread that asks it."""
    key = (rego.query, rego.module, json.dumps(rego.data, sort_keys=True))
    modules = _kept.modules
    # Taken out while it is asked: whatever a fault leaves of it is not asked again.
    compiled = modules.pop(key, None) or Compiled(rego)
    opinion = compiled.ask(document)
    modules[key] = compiled
    while len(modules) > KEPT:
        modules.popitem(last=False)
    return opinion


def _value(found: dict[str, Any]) -> Any:
    """None where the document is undefined."""
    results = found.get("result") or [{}]
    expressions = results[0].get("expressions") or [{}]
    return expressions[0].get("value")


def _check_call(call: Reference) -> None:
    name = call.name
    if name in _WITHOUT:
        raise CannotCompile(f"{name} is not to be had: {_WITHOUT[name]}", call.line)
    if name not in functions():
        raise CannotCompile(f"there is no function {name!r} in the embedded engine", call.line)


@cache
def functions() -> frozenset[str]:
    """What the engine has, as it says itself."""
    engine = _engine()
    _try(engine.add_policy, FILE, "package builtins\nfound := opa.runtime().builtins")
    return frozenset(_value(json.loads(_try(engine.eval_query_as_json, "data.builtins.found"))))


def _engine() -> Any:
    try:
        import regorus  # type: ignore[import-untyped]
    except ImportError as missing:
        raise PolicyFailed(
            "Rego needs the extra 'rego': install lamplighter-policies[rego], or use the engine 'opa'."
        ) from missing
    return regorus.Engine()


def _try(act: Any, *arguments: Any) -> Any:
    """The engine's faults as ours."""
    try:
        return act(*arguments)
    except _ENDS:
        raise
    except BaseException as fault:  # noqa: BLE001 - a panic in Rust is none of Python's Exceptions
        raise _read_fault(str(fault) or type(fault).__name__) from None


def _read_fault(text: str) -> CannotCompile:
    """Its complaint is a place, an excerpt, a line `error: ...`, and a trace of its own that says nothing."""
    said = text.partition("\n\nStack backtrace")[0].strip()
    place, _, rest = said.partition("\n")
    line = place.removeprefix(f"--> {FILE}:").split(":")[0] if place.startswith(f"--> {FILE}:") else ""
    problem = rest.partition("error: ")[2] if line.isdigit() else said
    problem = (problem or said).partition("\n")[0]
    return CannotCompile(problem.strip().rstrip(":")[:500], int(line) if line.isdigit() else 0)
