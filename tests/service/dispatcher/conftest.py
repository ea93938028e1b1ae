import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from faststream.asgi import AsgiFastStream
from nats.aio.client import Client

from tests.service.dispatcher.world import World, running_dispatcher
from tests.support import servers


@pytest.fixture
async def world(bus: Client, nats_server: servers.Server, tmp_path: Path) -> AsyncIterator[World]:
    world = World(bus, nats_server.url, tmp_path)
    following = asyncio.create_task(world.follow())
    await world.agent("noop")
    yield world
    following.cancel()


@pytest.fixture
async def dispatcher(world: World) -> AsyncIterator[AsgiFastStream]:
    async with running_dispatcher(world) as running:
        yield running
