"""Fixtures of the gateway's tests: it runs in the test's process, on a NATS of the test's own."""

from collections.abc import AsyncIterator

import pytest
from nats.aio.client import Client

from tests.service.gateway.running import Running, gateway, token
from tests.support.servers import Server


@pytest.fixture
async def bearer(bus: Client, nats_server: Server) -> str:
    """An administrator's token."""
    return await token(nats_server.url)


@pytest.fixture
async def running(nats_server: Server, bearer: str) -> AsyncIterator[Running]:
    async with gateway(nats_server.url, bearer) as running:
        yield running
