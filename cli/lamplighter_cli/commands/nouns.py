"""Commands that several nouns have alike: list, get, delete, and for those that can rest activate and deactivate."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from lamplighter_cli.commands.options import OfProject, Yes
from lamplighter_cli.commands.views import with_project
from lamplighter_cli.context import of
from lamplighter_cli.output import Column, Record, Sheet
from lamplighter_cli.paging import collect
from lamplighter_cli.paths import item
from lamplighter_cli.times import Clock

Commands = dict[str, Callable[..., None]]


@dataclass(frozen=True)
class Noun:
    """`shows` and `unused` end the sentences of get and delete in help; `example` is the id that stands there."""

    word: str
    path: str
    columns: Sequence[Column]
    sheet: Callable[[Record, Clock], Sheet]
    example: str
    shows: str = ""
    unused: str = ""
    empty: str = ""
    loss: str = ""
    """What a deletion brings with it, for the question before it."""

    @property
    def plural(self) -> str:
        return f"{self.word.removesuffix('y')}ies" if self.word.endswith("y") else f"{self.word}s"

    @property
    def article(self) -> str:
        return f"{'an' if self.word[0] in 'aeiou' else 'a'} {self.word}"

    @property
    def identity(self) -> Any:
        """The argument that names one."""
        help_text = f"The {self.word}'s id."
        return Annotated[str, typer.Argument(metavar=self.word.upper(), help=help_text, show_default=False)]


def reading(noun: Noun) -> Commands:
    """`list`, `get` and `delete`."""

    def list_all(ctx: typer.Context, project: OfProject = None) -> None:
        lamp = of(ctx)
        empty = noun.empty or f"No {noun.plural}. Create one: lamp {noun.word} create --help"
        rows = collect(lamp.client, noun.path, {"project": lamp.project(project)})
        lamp.output.records(rows, with_project(noun.columns, rows), empty)

    def get(ctx: typer.Context, identity: str) -> None:
        lamp = of(ctx)
        lamp.output.record(lamp.client.get(item(noun.path, identity)), noun.sheet)

    def delete(ctx: typer.Context, identity: str, yes: Yes = False) -> None:
        lamp = of(ctx)
        lamp.confirm(f"Delete {noun.word} {identity}?{noun.loss}", yes)
        lamp.client.delete(item(noun.path, identity))
        lamp.output.done({"id": identity, "deleted": True}, f"Deleted {noun.word} {identity}")

    return {
        "list|ls|l": _command(noun, list_all, "list", f"List {noun.plural}."),
        "get|show|describe": _command(noun, get, "get", f"Show one {noun.word}{noun.shows}."),
        "delete|del|rm": _command(noun, delete, "delete", f"Delete {noun.article}{noun.unused}."),
    }


def resting(noun: Noun) -> Commands:
    """`activate` and `deactivate`."""

    def activate(ctx: typer.Context, identity: str) -> None:
        _set_active(ctx, noun, identity, True)

    def deactivate(ctx: typer.Context, identity: str) -> None:
        _set_active(ctx, noun, identity, False)

    word = noun.word
    return {
        "activate": _command(noun, activate, "activate", f"Let {noun.article} do work again."),
        "deactivate": _command(
            noun,
            deactivate,
            "deactivate",
            f"Give {noun.article} no more work. What runs goes on; the {word} stays.",
        ),
    }


def pairs_of(fields: Mapping[str, Any] | None, sign: str = "=") -> list[str]:
    """A line each, for a sheet."""
    return [f"{name}{sign}{value}" for name, value in (fields or {}).items()]


def _set_active(ctx: typer.Context, noun: Noun, identity: str, active: bool) -> None:
    lamp = of(ctx)
    changed = lamp.client.patch(item(noun.path, identity), {"active": active})
    verb = "Activated" if active else "Deactivated"
    lamp.output.done(changed, f"{verb} {noun.word} {changed.get('id')}")


def _command(noun: Noun, command: Callable[..., None], verb: str, sentence: str) -> Callable[..., None]:
    """With the help that it would have as a function of its own."""
    names_one = "identity" in command.__annotations__
    if names_one:
        command.__annotations__["identity"] = noun.identity
    example = f"lamp {noun.word} {verb}{f' {noun.example}' if names_one else ''}"
    command.__doc__ = f"{sentence}\n\n\b\nExample:\n  {example}\n"
    return command
