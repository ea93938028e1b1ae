"""From the text of a JWT to what its bearer may do here, by an issuer whose keys are kept at hand."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from lamplighter_gateway.access.oidc import claims, jwts
from lamplighter_gateway.access.oidc.claims import Allowed
from lamplighter_gateway.access.oidc.fetching import CannotFetch, fetch_keys
from lamplighter_gateway.access.oidc.jwts import Heading, NotGenuine
from lamplighter_gateway.access.oidc.keys import KeySet
from lamplighter_gateway.access.oidc.settings import OidcSettings
from lamplighter_gateway.web.problems import unavailable
from lamplighter_runtime.logs import get_logger

log = get_logger()

OLD_SECONDS = 600.0
"""After which the keys are read again, in the background."""
AGAIN_SECONDS = 30.0
"""Between two tries, whatever anybody sends: an id of a key that nobody has must not make us ask all the time."""
STALE_SECONDS = 3_600.0
"""So long the last good keys stand while the issuer does not answer: it makes no new JWTs then either, and those that
it made are over by that time."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whom the issuer vouches for, and which of the rules (by place) that meets."""

    subject: str
    name: str
    rules: tuple[int, ...]
    ends_at: datetime


class Issuer:
    """`run` runs as long as the gateway does."""

    def __init__(self, settings: OidcSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._clock = settings, clock
        self._keys = KeySet()
        self._read_at: float | None = None
        self._tried_at: float | None = None
        self._turn = asyncio.Lock()

    @property
    def fingerprint(self) -> str:
        """Of its settings: what `Bearer.rules` means under others is not what it meant."""
        return self._settings.fingerprint

    async def run(self) -> None:
        while True:
            async with self._turn:
                await self.fetch()
            fresh = self._read_at == self._tried_at
            await asyncio.sleep(OLD_SECONDS if fresh else AGAIN_SECONDS)

    async def fetch(self) -> None:
        """Read the keys; where that fails, those from before stand for a while."""
        self._tried_at = self._clock()
        try:
            self._keys = await fetch_keys(self._settings)
        except CannotFetch as why:
            log.warning("oidc.keys_unread", issuer=self._settings.issuer, reason=str(why)[:300])
            return
        self._read_at = self._tried_at
        log.info("oidc.keys_read", issuer=self._settings.issuer, keys=len(self._keys.keys))

    async def prepare(self, text: str) -> None:
        """Read the keys again for a JWT whose key is not among them: the issuer may have made a new one."""
        try:
            wanted = jwts.heading(text)
        except NotGenuine:
            return
        if self._knows(wanted):
            return
        async with self._turn:
            # Others may have waited for the same.
            if not self._knows(wanted) and self._may_try():
                await self.fetch()

    def bearer(self, text: str, now: datetime) -> Bearer:
        """Whose JWT it is, by the keys at hand.

        Raises `NotGenuine`, and a `Problem` (unavailable) where the issuer's keys are not known.
        """
        wanted = jwts.heading(text)
        key = self._current().find(wanted.algorithm, wanted.key_id)
        if key is None:
            raise NotGenuine("its key is not the issuer's")
        told = jwts.claims(text, key, self._settings.issuer, self._settings.audience, now)
        return Bearer(
            subject=told["sub"],
            name=claims.name_of(told, self._settings.name_claim),
            rules=claims.met(told, self._settings.rules),
            ends_at=jwts.ends_at(told, now),
        )

    def allowed(self, rules: Sequence[int]) -> Allowed | None:
        """What those rules allow together; None for none."""
        return claims.together([self._settings.rules[place] for place in rules])

    def _knows(self, wanted: Heading) -> bool:
        return self._keys.find(wanted.algorithm, wanted.key_id) is not None

    def _may_try(self) -> bool:
        return self._tried_at is None or self._clock() - self._tried_at >= AGAIN_SECONDS

    def _current(self) -> KeySet:
        if self._read_at is None or self._clock() - self._read_at > STALE_SECONDS:
            detail = "The identity provider's keys cannot be read; API tokens are good as ever."
            raise unavailable(detail, int(AGAIN_SECONDS))
        return self._keys
