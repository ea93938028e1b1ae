"""`lamp` as a process: start-up, signals, pipes, a terminal."""

import json
import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter_cli.connection import Connection, save
from tests.support.scripted.gateway import EXECUTION, TOKEN, Reply, ScriptedGateway

LAMP = [sys.executable, "-m", "lamplighter_cli"]
SECONDS = 30


@pytest.fixture
def environment(gateway: ScriptedGateway, tmp_path: Path) -> dict[str, str]:
    save(Connection(gateway.url, TOKEN), tmp_path)
    return {"PATH": os.environ["PATH"], "LAMP_DATA": str(tmp_path), "TZ": "Asia/Tokyo"}


def lamp(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*LAMP, *arguments], env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )


def test_it_finds_what_lamp_up_left_and_shows_local_times(
    gateway: ScriptedGateway, environment: dict[str, str]
) -> None:
    gateway.add_job("daily", schedule="0 9 * * *")
    assert "2026-03-02 18:00:00 JST" in lamp(environment, "job", "list").stdout


def test_without_a_gateway_one_line_says_so(environment: dict[str, str]) -> None:
    ran = lamp({**environment, "LAMP_URL": "http://127.0.0.1:1"}, "job", "list")
    assert (ran.returncode, ran.stdout) == (5, "")
    assert ran.stderr.startswith("error: no answer from http://127.0.0.1:1 (Connection refused)")
    assert ran.stderr.count("\n") == 1


def test_something_else_listens_there(gateway: ScriptedGateway, environment: dict[str, str]) -> None:
    gateway.answers["GET", "/api/v1/jobs"] = Reply(200, b"<html>hello</html>")
    ran = lamp(environment, "job", "list")
    assert (ran.returncode, "not JSON" in ran.stderr) == (1, True)
    gateway.answers["GET", "/api/v1/jobs"] = Reply(502, b"<html>bad gateway</html>")
    ran = lamp(environment, "job", "list")
    assert (ran.returncode, "answered 502" in ran.stderr) == (5, True)


def test_a_reader_that_goes_away_is_no_error(gateway: ScriptedGateway, environment: dict[str, str]) -> None:
    line = {"stream": "stdout", "text": "x" * 99}
    log = [(f"1-{n}", "log", {"attempt": 1, "lines": [{**line, "number": n}]}) for n in range(1, 5_000)]
    gateway.streams[EXECUTION] = [*log, ("2-1", "end", {"status": "completed"})]
    command = f"{sys.executable} -m lamplighter_cli execution logs -f {EXECUTION} | head -n 1"
    ran = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "x" * 99 + "\n", "")


@pytest.fixture
def interrupts_are_heard() -> Iterator[None]:
    """A test run that was started in the background ignores them, and so would every process that it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interrupts_are_heard")
def test_ctrl_c_is_quiet(environment: dict[str, str]) -> None:
    """Interrupted while it waits for an answer that never comes."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = subprocess.Popen(
            [*LAMP, "job", "list", "--url", url],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        silent.settimeout(SECONDS)
        connection, _ = silent.accept()
        with connection:
            connection.recv(1)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, out, err) == (130, "", "")


def test_a_locale_without_the_characters_is_no_fault(
    gateway: ScriptedGateway, environment: dict[str, str]
) -> None:
    gateway.add_job("daily", name="Zürich ✓")
    ran = lamp({**environment, "PYTHONIOENCODING": "ascii"}, "job", "list")
    assert (ran.returncode, "Z?rich" in ran.stdout) == (0, True)


def test_a_terminal_gets_colours_and_no_control_characters_of_others(
    gateway: ScriptedGateway, environment: dict[str, str]
) -> None:
    gateway.add_job("daily", name="\x1b]0;owned\x07name", schedule="0 9 * * *")
    shown = _on_terminal({**environment, "COLUMNS": "200"}, "job", "list")
    assert "\x1b[1mID" in shown
    assert "owned" not in shown
    assert "\x07" not in shown


def _on_terminal(environment: dict[str, str], *arguments: str) -> str:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*LAMP, *arguments], env={**environment, "TERM": "xterm"}, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65_536):
            shown += piece
    except OSError:  # the other side is closed
        pass
    os.close(ours)
    assert process.wait(SECONDS) == 0, shown
    return shown.decode()


HEAVY = {
    "httpx",
    "rich",
    "pydantic",
    "yaml",
    "lamplighter_contracts",
    "ssl",
    "http.client",
    "asyncio",
    "zoneinfo",
}


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (["--help"], set()),
        (["job", "--help"], set()),
        (["job", "create", "--help"], set()),
        (["backfill", "--help"], set()),
        (["simulate", "--help"], set()),
        (["job", "list"], {"ssl", "http.client"}),
        (["job", "next", "--every", "2h"], {"ssl", "http.client"}),
    ],
)
def test_a_command_loads_only_what_it_needs(
    gateway: ScriptedGateway, environment: dict[str, str], arguments: list[str], allowed: set[str]
) -> None:
    """What makes the command line slow to start is never wall time on a test machine; it is this list."""
    program = (
        "import sys, json; from lamplighter_cli import app, context\n"
        f"app.run({arguments!r}, context.of_process())\n"
        "sys.stdout.flush(); print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    loaded = set(json.loads(ran.stderr.splitlines()[-1]))
    assert loaded & HEAVY <= allowed
