"""`lamp environment`: where work happens, with what it is given, and when it does not."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from lamplighter_cli import inputs, spans
from lamplighter_cli.commands.nouns import Noun, reading
from lamplighter_cli.commands.options import ChosenId, Project
from lamplighter_cli.context import of
from lamplighter_cli.exits import WrongUse
from lamplighter_cli.grammar import boolean, group
from lamplighter_cli.nested import body_of, given_of, touches_parts
from lamplighter_cli.output import Column, Record, Sheet
from lamplighter_cli.paths import ENVIRONMENTS, item
from lamplighter_cli.settings import Setting, options, taking
from lamplighter_cli.times import Clock
from lamplighter_cli.values import number, span
from lamplighter_cli.values import reading as as_reading

EnvironmentId = Annotated[
    str, typer.Argument(metavar="ENVIRONMENT", help="The environment's id.", show_default=False)
]

SETTINGS = (
    Setting("--description", "description", "TEXT", "What it is for."),
    Setting("--queue", "queue", "SLUG", "Only dispatchers that serve this queue do its work."),
    Setting(
        "--variable",
        "variables",
        "NAME=VALUE",
        "A variable of every run in it. May be given several times.",
        several=True,
    ),
    Setting("--timezone", "timezone", "ZONE", "In which its dates and hours are, such as Europe/Berlin."),
    Setting(
        "--exclude-date",
        "exclude_dates",
        "DATE",
        "No schedule fires on 2026-12-25, or 2026-12-24..2027-01-01. May be given several times.",
        several=True,
    ),
    Setting(
        "--blackout",
        "blackouts",
        "HOURS",
        "Nor in these hours of a week, such as 'fri 18:00 - mon 06:00'. May be given several times.",
        several=True,
    ),
    Setting(
        "--calendar",
        "calendars",
        "ID",
        "Nor on the days of this calendar. May be given several times.",
        several=True,
    ),
    Setting(
        "--check-command", "", "COMMAND", "Ready while this program ends with 0, such as 'test -e /mnt/x'."
    ),
    Setting("--check-url", "", "URL", "Ready while a GET of this is answered with a 2xx."),
    Setting("--check-every", "", "SPAN", "How often it is looked; 1m.", span),
    Setting("--check-timeout", "", "SPAN", "How long a look may take; 10s.", span),
    Setting(
        "--tool",
        "tools",
        "TOOL",
        "The only tools that agents may use in it: files.*, mcp.github.get_*. May be given several times.",
        several=True,
    ),
    Setting(
        "--network-host",
        "network.hosts",
        "HOST",
        "The only hosts that requests go to; also private ones. May be given several times.",
        several=True,
    ),
    Setting(
        "--network-range",
        "network.ranges",
        "RANGE",
        "Addresses that are open although they are not public: 10.0.0.0/8. May be given several times.",
        several=True,
    ),
    Setting(
        "--internet",
        "network.internet",
        "BOOL",
        "Whether commands in a sandbox have a network.",
        as_reading(boolean),
    ),
    Setting("--concurrent", "concurrent", "N", "How many executions at once in it; more wait.", number),
)

COLUMNS = (
    Column("ID", lambda environment, _: environment.get("id")),
    Column("NAME", lambda environment, _: environment.get("name"), flexible=True),
    Column("QUEUE", lambda environment, _: environment.get("queue")),
    Column("READY", lambda environment, _: environment.get("ready")),
    Column("VARIABLES", lambda environment, _: ", ".join(environment.get("variables") or ()), flexible=True),
    Column("LEAVES OUT", lambda environment, _: ", ".join(_left_out(environment)), flexible=True),
)


@taking(options(SETTINGS))
def create_environment(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    chosen_id: ChosenId = None,
    project: Project = None,
) -> None:
    """Create an environment: a worker queue, variables, and when no schedule fires in it.

    \b
    Examples:
      lamp environment create Production --queue inside --variable REGION=eu \\
        --timezone Europe/Berlin --blackout "fri 18:00 - mon 06:00" --calendar holidays-de
      lamp environment create Lab --check-url https://lab.example.org/health --network-host "*.example.org" \\
        --tool "files.*" --concurrent 4
    """
    lamp = of(ctx)
    body = {"id": chosen_id, "name": name, "project": lamp.project(project), **_body(ctx.params)}
    made = lamp.client.post(
        ENVIRONMENTS, {field: value for field, value in body.items() if value is not None}
    )
    lamp.output.record(made, _sheet, f"Created environment {made.get('id')}")


@taking(
    options((Setting("--name", "name", "TEXT", "A new name; the id stays.", keeps_empty=True), *SETTINGS))
)
def update_environment(ctx: typer.Context, environment: EnvironmentId) -> None:
    """Change an environment; what is not named stays. An empty value takes a setting away: --blackout "".

    What may be given several times is replaced by what is given. Its jobs follow to another queue at once.

    \b
    Examples:
      lamp environment update default --blackout "sat,sun 00:00-24:00" --timezone America/New_York
      lamp environment update production --queue inside-2 --calendar ""
    """
    lamp = of(ctx)
    path, headers, before = item(ENVIRONMENTS, environment), {}, {}
    if _reads_first(ctx.params):
        read = lamp.client.request("GET", path)
        before, headers = read.document, {"If-Match": tag} if (tag := read.headers.get("ETag")) else {}
    body = _body(ctx.params, before)
    if ctx.params["name"] is not None:
        body["name"] = ctx.params["name"]
    if not body:
        raise WrongUse("nothing to change: name at least one option (see `lamp environment update --help`)")
    changed = lamp.client.patch(path, body, headers)
    lamp.output.record(changed, _sheet, f"Updated environment {changed.get('id')}")


def _body(params: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The fields that the options name. An empty value is null: it takes the field away."""
    given = given_of(SETTINGS, params)
    body = body_of({one: value for one, value in given.items() if one.field}, before)
    if body.get("variables"):
        body["variables"] = inputs.pairs(body["variables"], "--variable")
    check = {one.option: value for one, value in given.items() if one.option.startswith("--check-")}
    return body | ({"check": _check(check, (before or {}).get("check") or {})} if check else {})


