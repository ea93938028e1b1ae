"""Options that several nouns have."""

from typing import Annotated

import typer

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, also on a terminal.")]
ChosenId = Annotated[
    str | None, typer.Option("--id", metavar="SLUG", help="The id to have; by default made from the name.")
]
