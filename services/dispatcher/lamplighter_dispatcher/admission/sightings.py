"""What was said last of environments and of workers, by whoever is there now."""

from collections.abc import Iterable
from typing import TypeVar

from nats.aio.client import Client
from pydantic import ValidationError

from lamplighter_contracts import subjects
from lamplighter_contracts.environments import Readiness
from lamplighter_contracts.fields import Model
from lamplighter_contracts.streams import PRESENCE
from lamplighter_contracts.workers import WorkerState
from lamplighter_runtime.latest import Last, last_matching, last_messages
from lamplighter_runtime.logs import get_logger

log = get_logger()

MOST = 1_000

M = TypeVar("M", bound=Model)


async def read_readiness(client: Client, environment_ids: Iterable[str]) -> dict[str, Readiness]:
    """Of those that were checked. Raises `BusUnavailable`."""
    wanted = [subjects.readiness(environment_id) for environment_id in environment_ids]
    found = await last_messages(client, PRESENCE.name, wanted)
    return _by_environment(found.values())


async def read_all(client: Client) -> tuple[dict[str, Readiness], tuple[WorkerState, ...]]:
    """Of all environments, and all workers that are there. Raises `BusUnavailable`."""
    patterns = [subjects.ANY_WORKER, subjects.ANY_READINESS]
    found = await last_matching(client, PRESENCE.name, patterns, MOST)
    workers = [last for last in found if last.subject.startswith(subjects.worker(""))]
    checks = [last for last in found if last.subject.startswith(subjects.readiness(""))]
    return _by_environment(checks), tuple(_read(WorkerState, workers))


def _by_environment(found: Iterable[Last]) -> dict[str, Readiness]:
    return {one.environment_id: one for one in _read(Readiness, found)}


def _read(model: type[M], found: Iterable[Last]) -> list[M]:
    """What cannot be read was not said. An empty message is the last of whoever is gone."""
    read = []
    for last in found:
        if not last.body:
            continue
        try:
            read.append(model.model_validate_json(last.body))
        except ValidationError as invalid:
            log.warning("presence.unreadable", subject=last.subject, error=str(invalid)[:300])
    return read
