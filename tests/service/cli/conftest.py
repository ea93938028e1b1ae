"""`lamp` and a scripted gateway for it to speak to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.scripted.gateway import ScriptedGateway
from tests.support.scripted.server import scripted_gateway


@pytest.fixture
def gateway() -> Iterator[ScriptedGateway]:
    with scripted_gateway() as running:
        yield running


@pytest.fixture
def lamp(gateway: ScriptedGateway, tmp_path: Path) -> CommandLine:
    return CommandLine(gateway.url, tmp_path / "data")
