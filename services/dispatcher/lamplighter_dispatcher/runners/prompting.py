"""How a command is given its prompt: in an argument, in a file, or on standard input. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lamplighter_dispatcher.outcomes import NotStarted

ARGUMENT_LIMIT = 128 * 1024 - 1
"""Bytes of one argument, and of one variable, as Linux has it (MAX_ARG_STRLEN, less the end mark)."""

_PLACE = re.compile(r"\{prompt(?:_file)?\}")
_TEXT, _FILE = "{prompt}", "{prompt_file}"


@dataclass(frozen=True, slots=True)
class Prompting:
    command: tuple[str, ...]
    stdin: str
    file: str | None = None
    """What is to be written into the file that the command names."""


def prompting(command: Sequence[str], prompt: str, file: Path) -> Prompting | NotStarted:
    """What is in the prompt is never looked at for places again; the program itself has none."""
    program, *arguments = command
    places = {found for argument in arguments for found in _PLACE.findall(argument)}
    if not places:
        return _checked(Prompting((program, *arguments), prompt))
    text = prompt.encode(errors="replace").decode()
    given = {_TEXT: text, _FILE: str(file)}
    filled = (_PLACE.sub(lambda place: given[place.group()], argument) for argument in arguments)
    return _checked(Prompting((program, *filled), "", text if _FILE in places else None))


def _checked(made: Prompting) -> Prompting | NotStarted:
    if any("\0" in argument for argument in made.command):
        return NotStarted("an argument of the command has a null byte")
    longest = max(len(argument.encode(errors="replace")) for argument in made.command)
    if longest > ARGUMENT_LIMIT:
        return NotStarted(
            f"an argument of {longest:,} bytes is more than the system takes ({ARGUMENT_LIMIT:,}); "
            "use {prompt_file} instead of {prompt}"
        )
    return made
