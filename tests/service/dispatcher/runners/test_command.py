"""Commands run directly, in a sandbox where one works and without: what they are given, and that nothing escapes."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, cast
from uuid import uuid4

import pytest
from nats.aio.client import Client

from lamplighter_contracts import runners
from lamplighter_contracts.environments import NetworkRules
from lamplighter_contracts.executions import LogStream
from lamplighter_contracts.usage import Usage
from lamplighter_dispatcher.outcomes import Ended, Exited, Killed, NotStarted, StopReason, Unsuccessful
from lamplighter_dispatcher.runners import sandbox
from lamplighter_dispatcher.runners.command import CommandRunner
from lamplighter_dispatcher.runners.contract import Outfit
from lamplighter_dispatcher.runners.folders import Folders
from lamplighter_dispatcher.stops import Stop
from lamplighter_runtime.messages import BusUnavailable
from tests.support.sessions import RecordedEffect, RecordingSession, work
from tests.support.waiting import until

KINDS = ("off", "auto") if sandbox.works() else ("off",)
"""Without a sandbox in any case, and in one where it works."""
both = pytest.mark.parametrize("kind", KINDS)

ROOT = Path(__file__).parents[4]

Kind = Literal["auto", "off"]


class Bench:
    """Runs commands, each as an execution of its own."""

    def __init__(self, folders: Folders) -> None:
        self.folders = folders
        self.session = RecordingSession()
        self.stop = Stop()
        self.execution = f"bench-{uuid4().hex}"

    async def run(self, *command: str, kind: Kind = "auto", grace_seconds: float = 1, **fields: Any) -> Ended:
        specification = runners.CommandRunner(command=command, sandbox=kind)
        runner = CommandRunner(Outfit(cast("Client", None), self.folders, grace_seconds))
        given = work(specification, **{"execution_id": self.execution, **fields})
        async with asyncio.timeout(30):
            return await runner.run(specification, given, self.session, self.stop)

    async def python(self, code: str, **options: Any) -> Ended:
        return await self.run(sys.executable, "-u", "-c", code, **options)

    async def left(self) -> None:
        """Wait until no process of it is left."""

        async def ask() -> bool:
            return not processes(self.execution)

        await until(ask, seconds=5, what="the end of all processes")


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    folders = Folders(tmp_path / "runs", "worker")
    folders.open()
    bench = Bench(folders)
    yield bench
    assert [entry.name for entry in (tmp_path / "runs" / "worker").iterdir()] == ["in-use"]
    folders.close()


def processes(mark: str) -> list[int]:
    """Those, zombies excepted, that have `mark` among their arguments or in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and mark.encode() in _told(entry) and _state(entry) != "Z":
                found.append(int(entry.name))
    return found


