"""What a batch of executions has to be admitted by, read all at once: catalog, policies, readiness, workers."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from nats.aio.client import Client

from lamplighter_contracts.environments import Environment, Readiness
from lamplighter_contracts.events import JobDue
from lamplighter_contracts.jobs import SmartExecutor
from lamplighter_contracts.workers import WorkerState
from lamplighter_dispatcher.admission.catalog import read_catalog
from lamplighter_dispatcher.admission.directory import KINDS, Directory
from lamplighter_dispatcher.admission.plans import Catalog
from lamplighter_dispatcher.admission.policing import Policing
from lamplighter_dispatcher.admission.sightings import read_all, read_readiness

_Sighted = tuple[dict[str, Readiness], tuple[WorkerState, ...]]


class Surroundings:
    """What the directory has heard says what to ask for, so that all of it is asked at the same time."""

    def __init__(self, client: Client, directory: Directory, policing: Policing) -> None:
        self._client = client
        self._directory = directory
        self._policing = policing

    async def read(self, dues: Sequence[JobDue]) -> Catalog:
        """One round trip, as a rule. Raises `BusUnavailable`."""
        smart = any(is_open(due) for due in dues)
        guess, keys = self._directory.catalog, self._policing.keys
        # Now, for the guess changes as news come in.
        checked = _checked(dues, guess)
        catalog, (readiness, workers), _ = await asyncio.gather(
            read_catalog(self._client, dues, guess, keys),
            self._sighted(checked, smart),
            self._directory.fence(list(KINDS) if smart else ["policies"]),
        )
        if self._policing.keys - keys:
            # A policy was saved meanwhile that asks for more.
            catalog = await read_catalog(self._client, dues, guess, self._policing.keys)
        self._policing.learn(catalog.secrets)
        unseen = _checked(dues, catalog) - checked
        if unseen:
            readiness |= await read_readiness(self._client, unseen)
        return replace(catalog, readiness=readiness, workers=workers)

    async def _sighted(self, checked: set[str], smart: bool) -> _Sighted:
        if smart:
            return await read_all(self._client)
        return (await read_readiness(self._client, checked) if checked else {}), ()


def is_open(due: JobDue) -> bool:
    """Whether it has yet to be chosen who does it."""
    return isinstance(due.job.executor, SmartExecutor) and due.choice is None


def _checked(dues: Sequence[JobDue], catalog: Catalog) -> set[str]:
    """The environments of these jobs that are there only while a check says so."""
    found: list[Environment | None] = [catalog.environments.get(due.job.environment) for due in dues]
    return {one.environment_id for one in found if one is not None and one.check is not None}
