"""Fixtures that every kind of test may use."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from nats.aio.client import Client

from lamplighter_runtime.connection import open_broker
from lamplighter_runtime.provisioning import provision_streams
from lamplighter_runtime.settings import ServiceSettings
from tests.support import servers


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[servers.Server]:
    """A nats-server of this test's own."""
    with servers.nats(tmp_path / "nats") as server:
        yield server


@pytest.fixture
async def bus(nats_server: servers.Server) -> AsyncIterator[Client]:
    """A connection to a server that has all the streams."""
    broker = open_broker(ServiceSettings(nats_url=nats_server.url), "test")
    client = await broker.connect()
    await provision_streams(client)
    yield client
    await broker.stop()


@pytest.fixture(scope="session")
def mongod_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    """One mongod for the whole run; tests keep apart by database."""
    with servers.mongodb(tmp_path_factory.mktemp("mongodb")) as server:
        yield server


@pytest.fixture
def mongodb_url(mongod_server: servers.Server) -> str:
    """The address of a database of this test's own."""
    return mongod_server.url.replace("/lamplighter?", f"/test_{uuid4().hex[:12]}?")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--allowed-skips", type=Path, help="fail on any skip that this list does not name")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run that passes by skipping has shown nothing."""
    listed: Path | None = session.config.getoption("--allowed-skips")
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if listed is None or reporter is None:
        return
    allowed = {line.split("#")[0].strip() for line in listed.read_text().splitlines()}
    stray = [report.nodeid for report in reporter.stats.get("skipped", []) if report.nodeid not in allowed]
    if stray:
        reporter.write_line(f"skipped, and not allowed to be: {', '.join(stray)}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
