"""A process that answers one request after the other, has its bounds, and is replaced when it ran into them."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator

import pytest

from lamplighter_gateway.apart import Exhausted, Standing, bound_cpu_from_now, bound_memory, requests

pytestmark = pytest.mark.asyncio


def main() -> None:
    """What the tests ask."""
    bound_memory(256 << 20)
    for (asked, body), answer in requests(sys.stdin.buffer, sys.stdout.buffer):
        bound_cpu_from_now(1)
        match asked:
            case b"echo":
                answer(body)
            case b"pid":
                answer(str(os.getpid()).encode())
            case b"spin":
                while True:
                    pass
            case b"swell":
                answer(b"x" * (1 << 30))
            case b"sleep":
                signal.pause()


if __name__ == "__main__":
    main()


@pytest.fixture
async def standing(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Standing]:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    one = Standing("tests.unit.gateway.test_standing", seconds=20)
    yield one
    await one.close()


async def _pid(standing: Standing) -> int:
    return int(await standing.ask(b"pid", b""))


async def test_it_stays_and_answers(standing: Standing) -> None:
    large = os.urandom(3 << 20)
    pid = await _pid(standing)
    assert [await standing.ask(b"echo", body) for body in (b"", b"a", large)] == [b"", b"a", large]
    assert await _pid(standing) == pid


async def test_many_wait_their_turn(standing: Standing) -> None:
    bodies = [str(number).encode() for number in range(50)]
    assert await asyncio.gather(*(standing.ask(b"echo", body) for body in bodies)) == bodies


@pytest.mark.parametrize("wish", [b"spin", b"swell"])
async def test_what_is_too_much_ends_it_and_another_takes_its_place(standing: Standing, wish: bytes) -> None:
    pid = await _pid(standing)
    with pytest.raises(Exhausted):
        await standing.ask(wish, b"")
    assert await _pid(standing) != pid


async def test_a_process_that_somebody_killed_was_not_exhausted(standing: Standing) -> None:
    pid = await _pid(standing)
    asked = asyncio.create_task(standing.ask(b"sleep", b""))
    await asyncio.sleep(0)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(TimeoutError):
        await asked
    assert await standing.ask(b"echo", b"a") == b"a"


async def test_one_that_is_silent_for_too_long_is_ended(standing: Standing) -> None:
    pid = await _pid(standing)
    standing.seconds = 0.2
    with pytest.raises(TimeoutError):
        await standing.ask(b"sleep", b"")
    standing.seconds = 20
    assert await _pid(standing) != pid


async def test_an_answer_is_never_that_to_somebody_elses_question(standing: Standing) -> None:
    """Who broke off has left an answer on its way."""
    await _pid(standing)
    broken_off = asyncio.create_task(standing.ask(b"echo", b"old" * 1_000_000))
    await asyncio.sleep(0)
    broken_off.cancel()
    assert await standing.ask(b"echo", b"new") == b"new"


async def test_nothing_is_left_of_it(standing: Standing) -> None:
    pid = await _pid(standing)
    await standing.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
