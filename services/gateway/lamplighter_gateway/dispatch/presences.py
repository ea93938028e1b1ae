"""Who is at work, which environments are ready and when tokens were used, as the bus tells it: kept in memory, and
forgotten in time."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from nats.aio.client import Client
from pydantic import ValidationError

from lamplighter_contracts import subjects
from lamplighter_contracts.environments import Readiness
from lamplighter_contracts.streams import PRESENCE, PRESENCE_TTL
from lamplighter_contracts.tokens import TokenUse
from lamplighter_contracts.workers import WorkerState
from lamplighter_gateway.jobs.cautions import Situation
from lamplighter_runtime.following import Following
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.tails import Entry

log = get_logger()

_WORKERS, _USES = subjects.worker(""), subjects.token_use("")


@dataclass(frozen=True, slots=True)
class _Told:
    """`until` is by the clock of whoever listens: those of the workers may differ from it."""

    state: WorkerState
    until: float


class Presences:
    """`follow` runs as long as the gateway does."""

    def __init__(self, client: Client, clock: Callable[[], float] = time.monotonic) -> None:
        told_on = [subjects.ANY_WORKER, subjects.ANY_READINESS, subjects.ANY_TOKEN_USE]
        self._following = Following(client, PRESENCE.name, told_on, self._learn)
        self._clock = clock
        self._workers: dict[str, _Told] = {}
        self._readiness: dict[str, Readiness] = {}
        self._uses: dict[str, TokenUse] = {}

    async def follow(self) -> None:
        await self._following.follow()

    @property
    def workers(self) -> tuple[WorkerState, ...]:
        """Those that were heard of lately, by name."""
        now = self._clock()
        self._workers = {name: told for name, told in self._workers.items() if told.until > now}
        return tuple(self._workers[name].state for name in sorted(self._workers))

    @property
    def situation(self) -> Situation:
        """Of each environment the last word, of whatever revision and age."""
        known = self._following.caught_up
        return Situation(self.workers if known else None, dict(self._readiness))

    def use(self, token_id: str) -> TokenUse | None:
        """Its last use that was told of: another may have been since, within a minute."""
        return self._uses.get(token_id)

    def _learn(self, entry: Entry) -> None:
        name = entry.subject.rpartition(".")[2]
        of_worker, of_token = entry.subject.startswith(_WORKERS), entry.subject.startswith(_USES)
        (self._workers if of_worker else self._uses if of_token else self._readiness).pop(name, None)
        if not entry.body:
            return
        try:
            if of_worker:
                state = WorkerState.model_validate_json(entry.body)
                self._workers[name] = _Told(state, self._clock() + _seconds(entry))
            elif of_token:
                self._uses[name] = TokenUse.model_validate_json(entry.body)
            else:
                self._readiness[name] = Readiness.model_validate_json(entry.body)
        except ValidationError as invalid:
            # What another version says, and this one cannot read, was not said.
            log.warning("presence.unreadable", subject=entry.subject, error=str(invalid)[:300])


def _seconds(entry: Entry) -> float:
    """For which it stands. The last word of a worker that leaves stands for one."""
    told = entry.headers.get("Nats-TTL", "").removesuffix("s")
    return float(told) if told.isdigit() else PRESENCE_TTL.total_seconds()
