"""How the checks of environments went, as all dispatchers say: heard, and kept at hand."""

from collections.abc import Mapping

from nats.aio.client import Client
from pydantic import ValidationError

from lamplighter_contracts import subjects
from lamplighter_contracts.environments import Readiness
from lamplighter_contracts.streams import PRESENCE
from lamplighter_runtime.following import Following
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.tails import Entry

log = get_logger()


class Board:
    """`follow` runs as long as the dispatcher does."""

    def __init__(self, client: Client) -> None:
        self._following = Following(client, PRESENCE.name, [subjects.ANY_READINESS], self._learn)
        self._said: dict[str, Readiness] = {}

    async def follow(self) -> None:
        await self._following.follow()

    def said(self) -> Mapping[str, Readiness]:
        """By environment."""
        return self._said

    def _learn(self, entry: Entry) -> None:
        environment_id = entry.subject.rpartition(".")[2]
        self._said.pop(environment_id, None)
        if not entry.body:
            return
        try:
            self._said[environment_id] = Readiness.model_validate_json(entry.body)
        except ValidationError as invalid:
            log.warning("presence.unreadable", subject=entry.subject, error=str(invalid)[:300])
