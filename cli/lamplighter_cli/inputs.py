"""What people hand over: text from a file or a pipe, NAME=VALUE pairs, a JSON document."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from lamplighter_cli.exits import WrongUse


def text(given: str, option: str, stdin: TextIO) -> str:
    """`given`, or what `-` (standard input) or `@FILE` holds. `@@` begins a text that begins with an @."""
    if given == "-":
        if stdin.isatty():
            raise WrongUse(f"{option} - reads a pipe, but there is only a terminal: use {option} @FILE")
        return _read(stdin, option).rstrip("\n")
    if given.startswith("@@"):
        return given[1:]
    if given.startswith("@"):
        return _read(Path(given[1:]), option).rstrip("\n")
    return given


def pairs(given: Iterable[str], option: str) -> dict[str, str]:
    """NAME=VALUE arguments; a value may hold further equals signs."""
    found = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not (equals and name):
            raise WrongUse(f"{option} {pair!r} is not NAME=VALUE: write one such as REGION=eu-west")
        found[name] = value
    return found


def document(path: str, stdin: TextIO = sys.stdin) -> dict[str, Any]:
    """The JSON object in a file, `-` for standard input."""
    content = contents(path, "--file", stdin)
    try:
        found = json.loads(content)
    except ValueError as broken:
        raise WrongUse(f"--file {path} is not JSON: {broken}") from broken
    if not isinstance(found, dict):
        raise WrongUse(f"--file {path} holds {_kind(found)}; it has to be one JSON object")
    return found


def contents(path: str, option: str, stdin: TextIO = sys.stdin) -> str:
    """The text in a file, `-` for standard input."""
    return _read(stdin if path == "-" else Path(path), option)


def _kind(value: object) -> str:
    return "a list" if isinstance(value, list) else "a single value"


def _read(source: Path | TextIO, option: str) -> str:
    try:
        return source.expanduser().read_text("utf-8") if isinstance(source, Path) else source.read()
    except UnicodeDecodeError as broken:
        raise WrongUse(f"{option}: the text is not UTF-8") from broken
    except OSError as broken:
        raise WrongUse(f"{option}: {source} cannot be read: {broken.strerror}") from broken
