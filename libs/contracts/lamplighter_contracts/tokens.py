"""API tokens as the catalog keeps them: a hash and what it allows, never the token."""

from enum import StrEnum

from lamplighter_contracts.fields import Instant, Model, Name, Slug


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
    sha256: str
    created_at: Instant
    expires_at: Instant | None = None
    revision: int = 0
