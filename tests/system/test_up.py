"""`lamp up`: everything started, kept running, kept over a restart, and stopped without a trace."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lamplighter_contracts import subjects
from lamplighter_runtime.connection import open_broker
from lamplighter_runtime.latest import Last, last_message
from lamplighter_runtime.settings import ServiceSettings
from tests.support.waiting import until

LAMP = str(Path(sys.executable).with_name("lamp"))
PORTS = ("--port", "0", "--nats-port", "0", "--mongodb-port", "0")
SECONDS = 60


def environment(data: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LAMP", "NATS_", "MONGODB_"))}
    return {**kept, "LAMP_DATA": str(data)}


class Up:
    def __init__(self, data: Path, *options: str) -> None:
        self.data = data
        self.log = data.parent / "up.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [LAMP, "up", *(options or PORTS)], env=environment(data), stdout=log, stderr=log
            )

    def until(self, pattern: str) -> re.Match[str]:
        deadline = time.monotonic() + SECONDS
        while not (found := re.search(pattern, self.output())):
            assert time.monotonic() < deadline, f"{pattern!r} was not said:\n{self.output()}"
            time.sleep(0.05)
        return found

    def output(self) -> str:
        return self.log.read_text()

    def lamp(self, *arguments: str) -> str:
        done = subprocess.run(
            [LAMP, *arguments],
            env=environment(self.data),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def pids(self) -> set[int]:
        """Every process below it, however deep."""
        children: dict[int, list[int]] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                pid, parent = int(stat.parent.name), int(stat.read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(pid)
        found, frontier = set(), [self.process.pid]
        while frontier:
            below = children.get(frontier.pop(), [])
            found.update(below)
            frontier += below
        return found

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(SECONDS)


@contextmanager
def up(data: Path, *options: str) -> Iterator[Up]:
    running = Up(data, *options)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_it_started_and_the_data_survives(
    tmp_path: Path, number: signal.Signals
) -> None:
    data = tmp_path / "data"
    with up(data) as first:
        first.until("ready at")
        first.lamp("agent", "create", "idle", "--noop")
        first.lamp(
            "job",
            "create",
            "--name",
            "kept",
            "--agent",
            "idle",
            "--prompt",
            "Stay",
            "--schedule",
            "0 9 * * *",
        )
        execution_id = json.loads(first.lamp("job", "trigger", "kept", "-o", "json"))["execution_id"]
        _until_completed(first, execution_id)
        before = json.loads(first.lamp("job", "get", "kept", "-o", "json"))
        timer = asyncio.run(_timer(data, before["id"]))
        assert timer == f"@at {before['next_run_at'].removesuffix('Z')}.000Z"
        started = first.pids()
        assert len(started) >= 6
        assert first.stop(number) == 0
    assert [pid for pid in started if Path(f"/proc/{pid}").exists()] == []

    with up(data) as second:
        second.until("ready at")
        after = json.loads(second.lamp("job", "get", "kept", "-o", "json"))
        assert {k: after[k] for k in ("id", "next_run_at", "revision")} == {
            k: before[k] for k in ("id", "next_run_at", "revision")
        }
        assert (
            json.loads(second.lamp("execution", "get", execution_id, "-o", "json"))["status"] == "completed"
        )
        assert asyncio.run(_timer(data, before["id"])) == timer


async def _timer(data: Path, job_id: str) -> str:
    """When NATS is to release the job's next tick."""
    listen = re.search(r'listen: "(.+?)"', (data / "nats" / "nats.conf").read_text())
    assert listen is not None
    broker = open_broker(ServiceSettings(nats_url=f"nats://{listen[1]}"), "test")
    client = await broker.connect()

    async def armed() -> Last | None:
        return await last_message(client, "TIMERS", subjects.timer(job_id))

    timer = await until(armed, what="an armed timer")
    await broker.stop()
    return timer.headers["Nats-Schedule"]


def _until_completed(running: Up, execution_id: str) -> None:
    deadline = time.monotonic() + SECONDS
    while json.loads(running.lamp("execution", "get", execution_id, "-o", "json"))["status"] != "completed":
        assert time.monotonic() < deadline


def test_a_crashed_child_is_started_again_and_said_so(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with up(data) as running:
        running.until("ready at")
        victims = [
            pid
            for pid in running.pids()
            if b"lamplighter_scheduler" in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]
        os.kill(victims[0], signal.SIGKILL)
        running.until(r"scheduler ended \(SIGKILL\): starting again in 0.5 s")
        running.lamp("agent", "create", "idle", "--noop")
        running.lamp("job", "create", "--name", "after", "--agent", "idle", "--prompt", "Run")
        execution_id = json.loads(running.lamp("job", "trigger", "after", "-o", "json"))["execution_id"]
        _until_completed(running, execution_id)


@pytest.mark.parametrize(
    ("option", "what"), [("--port", "gateway"), ("--nats-port", "nats-server"), ("--mongodb-port", "mongod")]
)
def test_a_port_in_use_is_a_clear_error(tmp_path: Path, option: str, what: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        others = [
            value for pair in zip(PORTS[::2], PORTS[1::2], strict=True) if pair[0] != option for value in pair
        ]
        with up(tmp_path / "data", *others, option, str(port)) as running:
            assert running.process.wait(SECONDS) == 1
            said = running.output()
    assert f"port {port}" in said
    assert what in said
    assert option in said
    assert "Traceback" not in said


def test_two_on_the_same_data_are_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with up(data) as running:
        running.until("ready at")
        second = subprocess.run(
            [LAMP, "up", *PORTS],
            env=environment(data),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert second.returncode == 1
        assert "already runs" in second.stderr
