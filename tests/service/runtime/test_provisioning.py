import json
from dataclasses import replace
from datetime import timedelta

import pytest
from nats.aio.client import Client

from lamplighter_contracts import streams
from lamplighter_runtime.provisioning import (
    ProvisioningError,
    ProvisioningSettings,
    consumer_config,
    differences,
    provision_consumers,
    provision_streams,
    stream_config,
)


async def info(bus: Client, path: str) -> dict[str, object]:
    config: dict[str, object] = json.loads((await bus.request(f"$JS.API.{path}", b"")).data)["config"]
    return config


@pytest.mark.parametrize("stream", streams.STREAMS, ids=lambda s: s.name)
async def test_a_stream_is_what_the_contracts_say(bus: Client, stream: streams.Stream) -> None:
    assert differences(stream_config(stream, 1), await info(bus, f"STREAM.INFO.{stream.name}")) == {}


async def test_doing_it_again_changes_nothing(bus: Client) -> None:
    before = await info(bus, "STREAM.INFO.JOBS")
    await provision_streams(bus)
    assert await info(bus, "STREAM.INFO.JOBS") == before


async def test_a_changed_setting_is_updated(bus: Client) -> None:
    await provision_streams(bus, streams=[replace(streams.LOGS, max_age=timedelta(hours=1))])
    assert (await info(bus, "STREAM.INFO.LOGS"))["max_age"] == 3_600_000_000_000


def test_large_bodies_are_kept_as_long_as_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMPLIGHTER_DELIVERY_BODY_DAYS", "7")
    kept = {stream.name: stream for stream in ProvisioningSettings().streams}
    assert kept.pop(streams.BODIES.name) == replace(streams.BODIES, max_age=timedelta(days=7))
    assert list(kept.values()) == [stream for stream in streams.STREAMS if stream is not streams.BODIES]


async def test_an_impossible_change_is_a_clear_error(bus: Client) -> None:
    with pytest.raises(ProvisioningError, match=r"refuses to update stream 'TIMERS'.*schedules"):
        await provision_streams(bus, streams=[replace(streams.TIMERS, schedules=False)])


async def test_a_consumer_is_made_and_updated(bus: Client) -> None:
    consumer = streams.SCHEDULER_ENDS
    await provision_consumers(bus, [consumer])
    await provision_consumers(bus, [replace(consumer, ack_wait=timedelta(seconds=99))])

    found = await info(bus, f"CONSUMER.INFO.EXECUTIONS.{consumer.durable}")
    assert found["ack_wait"] == 99_000_000_000
    assert differences(consumer_config(consumer), found).keys() == {"ack_wait"}


async def test_a_missing_stream_says_how_to_make_it(bus: Client) -> None:
    elsewhere = replace(streams.SCHEDULER_ENDS, stream=replace(streams.EXECUTIONS, name="NOWHERE"))
    with pytest.raises(ProvisioningError, match=r"no stream 'NOWHERE'.*lamplighter_runtime.provisioning"):
        await provision_consumers(bus, [elsewhere])
