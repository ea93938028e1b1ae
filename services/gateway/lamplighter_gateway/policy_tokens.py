"""The secrets that policies ask their servers with."""

from collections.abc import Sequence
from contextlib import suppress

from lamplighter_contracts.environments import DEFAULT_ENVIRONMENT, SealedSecret
from lamplighter_contracts.policies import Opa, Policy
from lamplighter_gateway.catalog import secret_key
from lamplighter_gateway.gateway import Gateway
from lamplighter_vault import CannotOpen


def tokens_of(gateway: Gateway, policies: Sequence[Policy]) -> dict[str, str]:
    """Values by name. One that is not there, or cannot be opened, is told of by the verdict."""
    engines = [policy.engine for policy in policies if isinstance(policy.engine, Opa)]
    tokens = {}
    for name in [engine.token for engine in engines if engine.token]:
        secret = gateway.catalog.find(SealedSecret, secret_key(DEFAULT_ENVIRONMENT, name).object_id)
        with suppress(CannotOpen):
            if secret is not None:
                tokens[name] = gateway.settings.ring.open(DEFAULT_ENVIRONMENT, name, secret.sealed)
    return tokens
