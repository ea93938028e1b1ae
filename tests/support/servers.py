"""Real NATS and MongoDB for tests: in containers where a Docker engine answers, from wheels otherwise."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Protocol, TypeVar

from lamplighter_cli.embedded import servers
from lamplighter_history.replica_set import initiate
from tests.support.processes import Child

START_SECONDS = 30
NATS_IMAGE = "nats:2.14-alpine"
MONGODB_IMAGE = "mongo:7.0"


class Server(Protocol):
    url: str

    def kill_and_restart(self) -> None: ...

    def pause(self) -> None:
        """Stop it where it is, as an overloaded machine would; connections stay open."""

    def resume(self) -> None: ...


class EmbeddedNats:
    """nats-server from its wheel, on a free port, with JetStream in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.port = servers.free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        launch = servers.nats_server(folder, self.port)
        self.child = Child(launch.name, launch.arguments, launch.environment, folder / "nats.log")

    def start(self) -> None:
        self.child.start()
        _wait(self.port, self.child)

    def kill_and_restart(self) -> None:
        self.child.kill()
        self.start()

    def pause(self) -> None:
        self.child.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.child.signal(signal.SIGCONT)

    def stop(self) -> None:
        self.child.stop()


class EmbeddedMongo:
    """mongod from its wheel, as a replica set of one."""

    def __init__(self, folder: Path) -> None:
        self.port = servers.free_port()
        self.url = servers.mongodb_url(self.port)
        launch = servers.mongod(folder, self.port)
        self.child = Child(launch.name, launch.arguments, launch.environment, folder / "mongod.log")

    def start(self) -> None:
        self.child.start()
        _wait(self.port, self.child)
        initiate(f"127.0.0.1:{self.port}")

    def kill_and_restart(self) -> None:
        self.child.kill()
        self.start()

    def pause(self) -> None:
        self.child.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.child.signal(signal.SIGCONT)

    def stop(self) -> None:
        self.child.stop()


@contextmanager
def nats(folder: Path) -> Iterator[Server]:
    if docker_answers():
        from tests.support.containers import nats_container

        with nats_container(NATS_IMAGE) as container:
            yield container
    else:
        with _running(EmbeddedNats(folder)) as embedded:
            yield embedded


@contextmanager
def mongodb(folder: Path) -> Iterator[Server]:
    if docker_answers():
        from tests.support.containers import mongodb_container

        with mongodb_container(MONGODB_IMAGE) as container:
            yield container
    else:
        with _running(EmbeddedMongo(folder)) as embedded:
            yield embedded


Embedded = TypeVar("Embedded", EmbeddedNats, EmbeddedMongo)


@contextmanager
def _running(server: Embedded) -> Iterator[Embedded]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


@cache
def docker_answers() -> bool:
    """Whether to use containers: an engine answers and has the images, or can get them.

    `LAMPLIGHTER_TEST_SERVERS=embedded` says no whatever answers.
    """
    if os.environ.get("LAMPLIGHTER_TEST_SERVERS") == "embedded":
        return False
    probe = [sys.executable, "-m", "tests.support.images", NATS_IMAGE, MONGODB_IMAGE]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def _wait(port: int, child: Child) -> None:
    if not servers.wait_until_listening(port, time.monotonic() + START_SECONDS):
        raise RuntimeError(f"{child.name} does not listen on port {port}:\n{child.output()[-2000:]}")
