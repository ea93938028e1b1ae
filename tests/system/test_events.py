"""What the page about events shows runs as it stands there, against the whole stack."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.stack import Api, Stack

PAGE = (Path(__file__).parents[2] / "docs/events.md").read_text()
DEADLINE = 60


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


async def hear(program: Process, words: str) -> list[str]:
    """The lines up to the one with these words."""
    assert program.stdout is not None
    lines: list[str] = []
    async with asyncio.timeout(DEADLINE):
        while not lines or words not in lines[-1]:
            line = await program.stdout.readline()
            assert line, lines
            lines.append(line.decode())
    return lines


async def subscriber(stack: Stack) -> Process:
    environment = {**os.environ, "NATS_URL": stack.nats.url}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-u", "-c", block("python"), env=environment, stdout=PIPE
    )


async def stop(program: Process) -> None:
    program.kill()
    await program.wait()


async def test_a_subscriber_of_ones_own_misses_nothing_while_it_is_down(stack: Stack, api: Api) -> None:
    job = await api.job(await api.noop_agent("heard"), overlap="allow")
    first = await subscriber(stack)
    started: list[str] = []

    async def keep_triggering() -> None:
        while True:
            started.append(await api.trigger(job))
            await api.finished(started[-1])

    # It hears only of what comes after its beginning, and does not say when that is.
    triggering = asyncio.create_task(keep_triggering())
    heard = await hear(first, "lamplighter.job.due.v1")
    triggering.cancel()
    await asyncio.gather(triggering, return_exceptions=True)
    await hear(first, started[-1]) if started[-1] not in heard[-1] else None
    await stop(first)

    missed = await api.trigger(job)
    await api.finished(missed)
    again = await subscriber(stack)
    lines = await hear(again, missed)
    await stop(again)

    assert f"lamplighter.job.due.v1 {missed} {job}\n" == lines[-1]


async def test_a_look_by_shell(stack: Stack, api: Api) -> None:
    job = await api.job(await api.noop_agent("seen"))
    where = urlsplit(stack.nats.url)
    environment = {**os.environ, "NATS_HOST": str(where.hostname), "NATS_PORT": str(where.port)}
    # In the shell's place: a `cat` beside it would outlive the shell, and hold its output open.
    script = block("sh").replace("cat <&3", "printf 'PING\\r\\n' >&3; exec cat <&3")
    program = await asyncio.create_subprocess_exec("bash", "-c", script, env=environment, stdout=PIPE)
    await hear(program, "PONG")
    execution = await api.trigger(job)
    lines = await hear(program, f"ce-id: {execution}")
    await stop(program)

    assert any(line.startswith(f"HMSG job.due.default.{job} ") for line in lines)
