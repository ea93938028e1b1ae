"""What runs an agent: one kind of runner a module, found by the `kind` that the agent names.

A module is imported when the first agent of its kind runs, so that a dispatcher pays for what it uses.
"""

import asyncio
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import Any

from lamplighter_dispatcher.runners.contract import Outfit, Runner

GROUP = "lamplighter.runners"

_BUILT_IN = {
    "command": EntryPoint("command", "lamplighter_dispatcher.runners.command:CommandRunner", GROUP),
    "llm": EntryPoint("llm", "lamplighter_dispatcher.runners.llm:LlmRunner", GROUP),
    "http": EntryPoint("http", "lamplighter_dispatcher.runners.http:HttpRunner", GROUP),
    "a2a": EntryPoint("a2a", "lamplighter_dispatcher.runners.a2a:A2aRunner", GROUP),
    "bus": EntryPoint("bus", "lamplighter_dispatcher.runners.bus:BusRunner", GROUP),
    "noop": EntryPoint("noop", "lamplighter_dispatcher.runners.noop:NoopRunner", GROUP),
}
_EXTRAS = {"llm": "pydantic_ai", "a2a": "a2a"}
"""Kinds that stand on an optional library."""


class Runners:
    def __init__(self, outfit: Outfit) -> None:
        self._outfit = outfit
        self._found = {point.name: point for point in entry_points(group=GROUP)} | _BUILT_IN
        self._made: dict[str, Runner[Any]] = {}

    @property
    def kinds(self) -> tuple[str, ...]:
        """Those that this dispatcher can run."""
        return tuple(kind for kind in self._found if kind not in _EXTRAS or find_spec(_EXTRAS[kind]))

    async def load(self, kind: str) -> Runner[Any]:
        """As `find`. The first of its kind is imported in a thread: some libraries take a second for that."""
        if kind in self._made:
            return self._made[kind]
        return await asyncio.to_thread(self.find, kind)

    def find(self, kind: str) -> Runner[Any]:
        """Raises `LookupError` with a sentence where there is none, or it cannot be loaded."""
        if kind not in self._made:
            self._made[kind] = self._make(kind)
        return self._made[kind]

    def _make(self, kind: str) -> Runner[Any]:
        point = self._found.get(kind)
        if point is None:
            raise LookupError(f"this dispatcher has no runner {kind!r}; it has {', '.join(self.kinds)}")
        if kind not in self.kinds:
            raise LookupError(
                f"the runner {kind!r} needs the extra: pip install 'lamplighter-dispatcher[{kind}]'"
            )
        try:
            made: Runner[Any] = point.load()(self._outfit)
        except Exception as fault:
            raise LookupError(f"the runner {kind!r} cannot be loaded: {fault}") from fault
        return made
