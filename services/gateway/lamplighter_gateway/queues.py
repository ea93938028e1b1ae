"""Keeps jobs on the queue of their environment, whoever saves the one while the other changes.

A job carries the queue, and no write can be made to depend on an object that it does not write. So both sides look
again after they have written: of two writes that crossed, the later one sees the earlier.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from lamplighter_contracts.environments import Environment
from lamplighter_contracts.jobs import Job
from lamplighter_gateway.catalog import Write, key_of
from lamplighter_gateway.environments import move, moves
from lamplighter_gateway.gateway import Gateway
from lamplighter_runtime.messages import BusUnavailable

HEARD_SECONDS = 5.0


async def move_jobs(gateway: Gateway, environment_id: str, by: str) -> None:
    """After a change of an environment: the jobs for which its own batch had no room, and those that others saved
    before it. Interrupted, the next change of the environment goes on. Raises `BusUnavailable`."""
    key = key_of(Environment, environment_id)
    try:
        async with asyncio.timeout(HEARD_SECONDS):
            await gateway.store.hear(gateway.catalog.revision(key))
    except TimeoutError as late:
        raise BusUnavailable(f"the catalog has not been read up to {environment_id!r}") from late

    def writes() -> Sequence[Write]:
        environment = gateway.catalog.find(Environment, environment_id)
        return moves(environment, gateway.catalog, gateway.now()) if environment else []

    while writes():
        await gateway.change(key, writes, by)


async def move_job(gateway: Gateway, job_id: str, by: str) -> None:
    """After a job was saved, which it was whatever becomes of this."""

    def writes() -> Sequence[Write]:
        job = gateway.catalog.find(Job, job_id)
        return move(job, gateway.catalog, gateway.now()) if job else []

    with suppress(BusUnavailable):
        while (job := gateway.catalog.find(Job, job_id)) is not None and job.deleted_at is None:
            await gateway.store.refresh([key_of(Environment, job.environment)])
            if not writes():
                return
            await gateway.change(key_of(Job, job_id), writes, by)
