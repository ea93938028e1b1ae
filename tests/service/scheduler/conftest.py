import pytest
from nats.aio.client import Client

from tests.service.scheduler.world import World


@pytest.fixture
def world(bus: Client) -> World:
    return World(bus)
