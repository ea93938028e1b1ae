"""The arguments and options that say what a job is, and the request that they make."""

from typing import Annotated, Any

import typer

from lamplighter_cli import inputs
from lamplighter_cli.context import Lamp
from lamplighter_cli.exits import WrongUse
from lamplighter_cli.grammar import boolean

JobId = Annotated[str, typer.Argument(metavar="JOB", help="The job's id, or its name.", show_default=False)]
Text = str | None

Name = Annotated[Text, typer.Option("--name", help="Job name.")]
Prompt = Annotated[
    Text, typer.Option("--prompt", help="What to do, in plain words; - reads a pipe, @FILE a file.")
]
Description = Annotated[Text, typer.Option("--description", help="What the job is for.")]
Enabled = Annotated[
    Text, typer.Option("--enabled", metavar="BOOL", help="Whether the job is active; by default it is.")
]
Agent = Annotated[Text, typer.Option("--agent", metavar="ID", help="The agent that does it (or --team).")]
Team = Annotated[Text, typer.Option("--team", metavar="ID", help="The team that does it (or --agent).")]
Schedule = Annotated[
    list[str] | None,
    typer.Option("--schedule", metavar="CRON", help="When, such as '0 9 * * *'. May be given several times."),
]
Timezone = Annotated[
    Text,
    typer.Option("--timezone", metavar="ZONE", help="The schedule's time zone, such as America/New_York."),
]
Webhook = Annotated[
    Text, typer.Option("--webhook", metavar="PATH", help="Webhook path, such as /deploy-trigger.")
]
Overlap = Annotated[
    Text,
    typer.Option("--overlap", metavar="skip|allow", help="What to do when it is due while it still runs."),
]
Timeout = Annotated[
    int | None, typer.Option("--timeout", metavar="SECONDS", help="The longest a run may take.")
]
Variable = Annotated[
    list[str] | None,
    typer.Option(
        "--variable", metavar="NAME=VALUE", help="A variable of its runs. May be given several times."
    ),
]
File = Annotated[
    Text, typer.Option("--file", metavar="FILE", help="A job as JSON, - reads a pipe; options go before it.")
]

_FIELDS = {
    "name": "name",
    "description": "description",
    "agent": "agent_id",
    "team": "team_id",
    "timezone": "timezone",
    "webhook": "webhook_path",
    "overlap": "overlap",
    "timeout": "timeout_seconds",
}
CLEARED_BY_EMPTY = frozenset({"timezone", "webhook"})


def request_body(lamp: Lamp, given: dict[str, Any]) -> dict[str, Any]:
    """The request that these options make, laid over the document of --file. An option not given is not in it."""
    given = {option: value for option, value in given.items() if value not in (None, ())}
    if "agent" in given and "team" in given:
        raise WrongUse("--agent and --team exclude each other: choose one")
    path = given.pop("file", None)
    body = inputs.document(path, lamp.stdin) if path else {}
    for option, value in given.items():
        body.update(_field(lamp, option, value))
    return body


def _field(lamp: Lamp, option: str, value: Any) -> dict[str, Any]:
    match option:
        case "prompt":
            return {"prompt": inputs.text(value, "--prompt", lamp.stdin)}
        case "enabled":
            return {"enabled": boolean(value)}
        case "variable":
            return {"variables": inputs.pairs(value, "--variable")}
        case "schedule":
            schedules = [expression for expression in value if expression]
            return (
                {"schedules": schedules} if len(schedules) > 1 else {"schedule": "".join(schedules) or None}
            )
        case _:
            return {_FIELDS[option]: None if value == "" and option in CLEARED_BY_EMPTY else value}
