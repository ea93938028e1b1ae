"""The catalog's newest revisions of what a batch of executions refers to."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from nats.aio.client import Client
from pydantic import ValidationError

from lamplighter_contracts import subjects
from lamplighter_contracts.agents import Agent, Team
from lamplighter_contracts.environments import Environment, SealedSecret
from lamplighter_contracts.events import JobDue
from lamplighter_contracts.streams import CATALOG
from lamplighter_dispatcher.admission.plans import Catalog
from lamplighter_dispatcher.admission.references import references
from lamplighter_runtime.catalog import read_item
from lamplighter_runtime.latest import Last, last_messages
from lamplighter_runtime.logs import get_logger

log = get_logger()

M = TypeVar("M", Agent, Team, Environment, SealedSecret)


async def read_catalog(
    client: Client, dues: Sequence[JobDue], known: Catalog, besides: Iterable[str] = ()
) -> Catalog:
    """The newest, also where `known` is older: that only says what to ask for, so that one round trip is enough
    for the whole batch as a rule. `besides` are keys that are wanted in any case. Raises `BusUnavailable`."""
    reading = _Reading(known)
    wanted = {key for due in dues for key in references(due, known)} | set(besides)
    while wanted:
        found = await last_messages(client, CATALOG.name, [subjects.CATALOG_PREFIX + key for key in wanted])
        for key in wanted:
            reading.add(key, found.get(subjects.CATALOG_PREFIX + key))
        wanted = {key for due in dues for key in references(due, reading.catalog)} - reading.asked
    return reading.catalog


class _Reading:
    """What has been read so far. Of a revision that is known already nothing is parsed again."""

    def __init__(self, known: Catalog) -> None:
        self._known = known
        self._agents: dict[str, Agent | None] = {}
        self._teams: dict[str, Team | None] = {}
        self._environments: dict[str, Environment | None] = {}
        self._secrets: dict[tuple[str, str], SealedSecret | None] = {}
        self.asked: set[str] = set()
        self.catalog = Catalog(self._agents, self._teams, self._environments, self._secrets)

    def add(self, key: str, last: Last | None) -> None:
        self.asked.add(key)
        kind, object_id, *rest = key.split(".", 2)
        match kind:
            case "agents":
                _put(self._agents, object_id, Agent, last, self._known.agents.get(object_id))
            case "teams":
                _put(self._teams, object_id, Team, last, self._known.teams.get(object_id))
            case "environments":
                _put(
                    self._environments, object_id, Environment, last, self._known.environments.get(object_id)
                )
            case "secrets":
                _put(self._secrets, (object_id, rest[0]), SealedSecret, last)


K = TypeVar("K")


def _put(into: dict[K, M | None], key: K, model: type[M], last: Last | None, known: M | None = None) -> None:
    """None where it is there and cannot be read; not at all where it is not there."""
    if last is not None and known is not None and known.revision == last.sequence:
        into[key] = known
        return
    try:
        item = read_item(model, last)
    except ValidationError as invalid:
        log.warning("catalog.unreadable", subject=last.subject if last else "", error=str(invalid)[:300])
        into[key] = None
        return
    if item is not None:
        into[key] = item
