"""The arguments and options that say what a job is."""

from datetime import datetime
from typing import Annotated

import typer

from lamplighter_cli.context import Lamp
from lamplighter_cli.exits import NotFound
from lamplighter_cli.grammar import boolean
from lamplighter_cli.lookup import on_job
from lamplighter_cli.settings import Setting
from lamplighter_cli.values import span

JobId = Annotated[str, typer.Argument(metavar="JOB", help="The job's id, or its name.", show_default=False)]
JobZone = Annotated[
    str | None,
    typer.Option(
        "--timezone",
        metavar="ZONE",
        help="Where a TIME without an offset is; by default the zone of the job's schedule.",
    ),
]


def zone_of(lamp: Lamp, job: str, given: str | None, *times: datetime | str | None) -> str | None:
    """Where to read the times that name no zone: as given, or where the job's schedule is. None: on this machine."""
    if given or not any(isinstance(one, datetime) and one.tzinfo is None for one in times):
        return given
    try:
        found = on_job(lamp.client, job, lamp.client.get)
    except NotFound:
        # A deleted job can be asked about, and no longer be read.
        return None
    return str(found["timezone"]) if found.get("schedules") or found.get("schedule") else None


ENVIRONMENT = (
    Setting("--environment", "environment", "ID", "Where it runs; by default where its agent or team does."),
)

WHAT = (
    Setting("--name", "name", "TEXT", "Job name.", keeps_empty=True),
    Setting(
        "--prompt",
        "prompt",
        "TEXT",
        "What to do, in plain words; - reads a pipe, @FILE a file.",
        keeps_empty=True,
    ),
    Setting("--description", "description", "TEXT", "What the job is for.", keeps_empty=True),
    Setting(
        "--enabled",
        "enabled",
        "BOOL",
        "Whether the job is active; by default it is.",
        boolean,
        keeps_empty=True,
    ),
    *ENVIRONMENT,
    Setting("--timeout", "timeout_seconds", "SPAN", "The longest a run may take.", span),
    Setting(
        "--variable",
        "variables",
        "NAME=VALUE",
        "A variable of its runs. May be given several times.",
        several=True,
    ),
    Setting("--file", "", "FILE", "A job as JSON, - reads a pipe; options go before it."),
)
