"""Policies: what sets them apart from other things that people name. Nobody stands in the way of their end."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, assert_never

from lamplighter_contracts.agents import Agent, Team
from lamplighter_contracts.policies import Attachment, Policy, PolicySpec
from lamplighter_contracts.problems import FieldError, InvalidInput
from lamplighter_contracts.projects import DEFAULT_PROJECT
from lamplighter_gateway.catalog.contents import Catalog
from lamplighter_gateway.catalog.environments import all_environments
from lamplighter_gateway.jobs.checks import missing
from lamplighter_gateway.named.strays import strays
from lamplighter_gateway.named.things import Fields, Sort, Thing, jobs_that_live, strangers
from lamplighter_gateway.web.problems import Problem
from lamplighter_policies.checking import read_policy

_KNOWN = set(PolicySpec.model_fields)
_ANSWERED = frozenset({"policy_id", "revision", "created_at", "updated_at"})


def read_spec(body: Mapping[str, Any], before: PolicySpec | None = None) -> PolicySpec:
    """What a body asks for, laid over what there was; a null is a field left out. Raises `InvalidInput`."""
    errors = [*strangers(body, _KNOWN, _ANSWERED), *strays(PolicySpec, body)]
    kept = before.model_dump(include=_KNOWN) if before else {}
    given = {name: value for name, value in {**kept, **body}.items() if value is not None and name in _KNOWN}
    try:
        spec = read_policy(given)
    except InvalidInput as wrong:
        named = {error.field for error in errors}
        raise InvalidInput([*errors, *(e for e in wrong.errors if e.field not in named)]) from wrong
    if errors:
        raise InvalidInput(errors)
    return spec


def checked(found: Sequence[FieldError]) -> Sort:
    """Policies, where the engine of a body has been looked at, and this was found wrong with it."""
    return replace(POLICIES, read=partial(_read, found))


def _read(
    found: Sequence[FieldError], body: Mapping[str, Any], before: Thing | None, catalog: Catalog
) -> Fields:
    assert before is None or isinstance(before, Policy)
    spec = read_spec(body, before)
    attached = before.attach if before else ()
    if errors := [*found, *_check_attachments(spec.attach, attached, catalog)]:
        raise InvalidInput(errors)
    return {name: getattr(spec, name) for name in PolicySpec.model_fields}


def governs_everything(policy: PolicySpec) -> bool:
    """Also what is of other projects than its own."""
    return any(attachment.kind == "everything" for attachment in policy.attach)


def _guard(before: Thing | None, after: Thing | None, catalog: Catalog) -> None:
    """Who reaches some projects has no say in what governs the others."""
    if catalog is catalog.whole:
        return
    if isinstance(before, Policy) and governs_everything(before):
        detail = (
            f"The policy {before.policy_id!r} governs every project, and your token does not reach them all."
        )
        raise Problem("forbidden", detail)
    if isinstance(after, Policy) and governs_everything(after):
        problem = "is 'everything', and your token does not reach every project: attach it to 'project'"
        raise InvalidInput([FieldError(field="attach", problem=problem)])


def _check_attachments(
    wanted: Sequence[Attachment], attached: Sequence[Attachment], catalog: Catalog
) -> Iterator[FieldError]:
    """What it was attached to may have ended since. A name with a `*` is of those to come, too."""
    for place, attachment in enumerate(wanted):
        if attachment in attached or "*" in attachment.id:
            continue
        known = _known(attachment, catalog)
        if attachment.id not in known:
            yield missing(f"attach.{place}.id", attachment.kind, attachment.id, known)


def _known(attachment: Attachment, catalog: Catalog) -> list[str]:
    match attachment.kind:
        case "everything" | "project":
            # Where nobody gave an id it is the default one, and the kind says all there is to say.
            return sorted({*catalog.projects, DEFAULT_PROJECT})
        case "environment":
            return [environment.environment_id for environment in all_environments(catalog)]
        case "team":
            return [team.team_id for team in catalog.all(Team)]
        case "agent":
            return [agent.agent_id for agent in catalog.all(Agent)]
        case "job":
            return [job.job_id for job in jobs_that_live(catalog)]
        case _:
            assert_never(attachment.kind)


def _no_users(catalog: Catalog, name: str) -> list[str]:
    return []


POLICIES = Sort(
    "policy",
    Policy,
    partial(_read, ()),
    _no_users,
    guard=_guard,
    fields=frozenset(_KNOWN),
    plural="policies",
)
