"""Keeps jobs at the place of their environment or executor, whoever saves the one while the other changes.

A job carries the place, and no write can be made to depend on an object that it does not write. So both sides look
again after they have written: of two writes that crossed, the later one sees the earlier.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from lamplighter_contracts.jobs import Job
from lamplighter_gateway.access.callers import Caller
from lamplighter_gateway.catalog.contents import Key, Write, key_of
from lamplighter_gateway.gateway import Gateway
from lamplighter_gateway.jobs.places import Places, move, moves
from lamplighter_gateway.named.things import Sort
from lamplighter_runtime.messages import BusUnavailable

HEARD_SECONDS = 5.0


async def hear_own(gateway: Gateway, key: Key) -> None:
    """Until all is known that was written before the newest revision of `key`. Raises `BusUnavailable`."""
    try:
        async with asyncio.timeout(HEARD_SECONDS):
            await gateway.store.hear(gateway.catalog.revision(key))
    except TimeoutError as late:
        raise BusUnavailable(f"the catalog has not been read up to {key.object_id!r}") from late


async def move_jobs(gateway: Gateway, sort: Sort, name: str, by: Caller) -> None:
    """After a change of an environment, an agent or a team: the jobs for which its own batch had no room, and those
    that others saved before it. Interrupted, the next change goes on. Raises `BusUnavailable`."""
    key = sort.key(name)
    await hear_own(gateway, key)

    def writes() -> Sequence[Write]:
        thing = gateway.catalog.find(sort.item, name)
        return moves(thing, gateway.catalog, gateway.now()) if thing else []

    while writes():
        await gateway.change(key, writes, by)


async def move_job(gateway: Gateway, job_id: str, by: Caller) -> None:
    """After a job was saved, which it was whatever becomes of this."""

    def writes() -> Sequence[Write]:
        job = gateway.catalog.find(Job, job_id)
        return move(job, gateway.catalog, gateway.now()) if job else []

    with suppress(BusUnavailable):
        while (job := gateway.catalog.find(Job, job_id)) is not None and job.deleted_at is None:
            await _refresh(gateway, [job_id])
            if not writes():
                return
            await gateway.change(key_of(Job, job_id), writes, by)


async def move_each(gateway: Gateway, job_ids: Sequence[str], by: Caller) -> None:
    """The same for many that were saved together: all that they stand on is asked for at once."""
    with suppress(BusUnavailable):
        await _refresh(gateway, job_ids)
        for job_id in job_ids:
            job = gateway.catalog.find(Job, job_id)
            if job is not None and move(job, gateway.catalog, gateway.now()):
                await move_job(gateway, job_id, by)


async def _refresh(gateway: Gateway, job_ids: Sequence[str]) -> None:
    """What the jobs' places stand on, and what that does: a team may have got another leader."""
    seen = set[Key]()
    while left := _grounds(gateway, job_ids) - seen:
        await gateway.store.refresh(left)
        seen |= left


def _grounds(gateway: Gateway, job_ids: Sequence[str]) -> set[Key]:
    found = (gateway.catalog.find(Job, job_id) for job_id in job_ids)
    places = Places(gateway.catalog)
    return {
        key for job in found if job is not None and job.deleted_at is None for key in places.stands_on(job)
    }
