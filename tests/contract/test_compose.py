"""compose.yaml keeps what it promises: no default secret, nothing privileged, every service watched."""

import asyncio
import re
import time
from pathlib import Path
from typing import Any

import nats
import pytest
import yaml
from nats.errors import Error as NatsError
from pydantic import SecretStr

from lamplighter_cli.embedded.binaries import nats_server
from lamplighter_cli.embedded.servers import free_port, wait_until_listening
from lamplighter_runtime.connection import open_broker
from lamplighter_runtime.settings import ServiceSettings
from tests.support.processes import Child

SECONDS = 15

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES = ("history", "scheduler", "dispatcher", "gateway")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_runs_without_privileges_and_with_a_health_check(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "readyz" in str(service["healthcheck"]["test"])
    assert service["command"] == ["python", "-m", f"lamplighter_{name}"]


@pytest.mark.parametrize(
    ("service", "variable"),
    [
        ("gateway", "LAMPLIGHTER_SECRET_KEY"),
        ("gateway", "LAMPLIGHTER_VAULT_KEYS"),
        ("dispatcher", "LAMPLIGHTER_VAULT_KEYS"),
    ],
)
def test_a_missing_secret_refuses_to_start(service: str, variable: str) -> None:
    assert COMPOSE["services"][service]["environment"][variable].startswith(f"${{{variable}:?")


@pytest.mark.parametrize("name", ["streams", *SERVICES])
def test_what_speaks_to_nats_is_given_a_password_that_has_no_default(name: str) -> None:
    environment = COMPOSE["services"][name]["environment"]
    assert environment["LAMPLIGHTER_NATS_USER"] == "lamplighter"
    assert environment["LAMPLIGHTER_NATS_PASSWORD"].startswith("${LAMPLIGHTER_NATS_PASSWORD:?")


@pytest.mark.parametrize("password", ["4f1e" * 12, "12345", "1k", "true"])
async def test_nats_lets_in_only_who_has_the_password(tmp_path: Path, password: str) -> None:
    given = COMPOSE["services"]["nats"]["environment"]["LAMPLIGHTER_NATS_PASSWORD"]
    quoted = re.sub(r"\$\{.*\}", password, given)
    port = free_port()
    configuration = tmp_path / "nats.conf"
    told = (ROOT / "deploy/nats.conf").read_text().replace("/data", str(tmp_path))
    configuration.write_text(told.replace("0.0.0.0:4222", f"127.0.0.1:{port}").replace(":8222", ":0"))
    command = (str(nats_server()), "-c", str(configuration))
    child = Child("nats", command, {"LAMPLIGHTER_NATS_PASSWORD": quoted}, tmp_path / "nats.log")
    child.start()
    try:
        assert wait_until_listening(port, time.monotonic() + SECONDS), child.output()
        url = f"nats://127.0.0.1:{port}"
        known = open_broker(
            ServiceSettings(nats_url=url, nats_user="lamplighter", nats_password=SecretStr(password)), "test"
        )
        async with asyncio.timeout(SECONDS):
            assert (await known.connect()).is_connected
            await known.stop()
            with pytest.raises(NatsError, match="Authorization"):
                await nats.connect(url, allow_reconnect=False, error_cb=_ignore)
    finally:
        child.stop()


async def _ignore(_: Exception) -> None:
    """The client would print what it raises as well."""


def test_the_store_is_reachable_from_history_alone() -> None:
    beside = {name for name, service in COMPOSE["services"].items() if "memory" in service["networks"]}
    assert beside == {"mongodb", "replica-set", "history"}
    assert COMPOSE["services"]["mongodb"]["networks"] == ["memory"]


def test_only_the_gateway_is_reachable_and_from_this_host_alone() -> None:
    published = {
        name: service["ports"] for name, service in COMPOSE["services"].items() if "ports" in service
    }
    assert published == {"gateway": ["127.0.0.1:8460:8460"]}


def test_the_image_is_not_run_as_root() -> None:
    assert "USER 10001" in (ROOT / "Dockerfile").read_text()
