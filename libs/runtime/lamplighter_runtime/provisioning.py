"""Making the streams and consumers what the contracts say. Idempotent: what is right already is left alone.

Streams are made by a separate identity (`python -m lamplighter_runtime.provisioning`); each service makes the
durable consumers it reads, and refuses to start without its streams.
"""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from nats.aio.client import Client
from pydantic import Field

from lamplighter_contracts.streams import BODIES, STREAMS, Consumer, Stream
from lamplighter_runtime.connection import open_broker
from lamplighter_runtime.jetstream import ask
from lamplighter_runtime.logs import configure, get_logger
from lamplighter_runtime.messages import BusUnavailable
from lamplighter_runtime.settings import ServiceSettings

log = get_logger()

MINIMUM_SERVER = (2, 14)

_NO_STREAM, _NO_CONSUMER = 10059, 10014


class ProvisioningError(RuntimeError):
    """A stream or consumer cannot be made what it has to be. The message names it and what to do."""


class ProvisioningSettings(ServiceSettings):
    replicas: int = 1
    """Copies of each stream: 1 on a single node, 3 in a cluster."""
    delivery_body_days: int = Field(default=30, ge=1, le=36_500)
    """How long large bodies of deliveries are kept: as long as history keeps the others."""

    @property
    def streams(self) -> tuple[Stream, ...]:
        bodies = replace(BODIES, max_age=timedelta(days=self.delivery_body_days))
        return tuple(bodies if stream is BODIES else stream for stream in STREAMS)


async def provision_streams(client: Client, replicas: int = 1, streams: Sequence[Stream] = STREAMS) -> None:
    """Create what is missing, update what differs. Raises `ProvisioningError` for a change NATS cannot make."""
    _require_version(client)
    for stream in streams:
        await _apply(client, "STREAM", stream.name, stream_config(stream, replicas), stream.name)


async def provision_consumers(client: Client, consumers: Sequence[Consumer]) -> None:
    """As `provision_streams`, for the durable consumers of one service."""
    for consumer in consumers:
        path = f"{consumer.stream.name}.{consumer.durable}"
        await _apply(client, "CONSUMER", path, consumer_config(consumer), consumer.stream.name)


def stream_config(stream: Stream, replicas: int) -> dict[str, Any]:
    """The server's own words for a stream (the JetStream API's StreamConfig)."""
    return {
        "name": stream.name,
        "subjects": list(stream.subjects),
        "storage": "file",
        "retention": "workqueue" if stream.until_taken else "limits",
        "num_replicas": replicas,
        "max_bytes": stream.max_bytes or -1,
        "max_age": _nanoseconds(stream.max_age) if stream.max_age else 0,
        "max_msgs_per_subject": stream.history or -1,
        "discard": "old" if stream.discard_old else "new",
        "duplicate_window": _nanoseconds(stream.duplicate_window),
        "allow_direct": True,
        "allow_msg_ttl": True,
        "allow_rollup_hdrs": True,
        "deny_delete": stream.bucket,
        "allow_atomic": stream.atomic,
        "allow_msg_schedules": stream.schedules,
        # A replicated stream refuses asynchronous persistence; its copies stand in for the fsync.
        "persist_mode": "async" if stream.asynchronous and replicas == 1 else "default",
    }


def consumer_config(consumer: Consumer) -> dict[str, Any]:
    """The server's own words for a durable pull consumer (the JetStream API's ConsumerConfig)."""
    return {
        "durable_name": consumer.durable,
        "filter_subjects": list(consumer.filters),
        "ack_policy": "explicit",
        "ack_wait": _nanoseconds(consumer.ack_wait),
        # Redelivery is counted and ended by the consuming code, which moves poison to DEAD with its reason.
        "max_deliver": -1,
        "max_ack_pending": consumer.max_ack_pending,
        "max_waiting": 512,
    }


def differences(wanted: dict[str, Any], found: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What of `wanted` the server has otherwise: field -> (found, wanted). Absent counts as the zero value."""
    return {
        key: (found.get(key), value)
        for key, value in wanted.items()
        if found.get(key) != value and not (key not in found and value in (0, False, -1, "default", None))
    }


async def _apply(client: Client, kind: str, path: str, wanted: dict[str, Any], stream: str) -> None:
    info = await ask(client, f"{kind}.INFO.{path}")
    if "error" in info:
        if info["error"].get("err_code") not in (_NO_STREAM, _NO_CONSUMER):
            raise ProvisioningError(
                f"cannot look at {kind.lower()} {path!r}: {info['error'].get('description')}"
            )
        await _send(client, kind, "CREATE", path, wanted, stream)
        log.info("provisioned", kind=kind.lower(), name=path)
        return
    changed = differences(wanted, info["config"])
    if changed:
        await _send(client, kind, "UPDATE", path, {**info["config"], **wanted}, stream)
        log.info("provisioned.changed", kind=kind.lower(), name=path, changed=sorted(changed))


async def _send(client: Client, kind: str, verb: str, path: str, config: dict[str, Any], stream: str) -> None:
    if kind == "CONSUMER":
        reply = await ask(client, f"CONSUMER.CREATE.{path}", {"stream_name": stream, "config": config})
    else:
        reply = await ask(client, f"STREAM.{verb}.{path}", config)
    if "error" not in reply:
        return
    if reply["error"].get("err_code") == _NO_STREAM:
        raise ProvisioningError(
            f"NATS has no stream {stream!r}: make the streams first, with `python -m lamplighter_runtime.provisioning`"
        )
    why = reply["error"].get("description")
    raise ProvisioningError(
        f"NATS refuses to {verb.lower()} {kind.lower()} {path!r}: {why}. "
        "Move its messages to a stream of another name, or restore the setting it was made with."
    )


def _require_version(client: Client) -> None:
    version = client.connected_server_version
    if (version.major, version.minor) < MINIMUM_SERVER:
        needed = ".".join(map(str, MINIMUM_SERVER))
        raise ProvisioningError(f"nats-server {version} is too old: Lamplighter needs {needed} or later")


def _nanoseconds(span: timedelta) -> int:
    return int(span.total_seconds() * 1_000_000_000)


async def _main(settings: ProvisioningSettings) -> None:
    broker = open_broker(settings, "provisioning")
    try:
        await provision_streams(await broker.connect(), settings.replicas, settings.streams)
    finally:
        await broker.stop()


if __name__ == "__main__":
    chosen = ProvisioningSettings()
    configure("provisioning", chosen.log_level, chosen.log_format)
    try:
        asyncio.run(_main(chosen))
    except (ProvisioningError, BusUnavailable) as refused:
        sys.exit(f"error: {refused}")