def _check(given: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any] | None:
    command, url = given.get("--check-command"), given.get("--check-url")
    if command and url:
        raise WrongUse("--check-command and --check-url exclude each other: choose one")
    if command:
        check = {"kind": "command", "command": shlex.split(command)}
    elif url:
        check = {"kind": "url", "url": url}
    elif "--check-command" in given or "--check-url" in given:
        return None
    elif before:
        check = {name: value for name, value in before.items() if value is not None}
    else:
        raise WrongUse("what is checked? Say --check-command 'PROGRAM ARG...' or --check-url URL")
    times = {"--check-every": "every_seconds", "--check-timeout": "timeout_seconds"}
    return check | {field: given[option] for option, field in times.items() if given.get(option)}


def _reads_first(params: Mapping[str, Any]) -> bool:
    given = given_of(SETTINGS, params)
    return touches_parts(given) or any(one.option in ("--check-every", "--check-timeout") for one in given)


def _left_out(environment: Record) -> list[str]:
    fields = ("exclude_dates", "blackouts", "calendars")
    return [str(text) for field in fields for text in environment.get(field) or ()]


def _sheet(environment: Record, clock: Clock) -> Sheet:
    yield "ID", environment.get("id")
    yield "Name", environment.get("name")
    yield "Project", environment.get("project")
    yield "Description", environment.get("description")
    yield "Queue", environment.get("queue")
    yield "Variables", [f"{name}={value}" for name, value in (environment.get("variables") or {}).items()]
    yield "Time zone", environment.get("timezone")
    yield "Leaves out", _left_out(environment)
    yield "Ready", _ready(environment)
    yield "Check", _checked(environment.get("check") or {})
    yield "Secrets", ", ".join(environment.get("secrets") or ())
    yield "Tools", None if environment.get("tools") is None else ", ".join(environment["tools"]) or "none"
    yield "Network", list(_network(environment.get("network") or {}))
    yield "At once", environment.get("concurrent")
    yield "Created", clock.local(environment.get("created_at"))
    yield "Updated", clock.local(environment.get("updated_at"))
    yield "Revision", environment.get("revision")


def _ready(environment: Record) -> str | None:
    reason = environment.get("ready_reason")
    match environment.get("ready"):
        case True:
            return "yes"
        case False:
            return f"no: {reason}" if reason else "no"
        case _:
            return "not known yet" if environment.get("check") else None


def _checked(check: Record) -> str | None:
    what = check.get("url") or shlex.join(check.get("command") or ())
    return f"{what}, every {spans.words(check.get('every_seconds'))}" if what else None


def _network(rules: Record) -> Iterator[str]:
    if rules.get("hosts") is not None:
        yield f"only {', '.join(rules['hosts'])}" if rules["hosts"] else "no host"
    if rules.get("ranges"):
        yield f"also {', '.join(rules['ranges'])}"
    if rules.get("internet") is False:
        yield "none in a sandbox"


NOUN = Noun(
    "environment",
    ENVIRONMENTS,
    COLUMNS,
    _sheet,
    "production",
    shows=": what its runs are given, and what they may reach",
    unused=" that no job, agent or team uses, and that has no secrets",
    empty="No environments.",
)

app = group(
    "Where work happens, with what, and when not.",
    {"create": create_environment, **reading(NOUN), "update": update_environment},
)
