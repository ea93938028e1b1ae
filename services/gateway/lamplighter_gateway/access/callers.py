"""Who sent a request, once it is known."""

from dataclasses import dataclass
from datetime import datetime

from lamplighter_contracts.audit import SYSTEM
from lamplighter_contracts.projects import EVERY_PROJECT, reaches
from lamplighter_contracts.queries import Projects
from lamplighter_contracts.tokens import Role

OIDC = "oidc:"
"""What the actor of somebody begins with whom an identity provider vouches for."""


@dataclass(frozen=True, slots=True)
class Caller:
    """`actor` is a token's id, or `oidc:<subject>`; `address` is where the request came from."""

    actor: str
    name: str
    role: Role
    projects: tuple[str, ...] = (EVERY_PROJECT,)
    address: str = ""
    expires_at: datetime | None = None
    """When what it came in with ends: the session, else the token or the JWT."""
    session_id: str = ""
    """Empty where it did not come in with a browser's cookie."""

    def reaches(self, project: str) -> bool:
        """Whether it may know of what belongs to the project."""
        return reaches(self.projects, project)

    @property
    def scope(self) -> Projects:
        """The projects it reaches, as a question to history names them."""
        return None if EVERY_PROJECT in self.projects else self.projects


LAMPLIGHTER = Caller(SYSTEM, "Lamplighter", Role.ADMIN)
"""The author of what a gateway writes by itself."""
