"""How words on the command line are read: commands with aliases, and options that every command takes.

A command's name may be written `list|ls|l`: the first is its name, the others lead to it. Help shows it once.
"""

import importlib
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import typer

# Typer carries a click of its own and exports only part of it; the version is pinned.
from typer._click import Command as ClickCommand
from typer._click import Context as ClickContext
from typer._click import HelpFormatter
from typer._click import Parameter as ClickParameter
from typer.core import TyperCommand, TyperGroup, TyperOption

from lamplighter_cli.context import Lamp
from lamplighter_cli.exits import ReaderGone
from lamplighter_cli.output import Format

PLAIN: Any = {"rich_markup_mode": None, "pretty_exceptions_enable": False}
CONTEXT = {"help_option_names": ["-h", "--help"]}
_RANGE = re.compile(r"is not in the range (?:(\d+)<=x<=(\d+)|x>=(\d+))", re.ASCII)
BOOLEANS = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0"), False),
}


def boolean(text: str) -> bool:
    """For options that may stand bare: `--enabled`, `--enabled=false`, `--enabled true`."""
    try:
        return BOOLEANS[text.lower()]
    except KeyError:
        raise typer.BadParameter(f"{text!r} is neither true nor false") from None


class LampCommand(TyperCommand):
    """A command that also takes the options of `lamp` itself, and whose boolean options may stand bare."""

    def __init__(self, name: str | None, **settings: Any) -> None:
        own = settings.get("params") or []
        # An option of its own is meant before one of `lamp` itself, which may stand after `lamp`.
        taken = {option for param in own for option in param.opts}
        settings["params"] = [*own, *(one for one in everywhere(hidden=True) if taken.isdisjoint(one.opts))]
        settings["context_settings"] = {**CONTEXT, **(settings.get("context_settings") or {})}
        super().__init__(name, **settings)

    def format_options(self, ctx: ClickContext, formatter: HelpFormatter) -> None:
        """Arguments, then options in groups: those that belong to no other come first."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for param in self.get_params(ctx):
            title = getattr(param, "rich_help_panel", None) or _title(param)
            if record := param.get_help_record(ctx):
                sections.setdefault(title, []).append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def parse_args(self, ctx: ClickContext, args: list[str]) -> list[str]:
        flags = {opt for param in self.params if param.metavar == "BOOL" for opt in param.opts}
        return super().parse_args(ctx, spell_out(args, flags))

    def invoke(self, ctx: ClickContext) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as broken:
            # Typer would end the process here, with exit code 1.
            raise ReaderGone from broken


def _title(param: ClickParameter) -> str:
    return "Arguments" if param.param_type_name == "argument" else "Options"


class LampGroup(TyperGroup):
    """A group whose commands have aliases. Without arguments it shows its help."""

    hides_connection: ClassVar[bool] = True

    def __init__(self, **settings: Any) -> None:
        settings["params"] = [*(settings.get("params") or ()), *everywhere(self.hides_connection)]
        settings["context_settings"] = {**CONTEXT, **(settings.get("context_settings") or {})}
        super().__init__(**settings)
        self.names: dict[str, list[str]] = {}
        for written, command in list(self.commands.items()):
            del self.commands[written]
            command.name, *aliases = written.split("|")
            self.commands[command.name] = command
            self.names[command.name] = aliases

    def parse_args(self, ctx: ClickContext, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, args)

    def get_command(self, ctx: ClickContext, cmd_name: str) -> ClickCommand | None:
        for name, aliases in self.names.items():
            if cmd_name == name or cmd_name in aliases:
                return self.load(name)
        return None

    def load(self, name: str) -> ClickCommand:
        return self.commands[name]

    def list_commands(self, ctx: ClickContext) -> list[str]:
        return list(self.names)

    def resolve_command(
        self, ctx: ClickContext, args: list[str]
    ) -> tuple[str | None, ClickCommand | None, list[str]]:
        command = self.get_command(ctx, args[0])
        if command is None:
            known = [word for name, aliases in self.names.items() for word in (name, *aliases)]
            near = get_close_matches(args[0], known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(self.names)}"
            ctx.fail(f"No such command {args[0]!r}: {hint}")
        return command.name, command, args[1:]

    def format_commands(self, ctx: ClickContext, formatter: HelpFormatter) -> None:
        rows = [(", ".join((name, *aliases)), self.summary(name)) for name, aliases in self.names.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def summary(self, name: str) -> str:
        return self.load(name).get_short_help_str(limit=200)


class Part(NamedTuple):
    """Where a command of `lamp` is, `module:name`: a Typer application, or a function that is a command by itself.

    It is loaded when it is named, so that other commands do not pay for it.
    """

    place: str
    help: str

    def load(self) -> ClickCommand:
        module, _, name = self.place.partition(":")
        found = getattr(importlib.import_module(module), name)
        return typer.main.get_command(found if isinstance(found, typer.Typer) else single(found))


class LampRoot(LampGroup):
    """`lamp` itself."""

    hides_connection = False
    parts: ClassVar[dict[str, Part]] = {}

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._parts = {written.split("|")[0]: part for written, part in self.parts.items()}
        self.names = {name: aliases for name, *aliases in (written.split("|") for written in self.parts)}

    def load(self, name: str) -> ClickCommand:
        command = self._parts[name].load()
        command.name = name
        return command

    def summary(self, name: str) -> str:
        return self._parts[name].help


def group(help_text: str, commands: Mapping[str, Callable[..., None]]) -> typer.Typer:
    """The commands of one noun, by their names as written."""
    app = typer.Typer(cls=LampGroup, help=help_text, add_completion=False, **PLAIN)
    for written, function in commands.items():
        app.command(written, cls=LampCommand)(function)
    if len(commands) == 1:
        # Typer would take a group of one command for that command.
        app.callback()(lambda: None)
    return app


def single(function: Callable[..., None]) -> typer.Typer:
    """A command that stands by itself, such as `lamp version`."""
    app = typer.Typer(add_completion=False, **PLAIN)
    app.command(cls=LampCommand)(function)
    return app


def everywhere(hidden: bool) -> list[ClickParameter]:
    """The options that may stand after `lamp` and after any command. Help shows the latter two once."""
    return [
        _option(["-o", "--output"], "FORMAT", "How to answer: table or json.", _set_format, False),
        _option(["--url"], "URL", "The gateway's address.  [env: LAMP_URL]", _set_url, hidden),
        _option(
            ["--token-file"], "FILE", "A file with the token.  [env: LAMP_TOKEN]", _set_token_file, hidden
        ),
    ]


def _option(
    names: list[str], metavar: str, help_text: str, store: Callable[[Lamp, str], None], hidden: bool
) -> ClickParameter:
    def callback(ctx: ClickContext, param: ClickParameter, value: str | None) -> None:
        if value is not None and isinstance(ctx.obj, Lamp):
            store(ctx.obj, value)

    return TyperOption(
        param_decls=names,
        metavar=metavar,
        help=help_text,
        hidden=hidden,
        expose_value=False,
        callback=callback,
    )


def _set_format(lamp: Lamp, text: str) -> None:
    try:
        lamp.form = Format(text.lower())
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a format: use table or json") from None


def _set_url(lamp: Lamp, text: str) -> None:
    lamp.url = text


def _set_token_file(lamp: Lamp, text: str) -> None:
    lamp.token_file = Path(text)


def plain_range(sentence: str) -> str:
    """A refusal with its bounds in words: `0 is not a whole number from 1 to 100`."""
    return _RANGE.sub(
        lambda found: (
            f"is not a whole number {f'from {found[1]} to {found[2]}' if found[1] else f'of {found[3]} or more'}"
        ),
        sentence,
    )


def spell_out(arguments: list[str], flags: set[str]) -> list[str]:
    """A bare boolean option with its `=true`: `--enabled --name x` becomes `--enabled=true --name x`."""
    spelt: list[str] = []
    for place, word in enumerate(arguments):
        if word == "--":
            return spelt + arguments[place:]
        following = arguments[place + 1 : place + 2]
        bare = word in flags and not (following and following[0].lower() in BOOLEANS)
        spelt.append(f"{word}=true" if bare else word)
    return spelt