def _told(entry: Path) -> bytes:
    return (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()


def _state(entry: Path) -> str:
    return (entry / "stat").read_text().rpartition(")")[2].split()[0]


@both
@pytest.mark.parametrize(
    ("command", "result"),
    [
        (["sh", "-c", 'printf "%s|" "$@"; cat', "-", "{prompt}"], "Say $(id) && `id`|"),
        (["sh", "-c", 'cat "$1"; cat', "-", "{prompt_file}"], "Say $(id) && `id`"),
        (["sh", "-c", "cat"], "Say $(id) && `id`"),
    ],
)
async def test_the_prompt_arrives_and_no_shell_reads_it(
    bench: Bench, kind: Kind, command: list[str], result: str
) -> None:
    assert await bench.run(*command, kind=kind, prompt="Say $(id) && `id`") == Exited(0, result)


@both
async def test_a_long_prompt_goes_through_a_file(bench: Bench, kind: Kind) -> None:
    prompt = "é" * 100_000
    refused = await bench.run("echo", "{prompt}", kind=kind, prompt=prompt)
    assert isinstance(refused, NotStarted)
    assert "{prompt_file}" in refused.detail
    assert await bench.run("wc", "-c", "{prompt_file}", kind=kind, prompt=prompt) == Exited(
        0, bench.session.result
    )
    assert bench.session.result.startswith("200000 ")


@both
async def test_effects_of_earlier_attempts_and_secrets_are_given(bench: Bench, kind: Kind) -> None:
    code = (
        'import json, os\nfor line in open(os.environ["LAMP_DONE_FILE"]): print(json.loads(line)["effect"])\n'
        'print(os.environ["KEY"])\nprint(sorted(os.environ))'
    )
    done, variables = ("sent é", 'said "no"'), {"KEY": "value"}
    ended = await bench.python(code, kind=kind, done=done, variables=variables)
    assert isinstance(ended, Exited)
    *lines, names = ended.result.splitlines()
    assert lines == [*done, "value"]
    assert set(json.loads(names.replace("'", '"'))) - {"LC_CTYPE"} == {
        "PATH", "HOME", "PWD", "TMPDIR", "LANG", "KEY",
        "LAMP_EXECUTION_ID", "LAMP_JOB_ID", "LAMP_ATTEMPT", "LAMP_PROMPT", "LAMP_DONE_FILE",
    }  # fmt: skip


REPORTS = r"""
print('{"step": "read", "phase": "started"}')
print("in between")
print('{"step": "read", "detail": "3 pages"}')
print('{"effect": "sent", "detail": "to Ann"}')
print('{"usage": {"input_tokens": 5}}')
print('{"usage": {"input_tokens": 2, "cost": 0.5}}')
print('{"step": 5}')
print('{"step": "begun", "phase": "started"}')
print('{"result": "the answer", "usage": {"requests": 1}}')
print("after")
"""


@both
async def test_lines_that_report_are_no_log(bench: Bench, kind: Kind) -> None:
    assert await bench.python(REPORTS, kind=kind) == Exited(0, "the answer")
    session = bench.session
    assert session.lines() == ["in between", '{"step": 5}', "after"]
    assert [(step.name, step.detail) for step in session.steps] == [
        ("read", "3 pages"),
        ("begun", "It was not over when the run was."),
    ]
    assert all(step.ended for step in session.steps)
    assert session.effects == [RecordedEffect("sent", "to Ann")]
    assert session.spent == Usage(input_tokens=7, cost=0.5, requests=1)
    told = [what for what in session.happened if what != "write"]
    assert told[:4] == ["begin read", "end read", "effect sent", "spend"]


@pytest.mark.parametrize(
    ("line", "code", "ended"),
    [
        ('{"result": "r"}', 0, Exited(0, "r")),
        ('{"result": "r"}', 3, Exited(3, "r")),
        (
            '{"result": "r", "outcome": "failed"}',
            0,
            Unsuccessful("agent_error", "It says that it failed.", "r"),
        ),
        (
            '{"result": "", "outcome": "failed", "reason": "unavailable", "detail": "429"}',
            1,
            Unsuccessful("unavailable", "429"),
        ),
        ('{"result": "first"}\n{"result": "last"}', 0, Exited(0, "last")),
        ("no report", 0, Exited(0, "no report")),
    ],
)
async def test_the_result_that_a_command_reports(bench: Bench, line: str, code: int, ended: Ended) -> None:
    assert await bench.python(f"import sys; sys.stdout.write({line!r}); sys.exit({code})") == ended


async def test_secrets_in_a_reported_result_are_masked(bench: Bench) -> None:
    bench.session = RecordingSession(secrets={"KEY": "hunter2hunter2"})
    assert await bench.run("echo", '{"result": "hunter2hunter2"}') == Exited(0, "[secret KEY]")


@both
async def test_a_limit_that_is_reached_ends_it(bench: Bench, kind: Kind) -> None:
    bench.session = RecordingSession(most_tokens=10)
    code = (
        'import time\nprint(\'{"result": "half"}\')\n'
        'print(\'{"usage": {"output_tokens": 11}}\')\ntime.sleep(600)'
    )
    ended = await bench.python(code, kind=kind)
    assert ended == Unsuccessful("limit: tokens", "It used 11 of 10 tokens.", "half")
    await bench.left()


async def test_an_effect_is_stored_before_the_command_is_heard_further(bench: Bench) -> None:
    bench.session.effect_fails = BusUnavailable("away")
    code = 'print("ready", flush=True)\nprint(\'{"effect": "sent"}\', flush=True)\nprint("after", flush=True)'
    running = asyncio.create_task(bench.python(code))
    await bench.session.until("write")
    await asyncio.sleep(0.2)
    assert bench.session.lines() == ["ready"]
    bench.session.effect_fails = None
    assert await running == Exited(0, "ready\nafter")
    assert bench.session.effects == [RecordedEffect("sent")]


async def test_a_session_that_breaks_ends_the_command(bench: Bench) -> None:
    async def break_down(stream: LogStream, chunk: bytes) -> None:
        raise ZeroDivisionError

    bench.session.write = break_down  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        await bench.python("import time; print('x'); time.sleep(600)")
    await bench.left()


# Whatever it does, nothing of it is left

POLITE = """
import os, signal, sys, time
def leave(*_):
    os.write(1, b"tidied up\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
os.write(1, b"ready\\n")
while True: time.sleep(1)
"""
DAEMON = """
import os, signal, subprocess, sys, time
def daemon(how):
    if os.fork():
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if how == "closed":
        os.closerange(0, 256)
        os.chdir("/")
    while True: time.sleep(1)
daemon("open")
daemon("closed")
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True, close_fds=False)
time.sleep(0.2)
print("ready")
"""
ENDINGS = {
    "exit": "",
    "stubborn": "\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: time.sleep(1)",
}


@both
async def test_what_is_told_to_end_has_its_grace_also_in_a_sandbox(bench: Bench, kind: Kind) -> None:
    running = asyncio.create_task(bench.python(POLITE, kind=kind, grace_seconds=10))
    await bench.session.until("write")
    bench.stop.request(StopReason.CANCEL)
    assert await running == Exited(0, "ready\ntidied up")
    await bench.left()


@both
@pytest.mark.parametrize("way", ["exit", "cancel", "lease", "task"])
async def test_daemons_end_with_it(bench: Bench, kind: Kind, way: str) -> None:
    code = DAEMON + ENDINGS["exit" if way == "exit" else "stubborn"]
    running = asyncio.create_task(bench.python(code, kind=kind))
    await bench.session.until("write")
    match way:
        case "exit":
            assert await running == Exited(0, "ready")
        case "cancel":
            bench.stop.request(StopReason.CANCEL)
            assert await running == Killed(9, "ready")
        case "lease":
            bench.stop.request(StopReason.LEASE)
            assert await asyncio.wait_for(running, 0.9) == Killed(9, "ready")
        case _:
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
    assert processes(bench.execution) == []


@both
async def test_nothing_is_left_when_the_launcher_is_killed(bench: Bench, kind: Kind) -> None:
    running = asyncio.create_task(bench.python(DAEMON + ENDINGS["stubborn"], kind=kind))
    await bench.session.until("write")
    found = processes(bench.execution)
    (launcher,) = [pid for pid in found if b"launcher.py" in _told(Path(f"/proc/{pid}"))]
    os.kill(launcher, signal.SIGKILL)
    assert "was killed" in repr(await running)
    assert processes(bench.execution) == []


WORKER = """
import asyncio, sys
from pathlib import Path
from lamplighter_contracts import runners
from lamplighter_dispatcher.runners.command import CommandRunner
from lamplighter_dispatcher.runners.contract import Outfit
from lamplighter_dispatcher.runners.folders import Folders
from lamplighter_dispatcher.stops import Stop
from tests.support.sessions import RecordingSession, work
async def main(root, execution, kind, code):
    folders, session = Folders(Path(root), "dying"), RecordingSession()
    folders.open()
    specification = runners.CommandRunner(command=(sys.executable, "-u", "-c", code), sandbox=kind)
    given = work(specification, execution_id=execution)
    running = asyncio.create_task(CommandRunner(Outfit(None, folders, 60)).run(specification, given, session, Stop()))
    await session.until("write")
    print("ready", flush=True)
    await running
asyncio.run(main(*sys.argv[1:]))
"""


@both
async def test_nothing_is_left_when_the_dispatcher_is_killed(
    bench: Bench, kind: Kind, tmp_path: Path
) -> None:
    arguments = (str(tmp_path / "others"), bench.execution, kind, DAEMON + ENDINGS["stubborn"])
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, *arguments, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert worker.stdout is not None
    async with asyncio.timeout(20):
        while await worker.stdout.readline() != b"ready\n":
            assert worker.returncode is None
    assert len(processes(bench.execution)) >= 5
    worker.kill()
    await worker.wait()
    await bench.left()


@both
async def test_no_descriptor_but_the_three_is_given(bench: Bench, kind: Kind) -> None:
    assert await bench.run("sh", "-c", "ls /proc/$$/fd; true", kind=kind) == Exited(0, "0\n1\n2")


@both
@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["no-such-program"], "No such file"),
        (["./no-such-program"], "No such file"),
        (["/etc/passwd"], "Permission denied"),
        (["echo", "a\0b"], "null byte"),
    ],
)
async def test_what_cannot_be_started_says_why(
    bench: Bench, kind: Kind, command: list[str], words: str
) -> None:
    ended = await bench.run(*command, kind=kind)
    assert isinstance(ended, NotStarted)
    assert words in ended.detail


