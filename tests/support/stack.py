"""The whole of Lamplighter as separate processes, each of which a test may kill, freeze or double."""

import base64
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from lamplighter_cli.embedded.servers import free_port
from lamplighter_cli.embedded.stack import answers
from tests.support import servers
from tests.support.processes import Child
from tests.support.waiting import until

READY_SECONDS = 40
SERVICES = ("history", "scheduler", "dispatcher", "gateway")
FINAL = frozenset({"completed", "failed", "cancelled", "blocked"})

Json = Any


class Stack:
    """Servers beneath, services above. `settings` go to every service's environment."""

    def __init__(
        self, folder: Path, nats: servers.Server, mongodb: servers.Server | None = None, **settings: str
    ) -> None:
        self.folder, self.nats, self.mongodb = folder, nats, mongodb
        self.environment = {
            "NATS_URL": nats.url,
            **({"MONGODB_URL": mongodb.url} if mongodb else {}),
            "LAMPLIGHTER_HOST": "127.0.0.1",
            "LAMPLIGHTER_SECRET_KEY": base64.b64encode(os.urandom(32)).decode(),
            "LAMPLIGHTER_VAULT_KEYS": f"k1:{base64.b64encode(os.urandom(32)).decode()}",
            "LAMPLIGHTER_WORK_DIR": str(folder / "work"),
            **settings,
        }
        self.children: dict[str, Child] = {}
        self.ports: dict[str, int] = {}

    def provision(self) -> None:
        self.run("lamplighter_runtime.provisioning")
        self.token = self.run("lamplighter_gateway.create_token", "--name", "test", "--role", "admin").strip()

    def run(self, module: str, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, service: str, name: str | None = None, **settings: str) -> Child:
        """Start a service, or another replica of it under a name of its own, and wait until it is ready."""
        child = self.launch(service, name, **settings)
        self.until_ready(child)
        return child

    def launch(self, service: str, name: str | None = None, **settings: str) -> Child:
        name = name or service
        port = self.ports.setdefault(name, free_port())
        environment = {**self.environment, **settings, "LAMPLIGHTER_PORT": str(port)}
        arguments = (sys.executable, "-m", f"lamplighter_{service}")
        child = Child(name, arguments, environment, self.folder / f"{name}.log")
        child.start()
        self.children[name] = child
        return child

    def start_all(self) -> None:
        started = [self.launch(service) for service in SERVICES]
        for child in started:
            self.until_ready(child)

    def until_ready(self, child: Child) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not answers(f"http://127.0.0.1:{self.ports[child.name]}/readyz"):
            if not child.alive or time.monotonic() > deadline:
                raise AssertionError(f"{child.name} is not ready:\n{child.output()[-4000:]}")
            time.sleep(0.05)

    def restart(self, name: str) -> None:
        """Kill and start again: a crash."""
        child = self.children[name]
        child.kill()
        child.start()

    def stop_all(self) -> None:
        for child in self.children.values():
            if child.alive and child.process is not None:
                child.process.terminate()
        for child in self.children.values():
            if child.process is not None:
                child.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['gateway']}"

    def http(self, token: str | None = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.url,
            headers={"Authorization": f"Bearer {token or self.token}"},
            timeout=15,
            trust_env=False,
        )


class Api:
    """What the tests say to the gateway, in one line each."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def post(self, path: str, body: Json = None, **headers: str) -> Json:
        answer = await self.client.post(f"/api/v1{path}", json=body, headers=headers)
        assert answer.is_success, f"POST {path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def get(self, path: str) -> Json:
        answer = await self.client.get(f"/api/v1{path}")
        assert answer.is_success, f"GET {path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def noop_agent(self, agent_id: str = "idle") -> str:
        await self.post("/agents", {"id": agent_id, "name": agent_id, "runner": {"kind": "noop"}})
        return agent_id

    async def command_agent(self, agent_id: str, *command: str) -> str:
        await self.post(
            "/agents", {"id": agent_id, "name": agent_id, "runner": {"kind": "command", "command": command}}
        )
        return agent_id

    async def job(self, agent_id: str, **fields: Json) -> str:
        body = {"name": "test job", "prompt": "Do it", "agent_id": agent_id, **fields}
        return str((await self.post("/jobs", body))["id"])

    async def trigger(self, job_id: str, **headers: str) -> str:
        return str((await self.post(f"/jobs/{job_id}/trigger", **headers))["execution_id"])

    async def finished(self, execution_id: str, seconds: float = 30) -> Json:
        async def ask() -> Json:
            record = await self.get(f"/executions/{execution_id}")
            return record if record["status"] in FINAL else None

        return await until(ask, seconds=seconds, what=f"the end of {execution_id}")

    async def executions(self, job_id: str) -> list[Json]:
        """All of a job's executions, page by page, each once whatever is added meanwhile."""
        found: list[Json] = []
        cursor = ""
        while True:
            page = await self.client.get(f"/api/v1/jobs/{job_id}/executions?limit=200{cursor}")
            assert page.is_success, page.text
            found += page.json()
            if "Next-Cursor" not in page.headers:
                return found
            cursor = f"&cursor={page.headers['Next-Cursor']}"


@contextmanager
def running_stack(folder: Path, **settings: str) -> Iterator[Stack]:
    """Everything started, on servers of its own."""
    with servers.nats(folder / "nats") as nats, servers.mongodb(folder / "mongodb") as mongodb:
        stack = Stack(folder, nats, mongodb, **settings)
        try:
            stack.provision()
            stack.start_all()
            yield stack
        finally:
            stack.stop_all()
