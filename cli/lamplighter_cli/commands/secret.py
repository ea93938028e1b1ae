"""`lamp secret`: what runs in an environment are given and nobody may see. Values go in, and never come out."""

from typing import Annotated

import typer

from lamplighter_cli import hidden
from lamplighter_cli.commands.options import Yes
from lamplighter_cli.context import of
from lamplighter_cli.grammar import group
from lamplighter_cli.output import Column
from lamplighter_cli.paging import collect
from lamplighter_cli.paths import ENVIRONMENTS, ROTATE, item

EnvironmentId = Annotated[
    str, typer.Argument(metavar="ENVIRONMENT", help="The environment's id.", show_default=False)
]
Name = Annotated[
    str, typer.Argument(metavar="NAME", help="The secret's name, as of a variable.", show_default=False)
]

COLUMNS = (
    Column("NAME", lambda secret, _: secret.get("name")),
    Column("VERSION", lambda secret, _: secret.get("version")),
    Column("SET", lambda secret, clock: clock.local(secret.get("updated_at"))),
    Column("BY", lambda secret, _: secret.get("updated_by"), flexible=True),
    Column("KEY", lambda secret, _: secret.get("key_id")),
)


def set_secret(
    ctx: typer.Context,
    environment: EnvironmentId,
    name: Name,
    value: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
) -> None:
    """Set a secret. Its value is asked for on a terminal, and read from a pipe otherwise; never given as an argument.

    \b
    Examples:
      lamp secret set production OPENAI_KEY
      lamp secret set production OPENAI_KEY < key.txt
    """
    lamp = of(ctx)
    if value or "=" in name:
        raise hidden.refuse_argument()
    secret = lamp.client.put(_path(environment, name), {"value": hidden.value(lamp, name)})
    lamp.output.done(secret, f"Set secret {name} of {environment}, version {secret.get('version')}")


def list_secrets(ctx: typer.Context, environment: EnvironmentId) -> None:
    """List an environment's secrets: their names, never their values.

    \b
    Example:
      lamp secret list production
    """
    lamp = of(ctx)
    empty = f"No secrets in {environment}. Set one: lamp secret set {environment} NAME"
    lamp.output.records(
        collect(lamp.client, f"{item(ENVIRONMENTS, environment)}/secrets", {}), COLUMNS, empty
    )


def delete_secret(ctx: typer.Context, environment: EnvironmentId, name: Name, yes: Yes = False) -> None:
    """Delete a secret. What asks for it does not begin any more.

    \b
    Example:
      lamp secret delete production OPENAI_KEY
    """
    lamp = of(ctx)
    lamp.confirm(f"Delete secret {name} of {environment}?", yes)
    lamp.client.delete(_path(environment, name))
    lamp.output.done(
        {"environment": environment, "name": name, "deleted": True}, f"Deleted secret {name} of {environment}"
    )


def rotate_secrets(ctx: typer.Context) -> None:
    """Seal all secrets with the first key of LAMPLIGHTER_VAULT_KEYS. After it the other keys may be taken away.

    \b
    Example:
      lamp secret rotate
    """
    lamp = of(ctx)
    answer = lamp.client.post(ROTATE)
    count, key = answer.get("resealed"), answer.get("key_id")
    what = (
        "No secret needed it" if not count else f"Sealed {count} {'secret' if count == 1 else 'secrets'} anew"
    )
    lamp.output.done(answer, f"{what}: all are sealed with the key {key}")


def _path(environment: str, name: str) -> str:
    return item(f"{item(ENVIRONMENTS, environment)}/secrets", name)


app = group(
    "What runs are given and nobody may see.",
    {
        "set|put|create|update": set_secret,
        "list|ls|l": list_secrets,
        "delete|del|rm": delete_secret,
        "rotate|reseal": rotate_secrets,
    },
)
