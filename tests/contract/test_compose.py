"""compose.yaml keeps what it promises: no default secret, nothing privileged, every service watched."""

from pathlib import Path
from typing import Any

import pytest
import yaml

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


def test_a_missing_secret_refuses_to_start() -> None:
    assert COMPOSE["services"]["gateway"]["environment"]["LAMPLIGHTER_SECRET_KEY"].startswith(
        "${LAMPLIGHTER_SECRET_KEY:?"
    )


def test_only_the_gateway_is_reachable_and_from_this_host_alone() -> None:
    published = {
        name: service["ports"] for name, service in COMPOSE["services"].items() if "ports" in service
    }
    assert published == {"gateway": ["127.0.0.1:8460:8460"]}


def test_the_image_is_not_run_as_root() -> None:
    assert "USER 10001" in (ROOT / "Dockerfile").read_text()
