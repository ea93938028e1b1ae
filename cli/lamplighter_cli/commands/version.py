"""`lamp version`: which version this is, and which the gateway is."""

from importlib.metadata import version as installed

import typer

from lamplighter_cli.context import Lamp, of
from lamplighter_cli.exits import LampError
from lamplighter_cli.paths import VERSION


def show_version(ctx: typer.Context) -> None:
    """Show the versions of lamp and of the gateway it speaks to.

    \b
    Example:
      lamp version
    """
    lamp = of(ctx)
    gateway, problem = _gateway(lamp)
    here = installed("lamplighter-cli")
    lamp.output.done({"lamp": here, "gateway": gateway}, f"lamp {here}")
    if not lamp.output.is_json:
        lamp.output.line(f"gateway {gateway or f'unknown: {problem}'}")


def _gateway(lamp: Lamp) -> tuple[str | None, str]:
    """What it says it is, or why it does not say. A version is worth showing without a gateway."""
    try:
        return str(lamp.client.get(VERSION)["version"]), ""
    except LampError as problem:
        return None, str(problem)
