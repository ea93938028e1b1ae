"""All secrets of the catalog, as it keeps them: sealed; and whether a service has their keys."""

from nats.aio.client import Client

from lamplighter_contracts import subjects
from lamplighter_contracts.environments import SealedSecret
from lamplighter_contracts.streams import CATALOG
from lamplighter_runtime.catalog import read_item
from lamplighter_runtime.latest import last_messages, subject_pages
from lamplighter_runtime.logs import get_logger
from lamplighter_vault import KeyRing, wrong_keys

log = get_logger()


class WrongKeys(RuntimeError):
    """The stored secrets cannot be opened with the keys that were given."""


async def all_sealed(client: Client) -> list[SealedSecret]:
    """Raises `BusUnavailable`."""
    found = list[SealedSecret]()
    async for page in subject_pages(client, CATALOG.name, subjects.catalog("secrets", ">")):
        for last in (await last_messages(client, CATALOG.name, page)).values():
            if secret := read_item(SealedSecret, last):
                found.append(secret)
    return found


async def check_keys(client: Client, ring: KeyRing) -> None:
    """Before a service serves: whether its keys are those that the stored secrets were sealed with.

    Raises `WrongKeys` with a sentence, `BusUnavailable`.
    """
    if problem := wrong_keys(await all_sealed(client), ring):
        log.critical("vault.wrong_keys", detail=problem)
        raise WrongKeys(problem)
