"""Options as a table: what each is called, which field it becomes, how its value is read."""

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Annotated, Any, NamedTuple

import typer

Read = Callable[[str], Any]


class Setting(NamedTuple):
    """An option whose value is one field of a request. `several` may be given more than once and is a list."""

    option: str
    field: str
    metavar: str
    help: str
    read: Read | None = None
    several: bool = False
    keeps_empty: bool = False
    """Whether an empty value is a value. Else it takes the field away."""

    @property
    def name(self) -> str:
        return self.option.lstrip("-").replace("-", "_")

    def value(self, given: Any) -> Any:
        """What to send for what was given: null for an empty value."""
        if self.several:
            return [one for one in given if one != ""] or None
        return None if given == "" and not self.keeps_empty else given


Settings = tuple[Setting, ...]


def options(settings: Settings, panel: str | None = None) -> dict[str, Any]:
    """These settings as Typer's options, by name. Help shows them together, under `panel`."""
    return {setting.name: _option(setting, panel) for setting in settings}


def _option(setting: Setting, panel: str | None) -> Any:
    how = typer.Option(
        setting.option,
        metavar=setting.metavar,
        help=setting.help,
        parser=_reader(setting),
        rich_help_panel=panel,
    )
    # To Typer a value is whatever its reader returns.
    return Annotated[list[Any] | None if setting.several else Any, how]


def _reader(setting: Setting) -> Read:
    read = setting.read or str
    return read if setting.keeps_empty else lambda text: read(text) if text.strip() else ""


def taking(*tables: Mapping[str, Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command these options beside its own. It finds their values in its context."""

    def extended(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command, eval_str=True)
        more = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=option)
            for table in tables
            for name, option in table.items()
        ]

        @wraps(command)
        def run(**given: Any) -> None:
            command(**{name: given[name] for name in own.parameters})

        run.__signature__ = own.replace(parameters=[*own.parameters.values(), *more])  # type: ignore[attr-defined]
        return run

    return extended