@both
async def test_a_signal_is_told_as_one(bench: Bench, kind: Kind) -> None:
    assert await bench.run("sh", "-c", "kill -SEGV $$", kind=kind) == Killed(11)
    assert await bench.run("sh", "-c", "exit 255", kind=kind) == Exited(255)


# The sandbox, where one works; its arguments are in the unit tests

LOOK = """
import os, pathlib, socket
def can(act):
    try:
        act()
        return True
    except OSError:
        return False
def connect():
    listener = socket.create_server(("127.0.0.1", 0))
    socket.create_connection(listener.getsockname()).close()
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
told = {
    "home": can(lambda: pathlib.Path("file").write_text("x")),
    "tmp": can(lambda: pathlib.Path("/tmp/file").write_text("x")),
    "tmpdir": can(lambda: pathlib.Path(os.environ["TMPDIR"], "other").write_text("x")),
    "etc": can(lambda: pathlib.Path("/etc/lamplighter-test").write_text("x")),
    "run": can(lambda: pathlib.Path("/run/lamplighter-test").write_text("x")),
    "runs": can(lambda: pathlib.Path(RUNS, "x").write_text("x")),
    "other": os.path.exists(os.path.join(RUNS, "worker", "in-use")),
    "read": can(lambda: open("/etc/passwd").read()),
    "processes": len([name for name in os.listdir("/proc") if name.isdigit()]) < 10,
    "capabilities": int(status["CapEff"], 16) + int(status["CapBnd"], 16),
    "privileges": status["NoNewPrivs"],
    "interfaces": [name for _, name in socket.if_nameindex()],
    "loopback": can(connect),
}
import json; print(json.dumps({"result": json.dumps(told)}))
"""


