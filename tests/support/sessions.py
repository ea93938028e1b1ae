"""A session that keeps in memory what a runner tells, and answers as the test says."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from pydantic import JsonValue

from lamplighter_contracts.agents import Agent
from lamplighter_contracts.executions import LogStream
from lamplighter_contracts.runners import Runner
from lamplighter_contracts.usage import Usage
from lamplighter_dispatcher.runners.contract import Allowed, LimitReached, Permission, Work
from lamplighter_vault import Masker

BORN = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


@dataclass
class RecordedStep:
    kind: str
    name: str
    arguments: str = ""
    detail: str = ""
    ended: bool = False
    result: str = ""
    failed: bool = False
    usage: Usage | None = None


@dataclass(frozen=True)
class RecordedEffect:
    name: str
    detail: str = ""
    done: bool = True


@dataclass(frozen=True)
class Call:
    """A call of a tool that was asked for."""

    tool: str
    arguments: Mapping[str, JsonValue]
    has_effect: bool


def _allow(call: Call) -> Permission:
    return Allowed()


@dataclass
class RecordingSession:
    """Everything may, and nothing is limited, unless the test says otherwise. Text is masked as it would be."""

    secrets: Mapping[str, str] = field(default_factory=dict)
    permit: Callable[[Call], Permission] = _allow
    withheld: Sequence[str] = ()
    """Tools that are not offered at all."""
    most_tokens: int | None = None
    most_requests: int | None = None
    most_tool_calls: int | None = None
    effect_fails: Exception | None = None
    """What `effect` raises, such as `BusUnavailable`."""
    output: dict[LogStream, bytes] = field(default_factory=dict)
    """What was written, raw and in order, by stream."""
    steps: list[RecordedStep] = field(default_factory=list)
    effects: list[RecordedEffect] = field(default_factory=list)
    spent: Usage = field(default_factory=Usage)
    calls: list[Call] = field(default_factory=list)
    happened: list[str] = field(default_factory=list)
    """What was told, in order: `write`, `begin NAME`, `end NAME`, `effect NAME`, `spend`, `may TOOL`."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._masker = Masker(self.secrets)

    def lines(self, stream: LogStream = LogStream.STDOUT) -> list[str]:
        return self.mask(self.output.get(stream, b"").decode(errors="replace")).splitlines()

    async def until(self, happened: str) -> None:
        """Wait until that was told. Fails the test where it is not within ten seconds."""
        async with asyncio.timeout(10):
            while happened not in self.happened:
                self._changed.clear()
                await self._changed.wait()

    async def write(self, stream: LogStream, chunk: bytes) -> None:
        self.output[stream] = self.output.get(stream, b"") + chunk
        self._note("write")

    @property
    def result(self) -> str:
        return "\n".join(self.lines()[-20:])

    def mask(self, text: str) -> str:
        return self._masker.text(text)

    async def begin(
        self,
        kind: Literal["tool", "model", "progress", "effect", "approval"],
        name: str,
        *,
        arguments: str = "",
        detail: str = "",
    ) -> int:
        self.steps.append(RecordedStep(kind, name, self.mask(arguments), self.mask(detail)))
        self._note(f"begin {name}")
        return len(self.steps)

    async def end(
        self,
        number: int,
        *,
        result: str = "",
        detail: str = "",
        failed: bool = False,
        usage: Usage | None = None,
    ) -> None:
        step = self.steps[number - 1]
        step.ended, step.result, step.failed, step.usage = True, self.mask(result), failed, usage
        step.detail = self.mask(detail) or step.detail
        self._note(f"end {step.name}")

    async def effect(self, name: str, detail: str = "", *, done: bool = True) -> None:
        if self.effect_fails is not None:
            raise self.effect_fails
        self.effects.append(RecordedEffect(name, self.mask(detail), done))
        self._note(f"effect {name}")

    async def spend(self, usage: Usage) -> None:
        self.spent = self.spent.plus(usage)
        self._note("spend")
        if self.most_tokens is not None and self.spent.tokens > self.most_tokens:
            raise LimitReached("tokens", f"It used {self.spent.tokens} of {self.most_tokens} tokens.")
        if self.most_requests is not None and self.spent.requests > self.most_requests:
            raise LimitReached("requests", f"It made {self.spent.requests} of {self.most_requests} requests.")

    def offers(self, tool: str) -> bool:
        return tool not in self.withheld

    async def may(self, tool: str, arguments: Mapping[str, JsonValue], *, has_effect: bool) -> Permission:
        call = Call(tool, dict(arguments), has_effect)
        self.calls.append(call)
        self._note(f"may {tool}")
        if self.most_tool_calls is not None and len(self.calls) > self.most_tool_calls:
            raise LimitReached("tool_calls", f"It made {len(self.calls)} of {self.most_tool_calls} calls.")
        return self.permit(call)

    def _note(self, what: str) -> None:
        self.happened.append(what)
        self._changed.set()


def agent(runner: Runner, **fields: object) -> Agent:
    given: dict[str, object] = {
        "name": "Worker",
        "agent_id": "worker",
        "created_at": BORN,
        "updated_at": BORN,
    }
    return Agent.model_validate({**given, "runner": runner, **fields})


def work(runner: Runner, prompt: str = "Do it", **fields: object) -> Work:
    """Work for an agent with this runner; `fields` are those of `Work`."""
    given: dict[str, object] = {
        "execution_id": "019caa5c-1a00-7abc-8def-0123456789ab",
        "job_id": "job-1",
        "attempt": 1,
        "payload": None,
        "variables": {},
        "agent": agent(runner),
    }
    return Work(prompt=prompt, **{**given, **fields})  # type: ignore[arg-type]
