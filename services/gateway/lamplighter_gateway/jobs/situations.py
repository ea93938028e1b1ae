"""What is known of workers, environments and policies now, for all that is said about jobs and agents."""

from lamplighter_contracts.jobs import Job
from lamplighter_contracts.policies import Effect, Opa, Policy, PolicyInput, Verdict
from lamplighter_contracts.problems import InvalidInput
from lamplighter_gateway.gateway import Gateway
from lamplighter_gateway.jobs.cautions import Cautions
from lamplighter_gateway.named.policies import governs_everything
from lamplighter_gateway.policing.questions import document_of_save
from lamplighter_gateway.policing.tokens import tokens_of


def cautions_of(gateway: Gateway) -> Cautions:
    return Cautions(gateway.catalog, gateway.presences.situation)


async def policy_warnings(gateway: Gateway, job: Job, *, saved: bool) -> list[str]:
    """What policies say to the job as it is. Where it was only read, no server is asked for it."""
    remote = any(isinstance(policy.engine, Opa) for policy in in_force(gateway))
    if job.deleted_at is not None or (remote and not saved):
        return []
    try:
        document = document_of_save(job, gateway.catalog, gateway.now())
    except InvalidInput:
        # Its environment went this moment.
        return []
    verdict = await verdict_of(gateway, document)
    return [sentence] if (sentence := verdict_words(verdict)) else []


async def verdict_of(gateway: Gateway, document: PolicyInput) -> Verdict:
    """What all policies in force say together."""
    policies = in_force(gateway)
    if not policies:
        return Verdict()
    return await gateway.policies.decide(policies, document, tokens_of(gateway, policies))


def in_force(gateway: Gateway) -> list[Policy]:
    """Those of the projects that are seen, and those that govern every project."""
    catalog = gateway.catalog
    return [
        policy
        for policy in catalog.whole.all(Policy)
        if policy.active and (catalog.reaches(policy.project) or governs_everything(policy))
    ]


def verdict_words(verdict: Verdict) -> str | None:
    reason = verdict.reason.rstrip(".")
    match verdict.effect:
        case Effect.ALLOW:
            return None
        case Effect.APPROVAL:
            return f"By policy it waits for a person's approval before it begins: {reason}."
        case Effect.DENY:
            return f"By policy it is denied: {reason}."
