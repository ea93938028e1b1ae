"""The secrets that policies ask their servers with."""

from collections.abc import Sequence
from contextlib import suppress

from lamplighter_contracts.environments import SealedSecret
from lamplighter_contracts.policies import Opa, Policy
from lamplighter_gateway.catalog.contents import secret_key
from lamplighter_gateway.catalog.views import within
from lamplighter_gateway.gateway import Gateway
from lamplighter_vault import CannotOpen


def tokens_of(gateway: Gateway, policies: Sequence[Policy]) -> dict[str, str]:
    """Values by environment and name, as in `default.OPA_TOKEN`: each of the environment of the policy's project's own
    name. One that is not there, or cannot be opened, is told of by the verdict."""
    tokens = {}
    for policy in policies:
        name = policy.engine.token if isinstance(policy.engine, Opa) else None
        if name is None:
            continue
        key = secret_key(policy.project, name)
        # Whoever asks: what governs everything governs also who does not see it.
        secret = within(gateway.catalog.whole, policy.project).find(SealedSecret, key.object_id)
        with suppress(CannotOpen):
            if secret is not None:
                tokens[key.object_id] = gateway.settings.ring.open(policy.project, name, secret.sealed)
    return tokens
