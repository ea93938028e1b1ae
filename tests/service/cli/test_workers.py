"""`lamp worker` and `lamp queue` against a gateway."""

import json

from tests.support.command_line import CommandLine
from tests.support.scripted.gateway import Reply, ScriptedGateway, problem

WORKERS = [
    {
        "worker": "lab-1",
        "queues": ["default", "far"],
        "slots": 16,
        "running": 3,
        "waiting": 2,
        "runners": ["command", "noop"],
        "sandbox": True,
        "draining": False,
        "version": "1.0",
        "started_at": "2026-03-02T08:00:00Z",
    },
    {"worker": "lab-2", "queues": ["default"], "slots": 4, "draining": True},
]
QUEUES = [{"queue": "default", "workers": ["lab-1", "lab-2"], "slots": 16, "running": 3, "due": 41}]


def test_workers_in_a_table(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.answers["GET", "/api/v1/workers"] = Reply(200, WORKERS)

    head, first, second = lamp("worker", "list").out.splitlines()

    assert head.split() == [
        *("WORKER", "STATE", "QUEUES", "RUNNING", "WAITING", "RUNNERS", "SANDBOX", "VERSION", "SINCE")
    ]
    assert first.split()[:4] == ["lab-1", "working", "default,", "far"]
    assert "3 of 16" in first
    assert first.endswith("2026-03-02 08:00:00 UTC")
    assert "draining" in second


def test_workers_as_they_came(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.answers["GET", "/api/v1/workers"] = Reply(200, WORKERS)

    assert json.loads(lamp("workers", "ls", "-o", "json").out) == WORKERS


def test_without_a_worker(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.answers["GET", "/api/v1/workers"] = Reply(200, [])

    ran = lamp("worker", "list")

    assert (ran.code, ran.out, ran.err) == (0, "", "No worker is running: nothing that is due begins.\n")


def test_a_worker_is_drained_and_takes_work_again(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    drain, undrain = "/api/v1/workers/lab-1/drain", "/api/v1/workers/lab-1/undrain"
    gateway.answers["POST", drain] = Reply(200, {"outcome": "draining", "running": 3})
    gateway.answers["POST", undrain] = Reply(200, {"outcome": "working", "running": 0})

    drained, back = lamp("worker", "drain", "lab-1"), lamp("worker", "undrain", "lab-1")

    assert drained.out == "Worker lab-1 takes nothing more, and ends the 3 that it has\n"
    assert back.out == "Worker lab-1 takes work again\n"
    assert json.loads(lamp("worker", "drain", "lab-1", "-o", "json").out) == {
        "outcome": "draining",
        "running": 3,
    }


def test_an_idle_worker_is_drained_at_once(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    reply = Reply(200, {"outcome": "draining", "running": 0})
    gateway.answers["POST", "/api/v1/workers/lab-1/drain"] = reply

    assert lamp("worker", "drain", "lab-1").out == "Worker lab-1 takes nothing more, and has nothing\n"


def test_a_worker_that_is_not_there(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.answers["POST", "/api/v1/workers/gone/drain"] = problem(404, "There is no worker 'gone'.")

    ran = lamp("worker", "drain", "gone")

    assert (ran.code, ran.err) == (3, "error: There is no worker 'gone'.\n")


def test_queues_in_a_table(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.answers["GET", "/api/v1/queues"] = Reply(200, QUEUES)

    head, row = lamp("queue", "list").out.splitlines()

    assert head.split() == ["QUEUE", "DUE", "RUNNING", "SLOTS", "WORKERS"]
    assert row.split() == ["default", "41", "3", "16", "lab-1,", "lab-2"]
    assert json.loads(lamp("queues", "ls", "-o", "json").out) == QUEUES
