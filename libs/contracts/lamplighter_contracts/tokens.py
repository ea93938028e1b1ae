"""API tokens as the catalog keeps them: a hash and what it allows, never the token."""

from enum import StrEnum

from pydantic import Field

from lamplighter_contracts.fields import Instant, Model, Name, Slug
from lamplighter_contracts.projects import EVERY_PROJECT, ProjectReach


class Role(StrEnum):
    """What a token may do, each role all that the one before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    EDITOR = "editor"
    ADMIN = "admin"

    def reaches(self, needed: "Role") -> bool:
        order = list(Role)
        return order.index(self) >= order.index(needed)


class Token(Model):
    token_id: Slug
    name: Name
    role: Role
    projects: tuple[ProjectReach, ...] = Field(default=(EVERY_PROJECT,), min_length=1, max_length=64)
    """Those that it reaches. A token of before there were projects reaches them all."""
    sha256: str
    created_at: Instant
    created_by: str = ""
    expires_at: Instant | None = None
    revision: int = 0


class TokenUse(Model):
    """When a token was last used, as the gateway that saw it says now and then."""

    token_id: Slug
    used_at: Instant
    address: str = ""
