"""`lamp token`: who may use the API, and for what."""

from typing import Annotated

import typer

from lamplighter_cli.commands.options import Yes
from lamplighter_cli.context import of
from lamplighter_cli.grammar import group
from lamplighter_cli.output import Column, Record, Sheet
from lamplighter_cli.paging import collect
from lamplighter_cli.paths import TOKENS, item
from lamplighter_cli.times import Clock

COLUMNS = (
    Column("ID", lambda token, _: token.get("id")),
    Column("NAME", lambda token, _: token.get("name"), flexible=True),
    Column("ROLE", lambda token, _: token.get("role")),
    Column("PROJECTS", lambda token, _: _projects(token), flexible=True),
    Column("LAST USED", lambda token, clock: clock.local(token.get("last_used_at")) or "never"),
    Column("EXPIRES", lambda token, clock: clock.local(token.get("expires_at")) or "never"),
)

TokenId = Annotated[
    str, typer.Argument(metavar="TOKEN", help="The token's id, not the token.", show_default=False)
]


def create_token(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    role: Annotated[
        str,
        typer.Option(
            "--role", help="viewer reads, operator starts and cancels, editor writes jobs, admin all."
        ),
    ],
    projects: Annotated[
        list[str] | None,
        typer.Option(
            "--project",
            metavar="PROJECT",
            help="A project that it reaches, several with several options, '*' for all; by default LAMP_PROJECT's.",
        ),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option("--expires-in-days", min=1, metavar="N", help="By default it does not expire."),
    ] = None,
) -> None:
    """Create a token. It is shown once.

    \b
    Example:
      lamp token create ci --role operator --project payments --expires-in-days 90
    """
    lamp = of(ctx)
    chosen = projects or [one for one in [lamp.project(None)] if one]
    given = {"projects": chosen or None, "expires_in_days": days}
    body = {"name": name, "role": role} | {field: value for field, value in given.items() if value}
    token = lamp.client.post(TOKENS, body)
    lamp.output.record(token, _sheet, f"Created token {token.get('id')}. It is shown this once: keep it now.")


def list_tokens(ctx: typer.Context) -> None:
    """List tokens: who may do what, how long, and when it was last used.

    \b
    Example:
      lamp token list
    """
    lamp = of(ctx)
    lamp.output.records(collect(lamp.client, TOKENS, {}), COLUMNS, "No tokens.")


def show_token(ctx: typer.Context, token: TokenId) -> None:
    """Show what a token allows, and when it was last used.

    \b
    Example:
      lamp token show 4b1d7a90c2e5
    """
    lamp = of(ctx)
    lamp.output.record(lamp.client.get(item(TOKENS, token)), _sheet)


def delete_token(
    ctx: typer.Context,
    token: TokenId,
    yes: Yes = False,
) -> None:
    """Revoke a token. Whoever uses it is refused from then on.

    \b
    Example:
      lamp token delete 4b1d7a90c2e5
    """
    lamp = of(ctx)
    lamp.confirm(f"Revoke token {token}?", yes)
    lamp.client.delete(item(TOKENS, token))
    lamp.output.done({"id": token, "deleted": True}, f"Revoked token {token}")


def _sheet(token: Record, clock: Clock) -> Sheet:
    if text := token.get("token"):
        yield "Token", text
    yield "ID", token.get("id")
    yield "Name", token.get("name")
    yield "Role", token.get("role")
    yield "Projects", _projects(token)
    yield "Created", clock.local(token.get("created_at"))
    yield "By", token.get("created_by")
    used, origin = clock.local(token.get("last_used_at")), token.get("last_used_from")
    yield "Last used", f"{used} from {origin}" if used and origin else used or "never"
    yield "Expires", clock.local(token.get("expires_at")) or "never"


def _projects(token: Record) -> str:
    projects = token.get("projects") or ()
    return "all" if "*" in projects else ", ".join(projects)


app = group(
    "Who may use the API, and for what.",
    {
        "create": create_token,
        "list|ls|l": list_tokens,
        "get|show|describe": show_token,
        "delete|del|rm|revoke": delete_token,
    },
)
