"""Which policies govern what is asked."""

from typing import assert_never

from lamplighter_contracts.policies import Attachment, PolicyAction, PolicyInput, PolicySpec
from lamplighter_policies.patterns import any_matches


def governs(policy: PolicySpec, document: PolicyInput) -> bool:
    """Whether any of its attachments holds for the document. A policy knows of its own project alone, unless it is
    attached to everything."""
    at_home = policy.project == document.job.project
    return any(
        attachment.kind == "everything" or (at_home and _holds(attachment, document))
        for attachment in policy.attach
    )


def agents_of(document: PolicyInput) -> tuple[str, ...]:
    """Whom a word about agents is about: the one that calls a tool; otherwise all who would take part."""
    executor = document.executor
    alone = (executor.agent_id,) if executor.agent_id else ()
    if document.action is PolicyAction.TOOL:
        return alone
    return (*alone, *executor.members)


def _holds(attachment: Attachment, document: PolicyInput) -> bool:
    match attachment.kind:
        case "everything" | "project":
            return True
        case "environment":
            names: tuple[str, ...] = (document.environment.environment_id,)
        case "team":
            names = (document.executor.team_id,) if document.executor.team_id else ()
        case "agent":
            names = agents_of(document)
        case "job":
            names = (document.job.job_id,)
        case _:
            assert_never(attachment.kind)
    return any_matches((attachment.id,), names)
