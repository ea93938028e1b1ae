"""The tool `shell`: a program of the list, with its arguments, and never a shell."""

import asyncio
from collections.abc import Callable
from typing import IO, Annotated

from pydantic import Field, JsonValue, StringConstraints

from lamplighter_contracts.tools import ShellTool
from lamplighter_dispatcher.llm.data import LARGEST, RAW_LIMIT, shortened, without_edge
from lamplighter_dispatcher.llm.programs import Programs
from lamplighter_dispatcher.llm.tools import Answer, Form, Tool
from lamplighter_dispatcher.outcomes import Broken, Exited, Killed, NotStarted
from lamplighter_dispatcher.runners.launched import how_it_ended, reading

_CHUNK = 32 * 1024
_STDERR_SHARE = LARGEST // 4


class ShellForm(Form):
    command: tuple[Annotated[str, StringConstraints(max_length=32_768, pattern=r"^[^\x00]*$")], ...] = Field(
        min_length=1, max_length=256, description='["program", "argument", ...]: a list, and no shell.'
    )
    input: str = Field(default="", max_length=1 << 20, description="What it finds on its standard input.")


class Shell(Tool[ShellForm]):
    name, form = "shell", ShellForm

    def __init__(self, settings: ShellTool, programs: Programs, mask: Callable[[str], str]) -> None:
        self._settings = settings
        self._programs = programs
        self._mask = mask
        self.description = (
            "Run a program in your folder. Without a shell: no pipes, no redirections, no wildcards. "
            f"These may be run: {', '.join(settings.programs)}. Each may take {settings.timeout_seconds} seconds."
        )

    def refusal(self, arguments: ShellForm) -> str:
        if arguments.command[0] in self._settings.programs:
            return ""
        listed = ", ".join(self._settings.programs)
        return f"{arguments.command[0]!r} is not one of the programs that may be run: {listed}"

    def has_effect(self, arguments: ShellForm) -> bool:
        return True

    def summary(self, arguments: ShellForm) -> str:
        return " ".join(arguments.command)

    async def call(self, arguments: ShellForm, state: JsonValue = None) -> Answer:
        try:
            launched = self._programs.start(arguments.command, arguments.input)
        except (OSError, ValueError) as error:
            return Answer(
                f"it could not be started: {getattr(error, 'strerror', None) or error}", failed=True
            )
        pumps = [asyncio.create_task(_read(pipe)) for pipe in (launched.stdout, launched.stderr)]
        ended = asyncio.create_task(launched.ended())
        try:
            await asyncio.wait([ended], timeout=self._settings.timeout_seconds)
            in_time = ended.done()
        finally:
            await self._programs.kill(launched, ended)
            # All who could write are dead: what they left is read in a moment.
            await asyncio.wait(pumps)
        said = ended.result() if in_time else None
        return self._answer(said, arguments.command[0], pumps[0].result(), pumps[1].result())

    def _answer(
        self, said: str | None, program: str, stdout: tuple[bytes, bool], stderr: tuple[bytes, bool]
    ) -> Answer:
        out, err = self._masked(stdout), self._masked(stderr)
        ending, failed = self._ending(said, program)
        parts = [ending, out]
        if err:
            parts += ["stderr:", shortened(err, _STDERR_SHARE)]
        return Answer("\n".join(part for part in parts if part), failed=failed)

    def _ending(self, said: str | None, program: str) -> tuple[str, bool]:
        if said is None:
            return f"stopped: it ran longer than {self._settings.timeout_seconds} seconds", True
        match how_it_ended(said, program, "", sandboxed=self._programs.sandbox is not None):
            case Exited(code):
                return f"exit code {code}", code != 0
            case Killed(number):
                return f"ended by the signal {number}", True
            case NotStarted(detail) | Broken(detail):
                return detail, True

    def _masked(self, output: tuple[bytes, bool]) -> str:
        content, was_cut = output
        text = without_edge(self._mask(content.decode(errors="replace")), was_cut=was_cut)
        return shortened(text.rstrip("\n"), LARGEST - _STDERR_SHARE)


async def _read(pipe: IO[bytes]) -> tuple[bytes, bool]:
    """What comes first of it, and whether that is not all. All of it is read, or the program would wait for ever."""
    kept, was_cut = bytearray(), False
    with reading(pipe) as reader:
        while chunk := await reader.read(_CHUNK):
            room = RAW_LIMIT - len(kept)
            was_cut = was_cut or len(chunk) > room
            kept += chunk[:room]
    return bytes(kept), was_cut
