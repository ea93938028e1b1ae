"""The same servers as containers, through testcontainers: the official images, as production runs them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from lamplighter_cli.embedded import servers
from lamplighter_history.replica_set import initiate

START_SECONDS = 60

# The fixtures stop what they start; the library's own reaper would be one more image to fetch.
testcontainers_config.ryuk_disabled = True


class ContainerServer:
    """A container with one port published on loopback at a fixed port, so that a restart keeps its address."""

    def __init__(self, container: DockerContainer, port: int, url: str) -> None:
        self.container, self.port, self.url = container, port, url

    def kill_and_restart(self) -> None:
        wrapped = self.container.get_wrapped_container()
        wrapped.kill()
        wrapped.start()
        _wait(self.port)

    def pause(self) -> None:
        self.container.get_wrapped_container().pause()

    def resume(self) -> None:
        self.container.get_wrapped_container().unpause()


@contextmanager
def nats_container(image: str) -> Iterator[ContainerServer]:
    port = servers.free_port()
    container = DockerContainer(image).with_command("-js -sd /tmp/jetstream").with_bind_ports(4222, port)
    with container:
        _wait(port)
        yield ContainerServer(container, port, f"nats://127.0.0.1:{port}")


@contextmanager
def mongodb_container(image: str) -> Iterator[ContainerServer]:
    port = servers.free_port()
    # The member names itself by its port, so inside and outside it has to be the same one.
    command = f"mongod --replSet lamplighter --bind_ip_all --port {port}"
    with DockerContainer(image).with_command(command).with_bind_ports(port, port) as container:
        _wait(port)
        initiate(f"127.0.0.1:{port}")
        yield ContainerServer(container, port, servers.mongodb_url(port))


def _wait(port: int) -> None:
    if not servers.wait_until_listening(port, time.monotonic() + START_SECONDS):
        raise RuntimeError(f"the container does not listen on port {port}")
