"""The policies in force: which of them govern what is asked, and what they say together."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter_ns
from typing import assert_never

from lamplighter_contracts.policies import BuiltInRules, Opa, Policy, PolicyInput, Rego, Verdict
from lamplighter_policies import opa, rego, rules
from lamplighter_policies.attachments import governs
from lamplighter_policies.combining import Answer, combine, digest
from lamplighter_policies.opinions import Failure, Opinion, PolicyFailed


@dataclass(frozen=True, slots=True)
class _Entry:
    policy: Policy
    digest: str
    server: opa.Server | None


class PolicyBook:
    """Policies that are not active are left out. Made anew when one changes: that costs little, since what was
    compiled is kept by content. `token` gives the value of a secret by its environment and its name, as in
    `default.OPA_TOKEN`: a policy has those of its project's own environment."""

    def __init__(self, policies: Sequence[Policy], token: Callable[[str], str | None]) -> None:
        self._entries: Sequence[_Entry] = [_entry(policy, token) for policy in policies if policy.active]

    @property
    def is_empty(self) -> bool:
        return not self._entries

    @property
    def policies(self) -> tuple[Policy, ...]:
        return tuple(entry.policy for entry in self._entries)

    def applying(self, document: PolicyInput) -> "PolicyBook":
        """The book of those that govern the document."""
        selected = PolicyBook((), lambda name: None)
        selected._entries = self._governing(document)
        return selected

    async def decide(self, document: PolicyInput) -> Verdict:
        """Never raises for a policy's sake: one that cannot be asked denies. Servers are asked at the same time."""
        began = perf_counter_ns()
        entries = self._governing(document)
        if remote := [entry for entry in entries if entry.server is not None]:
            told = await asyncio.gather(*(_ask_server(entry, document) for entry in remote))
        else:
            told = []
        answers = told + [_ask_here(entry, document) for entry in entries if entry.server is None]
        took_us = (perf_counter_ns() - began) // 1_000
        return combine(answers).model_copy(update={"took_us": took_us})

    def _governing(self, document: PolicyInput) -> list[_Entry]:
        return [entry for entry in self._entries if governs(entry.policy, document)]

    async def close(self) -> None:
        """Close the connections to servers."""
        await asyncio.gather(*(entry.server.close() for entry in self._entries if entry.server is not None))


def _entry(policy: Policy, token: Callable[[str], str | None]) -> _Entry:
    server = None
    if isinstance(policy.engine, Opa):
        home = policy.project
        server = opa.Server(policy.engine, lambda name: token(f"{home}.{name}"), home)
    return _Entry(policy, digest(policy), server)


async def _ask_server(entry: _Entry, document: PolicyInput) -> Answer:
    assert entry.server is not None
    try:
        opinion: Opinion | Failure = await entry.server.ask(document)
    except PolicyFailed as failed:
        opinion = Failure(str(failed))
    except Exception as fault:  # noqa: BLE001 - whatever goes wrong, a policy that was not heard denies
        opinion = Failure(f"{type(fault).__name__}: {fault}")
    return Answer(entry.policy, entry.digest, opinion)


def _ask_here(entry: _Entry, document: PolicyInput) -> Answer:
    try:
        opinion: Opinion | Failure = _opinion(entry, document)
    except PolicyFailed as failed:
        opinion = Failure(str(failed))
    except Exception as fault:  # noqa: BLE001 - as above
        opinion = Failure(f"{type(fault).__name__}: {fault}")
    return Answer(entry.policy, entry.digest, opinion)


def _opinion(entry: _Entry, document: PolicyInput) -> Opinion:
    match entry.policy.engine:
        case BuiltInRules() as engine:
            return rules.ask(engine, document)
        case Rego() as engine:
            return rego.ask(engine, document)
        case Opa():
            raise AssertionError("a server is asked elsewhere")
        case _:
            assert_never(entry.policy.engine)
