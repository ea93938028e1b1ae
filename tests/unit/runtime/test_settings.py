import pytest
from pydantic import ValidationError

from lamplighter_runtime.settings import ServiceSettings, settings_error


def test_the_servers_addresses_also_go_by_their_usual_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NATS_URL", "nats://elsewhere:4222")
    assert ServiceSettings().nats_url == "nats://elsewhere:4222"


def test_a_wrong_setting_names_its_variable_and_never_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMPLIGHTER_PORT", "hunter2")
    with pytest.raises(ValidationError) as invalid:
        ServiceSettings()

    line = settings_error(invalid.value)
    assert line.startswith("LAMPLIGHTER_PORT: ")
    assert "hunter2" not in line
