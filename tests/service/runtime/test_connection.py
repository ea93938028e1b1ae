from lamplighter_runtime.connection import SAFE_OPTIONS, open_broker
from lamplighter_runtime.settings import ServiceSettings
from tests.support.servers import Server
from tests.support.waiting import until


async def test_the_options_survive_what_the_defaults_do_not(nats_server: Server) -> None:
    broker = open_broker(ServiceSettings(nats_url=nats_server.url), "test")
    client = await broker.connect()

    assert client.options["max_reconnect_attempts"] == -1
    assert client.options["ping_interval"] == 5
    assert client.options["max_outstanding_pings"] == 2
    assert SAFE_OPTIONS["pending_size"] == 0, "a publish that failed must not be sent later"
    await broker.stop()


async def test_it_comes_back_after_the_server_was_killed(nats_server: Server) -> None:
    broker = open_broker(ServiceSettings(nats_url=nats_server.url), "test")
    client = await broker.connect()

    nats_server.kill_and_restart()

    async def answers() -> bool:
        return client.is_connected and client.stats["reconnects"] > 0

    await until(answers, what="the reconnect")
    await broker.stop()
