"""`lamp token`: who may use the API, and for what."""

from typing import Annotated

import typer

from lamplighter_cli.commands.options import Yes
from lamplighter_cli.context import of
from lamplighter_cli.grammar import group
from lamplighter_cli.output import Column, Record, Sheet
from lamplighter_cli.paths import TOKENS, item
from lamplighter_cli.times import Clock

COLUMNS = (
    Column("ID", lambda token, _: token.get("id")),
    Column("NAME", lambda token, _: token.get("name"), flexible=True),
    Column("ROLE", lambda token, _: token.get("role")),
    Column("CREATED", lambda token, clock: clock.local(token.get("created_at"))),
    Column("EXPIRES", lambda token, clock: clock.local(token.get("expires_at")) or "never"),
)


def create_token(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    role: Annotated[
        str,
        typer.Option(
            "--role", help="viewer reads, operator starts and cancels, editor writes jobs, admin all."
        ),
    ],
    days: Annotated[
        int | None,
        typer.Option("--expires-in-days", min=1, metavar="N", help="By default it does not expire."),
    ] = None,
) -> None:
    """Create a token. It is shown once.

    \b
    Example:
      lamp token create ci --role operator --expires-in-days 90
    """
    lamp = of(ctx)
    body = {"name": name, "role": role} | ({"expires_in_days": days} if days else {})
    token = lamp.client.post(TOKENS, body)
    lamp.output.record(token, _sheet, f"Created token {token.get('id')}. It is shown this once: keep it now.")


def list_tokens(ctx: typer.Context) -> None:
    """List tokens: who may do what, and how long.

    \b
    Example:
      lamp token list
    """
    lamp = of(ctx)
    lamp.output.records(lamp.client.get(TOKENS), COLUMNS, "No tokens.")


def delete_token(
    ctx: typer.Context,
    token: Annotated[
        str, typer.Argument(metavar="TOKEN", help="The token's id, not the token.", show_default=False)
    ],
    yes: Yes = False,
) -> None:
    """Revoke a token. Whoever uses it is refused from then on.

    \b
    Example:
      lamp token delete ci-4b1d
    """
    lamp = of(ctx)
    lamp.confirm(f"Revoke token {token}?", yes)
    lamp.client.delete(item(TOKENS, token))
    lamp.output.done({"id": token, "deleted": True}, f"Revoked token {token}")


def _sheet(token: Record, clock: Clock) -> Sheet:
    yield "Token", token.get("token")
    yield "Name", token.get("name")
    yield "Role", token.get("role")
    yield "Expires", clock.local(token.get("expires_at")) or "never"


app = group(
    "Who may use the API, and for what.",
    {"create": create_token, "list|ls|l": list_tokens, "delete|del|rm|revoke": delete_token},
)
