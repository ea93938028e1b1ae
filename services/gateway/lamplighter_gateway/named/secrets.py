"""Secrets of environments: set, deleted, sealed anew. Their values come in, and never go out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lamplighter_contracts.environments import Environment, SealedSecret
from lamplighter_contracts.fields import is_name, rfc3339
from lamplighter_contracts.problems import FieldError, InvalidInput
from lamplighter_gateway.catalog.contents import Catalog, Write, secret_key
from lamplighter_gateway.catalog.environments import find_environment
from lamplighter_gateway.named.environments import secrets_of
from lamplighter_gateway.web.problems import Problem, not_found
from lamplighter_vault import CannotOpen, KeyRing

LEAST_BYTES, MOST_BYTES = 6, 32_768
"""Shorter ones could not be told from other text where they have to be masked."""
MOST_AT_ONCE = 100
"""Secrets that are sealed anew in one batch."""

Wire = dict[str, Any]


@dataclass(frozen=True)
class Secrets:
    """Decides over the catalog at an instant. Raises `Problem` and `InvalidInput`, and never writes."""

    catalog: Catalog
    ring: KeyRing
    now: datetime
    by: str

    def put(self, environment_id: str, name: str, value: str) -> list[Write]:
        """The values before it are gone with it."""
        self.check(environment_id)
        key = secret_key(environment_id, name)
        before = self.catalog.find(SealedSecret, key.object_id)
        secret = SealedSecret(
            environment_id=environment_id,
            name=name,
            sealed=self.ring.seal(environment_id, name, value),
            version=before.version + 1 if before else 1,
            created_at=before.created_at if before else self.now,
            updated_at=self.now,
            updated_by=self.by,
        )
        return [self.catalog.following(key, secret, purge=True)]

    def delete(self, environment_id: str, name: str) -> list[Write]:
        self.check(environment_id)
        self.find(environment_id, name)
        return [self.catalog.following(secret_key(environment_id, name), None, purge=True)]

    def forget(self, environment_id: str) -> list[Write]:
        """Those of an environment that is gone: somebody set them while it went."""
        left = secrets_of(self.catalog, environment_id)[:MOST_AT_ONCE]
        return [
            self.catalog.following(secret_key(environment_id, one.name), None, purge=True) for one in left
        ]

    def reseal(self) -> list[Write]:
        """Those that another key than the first one sealed, with that; some of them where they are many."""
        stale = [one for one in self.catalog.all(SealedSecret) if self._is_stale(one)]
        return [self._resealed(secret) for secret in stale[:MOST_AT_ONCE]]

    def find(self, environment_id: str, name: str) -> SealedSecret:
        found = self.catalog.find(SealedSecret, secret_key(environment_id, name).object_id)
        if found is None:
            raise not_found(f"secret of the environment {environment_id!r} called", name)
        return found

    def check(self, environment_id: str) -> Environment:
        """Raises `Problem`."""
        found = find_environment(environment_id, self.catalog)
        if found is None:
            raise not_found("environment", environment_id)
        return found

    def answer(self, secret: SealedSecret) -> Wire:
        """All but what is sealed."""
        return {
            "name": secret.name,
            "version": secret.version,
            "created_at": rfc3339(secret.created_at),
            "updated_at": rfc3339(secret.updated_at),
            "updated_by": secret.updated_by,
            "key_id": self.ring.key_id(secret.sealed),
        }

    def _is_stale(self, secret: SealedSecret) -> bool:
        try:
            return self.ring.is_stale(secret.sealed)
        except CannotOpen as cannot:
            raise Problem("conflict", str(cannot)) from cannot

    def _resealed(self, secret: SealedSecret) -> Write:
        place = secret.environment_id, secret.name
        try:
            sealed = self.ring.seal(*place, self.ring.open(*place, secret.sealed))
        except CannotOpen as cannot:
            raise Problem("conflict", str(cannot)) from cannot
        return self.catalog.following(
            secret_key(*place), secret.model_copy(update={"sealed": sealed}), purge=True
        )


def read_name(name: str) -> str:
    """Raises `InvalidInput`."""
    if is_name(name):
        return name
    problem = "must be a variable's name: letters, digits and _, not a digit first, 128 characters at most"
    raise InvalidInput([FieldError(field="name", problem=problem)])


def read_value(body: Mapping[str, Any]) -> str:
    """Raises `InvalidInput`, which holds nothing of what was given."""
    value, wrong = body.get("value"), []
    if body.keys() - {"value"}:
        wrong.append(FieldError(field="body", problem="has a field that is not known; known is value"))
    if value is None:
        wrong.append(FieldError(field="value", problem="is missing"))
    elif not isinstance(value, str):
        wrong.append(FieldError(field="value", problem="must be text"))
    elif problem := _problem(value):
        wrong.append(FieldError(field="value", problem=problem))
    if wrong:
        raise InvalidInput(wrong)
    assert isinstance(value, str)
    return value


def _problem(value: str) -> str | None:
    if "\0" in value:
        return "must not hold a NUL, which no variable and no header can"
    if not LEAST_BYTES <= len(value.encode()) <= MOST_BYTES:
        return f"must have {LEAST_BYTES} to {MOST_BYTES:,} bytes"
    return None
