"""Gives work to an agent behind an address, where the network rules of its environment allow that."""

import httpx2

from lamplighter_contracts import runners
from lamplighter_contracts.reasons import Failed
from lamplighter_dispatcher.outcomes import Ended, Unsuccessful
from lamplighter_dispatcher.runners.contract import Outfit, Session, Work
from lamplighter_dispatcher.runners.exchange import Exchange
from lamplighter_dispatcher.runners.patience import until
from lamplighter_dispatcher.stops import Stop
from lamplighter_outbound import Guard, guarded_client

CONNECT_SECONDS = 10
CANCEL_SECONDS = 5.0
"""How long an agent may take to hear that it is to stop."""
_TIMEOUT = httpx2.Timeout(None, connect=CONNECT_SECONDS)
"""An answer may take as long as the run may: whoever runs it stops it then."""


class HttpRunner:
    def __init__(self, outfit: Outfit) -> None:
        self._grace_seconds = min(outfit.grace_seconds, CANCEL_SECONDS)

    async def run(self, specification: runners.HttpRunner, work: Work, session: Session, stop: Stop) -> Ended:
        headers = _headers(specification, work)
        if isinstance(headers, Unsuccessful):
            return headers
        async with guarded_client(Guard(work.network), timeout=_TIMEOUT) as client:
            exchange = Exchange(client, specification, headers, work, session)
            try:
                return await until(exchange.go(), stop)
            finally:
                await exchange.cancel(self._grace_seconds)


def _headers(specification: runners.HttpRunner, work: Work) -> dict[str, str] | Unsuccessful:
    headers = dict(specification.headers)
    for name, secret in specification.secret_headers.items():
        value = work.secrets.get(secret, "").strip()
        if not value or not value.isprintable():
            lack = "has signs that no header may have" if value else "is not there"
            return Unsuccessful(Failed.REFUSED, f"The secret {secret!r} of the header {name!r} {lack}.")
        headers[name] = value
    return headers
