"""Has policies looked at and tried by a process apart: a module in Rego takes as long as it likes, and stops for
nobody. What is kept here was looked at so, and is asked in the process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import Field, TypeAdapter

from lamplighter_contracts.fields import Model
from lamplighter_contracts.policies import (
    Applied,
    Effect,
    Policy,
    PolicyInput,
    PolicySpec,
    Rego,
    Verdict,
)
from lamplighter_contracts.problems import FieldError
from lamplighter_gateway.apart import Worker
from lamplighter_policies import PolicyBook, check_policy

AT_ONCE = 2
"""Looked at or tried at a time: others wait for their turn."""
SECONDS = 25.0
"""The most that a try may take: a server that is asked has its own, shorter time."""
TOO_MUCH = (
    "takes too long or too much memory to compile or to decide: make it simpler, or use the engine 'opa'"
)


class Task(Model):
    """With a `spec`: what is wrong with it? With a `document`: what do the policies say to it?"""

    spec: PolicySpec | None = None
    document: PolicyInput | None = None
    policies: tuple[Policy, ...] = ()
    tokens: dict[str, str] = Field(default_factory=dict)
    """Secrets that servers are asked with, by environment and name."""


ERRORS: TypeAdapter[list[FieldError]] = TypeAdapter(list[FieldError])


@dataclass
class PolicyDesk:
    worker: Worker = field(
        default_factory=lambda: Worker("lamplighter_gateway.policing.worker", SECONDS, AT_ONCE)
    )

    async def check(self, spec: PolicySpec) -> list[FieldError]:
        if not isinstance(spec.engine, Rego):
            return check_policy(spec)
        said = await self.worker.ask(Task(spec=spec).model_dump_json().encode())
        if said is None:
            return [FieldError(field="engine.module", problem=TOO_MUCH)]
        return ERRORS.validate_json(said)

    async def decide(
        self, policies: Sequence[Policy], document: PolicyInput, tokens: Mapping[str, str]
    ) -> Verdict:
        """What policies say that are kept."""
        book = PolicyBook(policies, tokens.get)
        try:
            return await book.decide(document)
        finally:
            await book.close()

    async def try_out(
        self, policies: Sequence[Policy], document: PolicyInput, tokens: Mapping[str, str]
    ) -> Verdict:
        """What policies say to a document that somebody made up: apart, where a module has to read it."""
        if not any(isinstance(policy.engine, Rego) for policy in policies):
            return await self.decide(policies, document, tokens)
        task = Task(policies=tuple(policies), document=document, tokens=dict(tokens))
        said = await self.worker.ask(task.model_dump_json().encode())
        return _too_much(policies) if said is None else Verdict.model_validate_json(said)


def _too_much(policies: Sequence[Policy]) -> Verdict:
    applied = tuple(
        Applied(
            policy_id=policy.policy_id,
            revision=policy.revision,
            effect=Effect.DENY,
            message=f"It, or one that it was asked with, {TOO_MUCH}.",
        )
        for policy in policies
        if isinstance(policy.engine, Rego)
    )
    return Verdict(effect=Effect.DENY, applied=applied, failed=True)
