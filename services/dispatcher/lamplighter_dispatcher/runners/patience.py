"""Waits for somebody else's end, until the run is to stop."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from lamplighter_contracts.reasons import Failed
from lamplighter_dispatcher.outcomes import Ended, Unsuccessful
from lamplighter_dispatcher.stops import Stop


async def until(asking: Coroutine[Any, Any, Ended], stop: Stop) -> Ended:
    """Its end. Where the stop comes first it is cancelled, and over when this returns."""
    tasks = asyncio.create_task(asking), asyncio.create_task(stop.requested())
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if tasks[0].done():
            return tasks[0].result()
        return Unsuccessful(Failed.LOST, "It was stopped before it had answered.")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
