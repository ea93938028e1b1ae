"""The connection to NATS, with options that survive what the library's defaults do not."""

from typing import Any

from faststream.nats import NatsBroker
from faststream.security import BaseSecurity, SASLPlaintext
from nats.aio.client import Client
from nats.errors import Error as NatsError

from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.settings import ServiceSettings

log = get_logger()

SAFE_OPTIONS: dict[str, Any] = {
    # The default gives up for ever after 60 tries.
    "allow_reconnect": True,
    "max_reconnect_attempts": -1,
    "reconnect_time_wait": 1,
    "connect_timeout": 3,
    # The default notices a half-open connection after 6 minutes; this does within 15 seconds.
    "ping_interval": 5,
    "max_outstanding_pings": 2,
    # Without a buffer, a publish fails while the connection is down. With one it would be reported as failed
    # and sent later all the same.
    "pending_size": 0,
}


def open_broker(settings: ServiceSettings, name: str) -> NatsBroker:
    """A broker that is not connected yet; `await broker.connect()` gives the nats-py client."""
    return NatsBroker(
        settings.nats_url.split(","),
        name=f"lamplighter-{name}",
        security=_account(settings),
        logger=None,
        graceful_timeout=float(settings.shutdown_seconds),
        error_cb=_on_error,
        disconnected_cb=_on_disconnected,
        reconnected_cb=_on_reconnected,
        **SAFE_OPTIONS,
    )


def _account(settings: ServiceSettings) -> BaseSecurity | None:
    """None where the settings name none, or the address does."""
    if settings.nats_user is None or settings.nats_password is None:
        return None
    return SASLPlaintext(settings.nats_user, settings.nats_password.get_secret_value())


async def close_broker(broker: NatsBroker, client: Client) -> None:
    """Stop the broker, also while NATS is away: there is nothing to be drained then."""
    try:
        await broker.stop()
    except NatsError as error:
        log.warning("nats.closed", error=repr(error))
        await client.close()


async def _on_error(error: Exception) -> None:
    log.warning("nats.error", error=repr(error))


async def _on_disconnected() -> None:
    log.warning("nats.disconnected")


async def _on_reconnected() -> None:
    log.info("nats.reconnected")
