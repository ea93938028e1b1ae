"""Options that several nouns have."""

from datetime import datetime
from typing import Annotated, Any

import typer

from lamplighter_cli import moments
from lamplighter_cli.context import Lamp
from lamplighter_cli.values import moment

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, also on a terminal.")]
ChosenId = Annotated[
    str | None, typer.Option("--id", metavar="SLUG", help="The id to have; by default made from the name.")
]
Project = Annotated[
    str | None,
    typer.Option(
        "--project",
        metavar="PROJECT",
        help="The project that it is to belong to, for good; by default LAMP_PROJECT's.",
    ),
]
OfProject = Annotated[
    str | None,
    typer.Option(
        "--project",
        metavar="PROJECT",
        help="Only what is of this project; by default LAMP_PROJECT's, else of all that you reach.",
    ),
]
Zone = Annotated[
    str | None,
    typer.Option(
        "--timezone",
        metavar="ZONE",
        help="Where a TIME without an offset is; by default this machine's zone.",
    ),
]
From = Annotated[Any, typer.Option("--from", metavar="TIME", help="From then on.", parser=moment)]
To = Annotated[Any, typer.Option("--to", metavar="TIME", help="Up to then.", parser=moment)]
Parallel = Annotated[
    int | None, typer.Option("--max-parallel", min=1, metavar="N", help="How many may run at a time; 1.")
]


def instant(lamp: Lamp, given: datetime | str | None, option: str, zone: str | None) -> str | None:
    """What `option` gave, as the wire has it; None where it was not given or is empty."""
    if not isinstance(given, datetime):
        return None
    where = moments.zone(zone, option) if zone and not given.tzinfo else lamp.zone
    return moments.rfc3339(given, where)
