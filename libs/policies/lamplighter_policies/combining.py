"""All that policies say of what is asked, as one verdict. In whatever order they say it, the verdict is the same."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lamplighter_contracts.policies import Applied, Effect, Policy, Verdict
from lamplighter_policies.constraining import united
from lamplighter_policies.opinions import Failure, Opinion

_STRENGTH = {effect: place for place, effect in enumerate(Effect)}
"""Effects are declared from the weakest to the strongest."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one policy said. `digest` is that of the policy."""

    policy: Policy
    digest: str
    opinion: Opinion | Failure


def digest(policy: Policy) -> str:
    """The same for the same id, revision and content, wherever it is computed."""
    content = policy.model_dump_json(exclude={"created_at", "updated_at"})
    return hashlib.sha256(content.encode()).hexdigest()


def combine(answers: Sequence[Answer]) -> Verdict:
    """The strongest effect wins, and of limits the lowest. What is on trial (`dry_run`) is told and never counts."""
    ordered = sorted(answers, key=lambda answer: answer.policy.policy_id)
    binding = [answer for answer in ordered if not answer.policy.dry_run]
    applied = tuple(one for answer in ordered for one in _applied(answer))
    return Verdict(
        effect=strongest(one.effect for one in applied if not one.dry_run),
        applied=applied,
        constraints=united(a.opinion.constraints for a in binding if isinstance(a.opinion, Opinion)),
        failed=any(isinstance(answer.opinion, Failure) for answer in binding),
        policy_hash=_hash(ordered),
    )


def strongest(effects: Iterable[Effect]) -> Effect:
    return max(effects, key=_STRENGTH.__getitem__, default=Effect.ALLOW)


def _applied(answer: Answer) -> list[Applied]:
    policy = answer.policy
    about = {"policy_id": policy.policy_id, "revision": policy.revision, "dry_run": policy.dry_run}
    match answer.opinion:
        case Failure(detail=detail):
            message = f"The policy {policy.policy_id!r} could not be asked: {detail}"
            return [Applied(**about, effect=Effect.DENY, message=message)]
        case Opinion(said=said):
            return [Applied(**about, effect=s.effect, rule=s.rule, message=s.message) for s in said]


def _hash(answers: Sequence[Answer]) -> str:
    if not answers:
        return ""
    return hashlib.sha256("".join(answer.digest for answer in answers).encode()).hexdigest()
