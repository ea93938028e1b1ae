"""The embedded stack: which processes there are, in which order they start, and when they are ready."""

import asyncio
import socket
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from lamplighter_cli.embedded import keys, servers
from lamplighter_cli.embedded.children import ChildFailed, Children, Launch, Say

READY_SECONDS = 60
SERVICES = ("history", "scheduler", "dispatcher", "gateway")


class PortTaken(RuntimeError):
    """A port that the stack needs is in use."""


@dataclass(frozen=True)
class Port:
    """A port and the option that sets it. 0 means any free one."""

    number: int
    option: str
    variable: str

    def claimed(self, what: str) -> int:
        """The port to use. Raises `PortTaken` when something else listens there."""
        if self.number == 0:
            return servers.free_port()
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.number))
            except OSError as error:
                raise PortTaken(
                    f"port {self.number} for {what} is in use: stop what listens there, "
                    f"or choose another with {self.option} or {self.variable} (0: any free port)"
                ) from error
        return self.number


@dataclass(frozen=True)
class Plan:
    """What `lamp up` was asked for."""

    data: Path
    gateway: Port
    nats: Port
    mongodb: Port
    nats_url: str | None
    """A NATS elsewhere; none is started then."""
    mongodb_url: str | None
    slots: int


class Stack:
    """Two tiers of processes: servers beneath, services above."""

    def __init__(self, plan: Plan, say: Say) -> None:
        self._plan = plan
        self._say = say
        logs = plan.data / "logs"
        logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.servers = Children(logs, say)
        self.services = Children(logs, say)
        self._health: dict[str, int] = {}
        self._environment: dict[str, str] = {}
        self.url = ""

    async def start(self) -> None:
        """Start everything. Raises `PortTaken`, `ChildFailed` or `ProgramMissing`; call `stop` all the same."""
        plan = self._plan
        gateway_port = plan.gateway.claimed("the gateway")
        nats_url = plan.nats_url or await self._start_nats()
        mongodb_url = plan.mongodb_url or await self._start_mongodb()
        self._environment = {"NATS_URL": nats_url, "LAMPLIGHTER_HOST": "127.0.0.1"}
        await self.servers.run_once(self._python("lamplighter_runtime.provisioning"))
        vault_keys = keys.vault_keys(plan.data)
        own = {
            "history": {"MONGODB_URL": mongodb_url},
            "scheduler": {},
            "dispatcher": {
                "LAMPLIGHTER_WORK_DIR": str(plan.data / "work"),
                "LAMPLIGHTER_HIDDEN_DIRS": str(plan.data),
                "LAMPLIGHTER_SLOTS": str(plan.slots),
                "LAMPLIGHTER_VAULT_KEYS": vault_keys,
            },
            "gateway": {
                "LAMPLIGHTER_SECRET_KEY": keys.secret_key(plan.data),
                "LAMPLIGHTER_VAULT_KEYS": vault_keys,
            },
        }
        for service in SERVICES:
            port = gateway_port if service == "gateway" else servers.free_port()
            self._health[service] = port
            await self.services.start(self._service(service, port, own[service]))
        await self._until_ready()
        self.url = f"http://127.0.0.1:{gateway_port}"

    async def make_token(self) -> str:
        """An admin token for whoever runs this stack."""
        arguments = ("--name", "embedded", "--role", "admin")
        output = await self.servers.run_once(self._python("lamplighter_gateway.create_token", *arguments))
        return output.strip()

    async def accepts(self, token: str) -> bool:
        """Whether a token of an earlier start still opens the gateway."""
        return await asyncio.to_thread(answers, f"{self.url}/api/v1/version", token)

    async def stop(self) -> None:
        await self.services.stop()
        await self.servers.stop()

    async def _start_nats(self) -> str:
        port = self._plan.nats.claimed("nats-server")
        await self.servers.start(servers.nats_server(self._plan.data / "nats", port))
        await self._until_listening("nats-server", port)
        return f"nats://127.0.0.1:{port}"

    async def _start_mongodb(self) -> str:
        port = self._plan.mongodb.claimed("mongod")
        await self.servers.start(servers.mongod(self._plan.data / "mongodb", port))
        await self._until_listening("mongod", port)
        await self.servers.run_once(self._python("lamplighter_history.replica_set", f"127.0.0.1:{port}"))
        return servers.mongodb_url(port)

    async def _until_listening(self, name: str, port: int) -> None:
        deadline = time.monotonic() + READY_SECONDS
        if not await asyncio.to_thread(servers.wait_until_listening, port, deadline):
            raise ChildFailed(f"{name} does not listen on port {port}: {self.servers.tail(name)}")

    async def _until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        for service in SERVICES:
            while not await asyncio.to_thread(_ready, self._health[service]):
                if time.monotonic() > deadline:
                    raise ChildFailed(f"{service} does not become ready: {self.services.tail(service)}")
                await asyncio.sleep(0.05)

    def _service(self, service: str, port: int, own: dict[str, str]) -> Launch:
        launch = self._python(f"lamplighter_{service}")
        return Launch(service, launch.arguments, {**launch.environment, **own, "LAMPLIGHTER_PORT": str(port)})

    def _python(self, module: str, *arguments: str) -> Launch:
        environment = {**self._environment, "PYTHONUNBUFFERED": "1"}
        return Launch(module, (sys.executable, "-m", module, *arguments), environment)


def _ready(port: int) -> bool:
    return answers(f"http://127.0.0.1:{port}/readyz")


def answers(url: str, token: str | None = None) -> bool:
    """Whether a GET of this address is answered with 200."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except OSError:
        return False