async def look(bench: Bench, **options: Any) -> dict[str, Any]:
    code = f"RUNS = {str(bench.folders.root)!r}\n{LOOK}"
    ended = await bench.python(code, **options)
    assert isinstance(ended, Exited), ended
    told: dict[str, Any] = json.loads(ended.result)
    return told


@pytest.mark.parametrize("internet", [True, False])
async def test_what_a_sandbox_leaves_a_command(bench: Bench, internet: bool) -> None:
    if not sandbox.works():
        refused = await bench.run("true", kind="auto", network=NetworkRules(internet=False))
        assert isinstance(refused, NotStarted)
        return
    told = await look(bench, network=NetworkRules(internet=internet))
    interfaces = told.pop("interfaces")
    assert told == {
        "home": True,
        "tmp": True,
        "tmpdir": True,
        "etc": False,
        "run": False,
        "runs": False,
        "other": False,
        "read": True,
        "processes": True,
        "capabilities": 0,
        "privileges": "1",
        "loopback": True,
    }
    assert internet or interfaces == ["lo"]


async def test_without_a_sandbox_no_command_has_a_network_that_it_must_not_have(bench: Bench) -> None:
    refused = await bench.run("true", kind="off", network=NetworkRules(internet=False))
    assert isinstance(refused, NotStarted)
    assert "no network" in refused.detail


@pytest.mark.parametrize("wish", ["auto", "required"])
async def test_where_no_sandbox_works(bench: Bench, monkeypatch: pytest.MonkeyPatch, wish: str) -> None:
    monkeypatch.setattr(sandbox, "program", lambda: None)
    specification = runners.CommandRunner.model_validate({"command": ["true"], "sandbox": wish})
    runner = CommandRunner(Outfit(cast("Client", None), bench.folders, 1))
    ended = await runner.run(specification, work(specification), bench.session, bench.stop)
    assert ended == (
        Exited(0) if wish == "auto" else NotStarted("it needs a sandbox, and none works on this machine")
    )


def test_a_program_that_is_no_sandbox_does_not_work(tmp_path: Path) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho no namespaces here >&2\nexit 1\n")
    fake.chmod(0o755)
    assert sandbox._trouble(str(fake)) == "no namespaces here"
    assert sandbox._trouble(str(tmp_path / "none")) != ""
