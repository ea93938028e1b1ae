"""A server of the Model Context Protocol that is a program: lines of JSON on its standard input and output."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import IO, Any

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp.types import jsonrpc_message_adapter

from lamplighter_dispatcher.llm.programs import Programs
from lamplighter_dispatcher.runners.launched import reading

_CHUNK = 32 * 1024
LONGEST_LINE = 4 << 20

Heard = SessionMessage | Exception
Streams = tuple[Any, Any]
"""What a session of the library reads and writes; it has no public name for them."""


@asynccontextmanager
async def running(
    programs: Programs, command: tuple[str, ...], variables: Mapping[str, str]
) -> AsyncIterator[Streams]:
    """Whatever happens, nothing of it is left running. Raises `OSError` and `ValueError` where it does not start."""
    reader, writer = os.pipe()
    try:
        launched = programs.start(command, more=variables, stdin=reader)
    except BaseException:
        os.close(writer)
        raise
    finally:
        os.close(reader)
    ended = asyncio.create_task(launched.ended())
    to_us, heard = anyio.create_memory_object_stream[Heard](0)
    said, from_us = anyio.create_memory_object_stream[SessionMessage](0)
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(_hear, launched.stdout, to_us)
            group.start_soon(_drain, launched.stderr)
            group.start_soon(_say, writer, from_us)
            try:
                yield heard, said
            finally:
                group.cancel_scope.cancel()
    finally:
        for stream in (to_us, heard, said, from_us):
            stream.close()
        with anyio.CancelScope(shield=True):
            await programs.kill(launched, ended)


async def _hear(pipe: IO[bytes], to_us: MemoryObjectSendStream[Heard]) -> None:
    line = bytearray()
    # Closed at its end, which tells the other side that the program is gone.
    with reading(pipe) as reader, to_us, suppress(anyio.BrokenResourceError):
        while chunk := await reader.read(_CHUNK):
            *done, rest = chunk.split(b"\n")
            for piece in done:
                await to_us.send(_message(bytes(line) + piece))
                line.clear()
            line += rest
            if len(line) > LONGEST_LINE:
                return


def _message(line: bytes) -> Heard:
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError as problem:
        return problem


async def _drain(pipe: IO[bytes]) -> None:
    """What it says beside: unread, it would wait for ever once the pipe is full."""
    with reading(pipe) as reader:
        while await reader.read(_CHUNK):
            continue


async def _say(writer: int, from_us: MemoryObjectReceiveStream[SessionMessage]) -> None:
    with _open(writer), suppress(BrokenPipeError, anyio.ClosedResourceError):
        async for sent in from_us:
            text = sent.message.model_dump_json(by_alias=True, exclude_unset=True)
            await _write(writer, f"{text}\n".encode())


@contextmanager
def _open(writer: int) -> Iterator[None]:
    os.set_blocking(writer, False)
    try:
        yield
    finally:
        os.close(writer)


async def _write(writer: int, content: bytes) -> None:
    view, loop = memoryview(content), asyncio.get_running_loop()
    while view:
        try:
            view = view[os.write(writer, view) :]
        except BlockingIOError:
            writable = asyncio.Event()
            loop.add_writer(writer, writable.set)
            try:
                await writable.wait()
            finally:
                loop.remove_writer(writer)
