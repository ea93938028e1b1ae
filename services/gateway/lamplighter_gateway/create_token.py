"""`python -m lamplighter_gateway.create_token --name NAME --role ROLE`: how an operator makes the first token.

Writes it to the catalog and prints it, alone, on standard output.
"""

import argparse
import asyncio
import secrets
import sys
from datetime import UTC, datetime, timedelta

from lamplighter_contracts.projects import EVERY_PROJECT
from lamplighter_contracts.tokens import Role, Token
from lamplighter_gateway.access.callers import Caller
from lamplighter_gateway.access.tokens import Grant, mint
from lamplighter_gateway.catalog.contents import Catalog, Write, key_of
from lamplighter_gateway.catalog.store import Store
from lamplighter_runtime.connection import open_broker
from lamplighter_runtime.logs import configure
from lamplighter_runtime.messages import BusUnavailable
from lamplighter_runtime.settings import ServiceSettings

BY = Caller("create_token", "the command create_token", Role.ADMIN)


async def create_token(settings: ServiceSettings, name: str, role: Role, days: int | None) -> str:
    """The token itself, which is nowhere else. Raises `BusUnavailable`."""
    now = datetime.now(UTC)
    grant = Grant(name, role, (EVERY_PROJECT,), now + timedelta(days=days) if days else None)
    token, text = mint(grant, now, secrets.token_bytes, BY.actor)
    broker = open_broker(settings, "create-token")
    try:
        store = Store(await broker.connect(), Catalog())
        await store.write([Write(key_of(Token, token.token_id), token, 0)], BY)
    finally:
        await broker.stop()
    return text


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lamplighter_gateway.create_token", description=__doc__)
    parser.add_argument("--name", required=True, help="whose it is, for people")
    parser.add_argument("--role", required=True, choices=[role.value for role in Role])
    parser.add_argument("--days", type=int, help="how long it is good for; without, until it is revoked")
    return parser.parse_args()


def main() -> int:
    arguments, settings = _arguments(), ServiceSettings()
    configure("create_token", settings.log_level, settings.log_format)
    try:
        text = asyncio.run(create_token(settings, arguments.name, Role(arguments.role), arguments.days))
    except BusUnavailable as unavailable:
        print(f"error: {unavailable}", file=sys.stderr)  # noqa: T201
        return 1
    print(text)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
