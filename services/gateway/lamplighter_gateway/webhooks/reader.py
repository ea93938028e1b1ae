"""Reads genuine deliveries: small ones here, large ones and those with an expression by processes apart."""

from dataclasses import dataclass, field
from typing import Any

from lamplighter_contracts.bodies import LARGEST_INLINE
from lamplighter_contracts.payloads import MalformedBody
from lamplighter_gateway.apart import Exhausted, Standing
from lamplighter_gateway.web.problems import Problem, unavailable
from lamplighter_gateway.webhooks.claims import Claim, claim_of
from lamplighter_gateway.webhooks.reading import Question, Reading, read
from lamplighter_gateway.webhooks.reading_worker import Found

AT_ONCE = 2
SECONDS = 15.0
"""The most that a reading may take, its turn among others not counted: its process has a bound of its own in CPU."""
TOO_MUCH = "takes too long, or too much memory, on this delivery"


@dataclass
class Reader:
    apart: Standing = field(
        default_factory=lambda: Standing("lamplighter_gateway.webhooks.reading_worker", SECONDS, AT_ONCE)
    )

    async def read(self, question: Question, body: bytes) -> Reading:
        """Raises a `Problem` for a body that is not what its content type says, or that is too much to read."""
        large = len(body) > LARGEST_INLINE
        claim, payload = (None, None) if large else _read(question, body)
        if claim and (claim.is_ping or not _asks(question)):
            return Reading(claim, payload=payload)
        try:
            found = await self._ask(question, body)
        except Exhausted as exhausted:
            if not _asks(question):
                raise Problem("body-too-large", "The body is too much to read.") from exhausted
            claim = claim or claim_of(question.scheme, question.headers, None, body)
            return Reading(claim, unwanted=f"The filter {TOO_MUCH}.", payload=payload)
        said = found.claim or claim
        assert said is not None
        return Reading(said, found.unwanted, found.group, payload)

    async def _ask(self, question: Question, body: bytes) -> Found:
        """Raises `Exhausted`, `Problem`."""
        try:
            said = await self.apart.ask(question.model_dump_json().encode(), body)
        except TimeoutError as slow:
            raise unavailable("The delivery could not be read in time.") from slow
        found = Found.model_validate_json(said)
        if found.problem:
            raise Problem("malformed-json", found.problem)
        return found

    async def close(self) -> None:
        await self.apart.close()


def _asks(question: Question) -> bool:
    return bool(question.filter or question.gather_by)


def _read(question: Question, body: bytes) -> tuple[Claim, Any]:
    try:
        return read(question, body)
    except MalformedBody as malformed:
        raise Problem("malformed-json", str(malformed)) from malformed
