"""The README's table of settings is whole: it names the variable of every field, and no variable that is none."""

import re
from pathlib import Path

import pytest

from lamplighter_dispatcher.settings import Settings as DispatcherSettings
from lamplighter_gateway.settings import Settings as GatewaySettings
from lamplighter_history.settings import Settings as HistorySettings
from lamplighter_runtime.provisioning import ProvisioningSettings
from lamplighter_runtime.settings import ServiceSettings
from lamplighter_scheduler.settings import Settings as SchedulerSettings

README = (Path(__file__).parents[2] / "README.md").read_text()
USUAL_NAMES = {"nats_url": "NATS_URL", "mongodb_url": "MONGODB_URL"}


def variables(settings: type[ServiceSettings]) -> set[str]:
    return {USUAL_NAMES.get(field, f"LAMPLIGHTER_{field.upper()}") for field in settings.model_fields}


def told(service: str) -> set[str]:
    """The variables in the rows of that service."""
    rows = re.findall(rf"^\| (`[^|]+) \| {service} \|", README, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_all_services_share_the_settings_of_the_table() -> None:
    assert told("all") == variables(ServiceSettings)


@pytest.mark.parametrize(
    ("service", "settings"),
    [
        ("gateway", GatewaySettings),
        ("scheduler", SchedulerSettings),
        ("dispatcher", DispatcherSettings),
        ("history", HistorySettings),
        ("provisioning", ProvisioningSettings),
    ],
)
def test_a_service_has_the_settings_of_its_rows(service: str, settings: type[ServiceSettings]) -> None:
    assert told(service) == variables(settings) - variables(ServiceSettings)
