"""A secret, asked for on a terminal that does not show it or read from a pipe; never taken from an argument."""

from lamplighter_cli.context import Lamp
from lamplighter_cli.exits import WrongUse


def value(lamp: Lamp, name: str) -> str:
    """As it was typed, or as the pipe has it, without the one line break at its end."""
    given = lamp.hidden(f"Value of {name} (not shown): ") if lamp.stdin.isatty() else _piped(lamp)
    if not given:
        raise WrongUse("there is no value: type one when asked, or give it in a pipe")
    return given


def refuse_argument() -> WrongUse:
    """What was typed there is not repeated: it may be the secret."""
    return WrongUse(
        "a value on the command line is seen in the shell's history and by every user of this machine: "
        "leave it out, and give it when asked or in a pipe. One that was typed there should be changed"
    )


def _piped(lamp: Lamp) -> str:
    try:
        text: str = lamp.stdin.read()
    except UnicodeDecodeError:
        raise WrongUse("the value is not UTF-8 text: encode it, for example as base64") from None
    return text.removesuffix("\n").removesuffix("\r")
