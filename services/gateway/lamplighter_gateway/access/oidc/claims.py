"""What somebody may do, by the claims of a genuine JWT. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

from lamplighter_contracts.tokens import Role
from lamplighter_gateway.access.grants import Projects

LONGEST_SUBJECT = 255
"""OpenID Connect Core 1.0, section 2: that many characters of ASCII."""
LONGEST_NAME = 200
MOST_PARTS = 8

Claims = Mapping[str, Any]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Rule(BaseModel):
    """Whose claim is `value`, or a list that holds it, has the role in these projects."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    claim: Text
    """Its name; `realm_access.roles` is `roles` inside of `realm_access`, where no claim has the whole name."""
    value: Text
    role: Role
    projects: Projects


@dataclass(frozen=True, slots=True)
class Allowed:
    role: Role
    projects: tuple[str, ...]


def met(claims: Claims, rules: Sequence[Rule]) -> tuple[int, ...]:
    """The places of the rules that match."""
    return tuple(place for place, rule in enumerate(rules) if _holds(find(claims, rule.claim), rule.value))


def together(rules: Sequence[Rule]) -> Allowed | None:
    """The highest role of all, in the projects of all; None where there are no rules."""
    if not rules:
        return None
    order = list(Role)
    projects = dict.fromkeys(project for rule in rules for project in rule.projects)
    return Allowed(max((rule.role for rule in rules), key=order.index), tuple(projects))


def find(claims: Claims, name: str) -> Any:
    """A claim by its name, or by its path; None where there is none."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split(".", MOST_PARTS):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def is_subject(subject: object) -> bool:
    """Whether it can stand in a header, and in a log."""
    return (
        isinstance(subject, str)
        and 0 < len(subject) <= LONGEST_SUBJECT
        and subject.isascii()
        and subject.isprintable()
    )


def name_of(claims: Claims, claim: str) -> str:
    """What to call somebody: that claim, else what else there is."""
    for name in (claim, "preferred_username", "email", "sub"):
        found = find(claims, name)
        if isinstance(found, str) and found.strip():
            return "".join(c for c in found.strip() if c.isprintable())[:LONGEST_NAME]
    return ""


def _holds(found: Any, value: str) -> bool:
    return found == value if isinstance(found, str) else isinstance(found, list) and value in found
