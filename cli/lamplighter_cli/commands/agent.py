"""`lamp agent`: the programs that do the work."""

from typing import Annotated, Any

import typer

from lamplighter_cli import inputs
from lamplighter_cli.commands.options import ChosenId, Yes
from lamplighter_cli.context import of
from lamplighter_cli.exits import WrongUse
from lamplighter_cli.grammar import boolean, group
from lamplighter_cli.output import Column, Record, Sheet
from lamplighter_cli.paths import AGENTS, item
from lamplighter_cli.times import Clock

AgentId = Annotated[str, typer.Argument(metavar="AGENT", help="The agent's id.", show_default=False)]
Text = str | None
Description = Annotated[Text, typer.Option("--description", help="What the agent is good for.")]
Command = Annotated[
    list[str] | None, typer.Argument(metavar="[-- COMMAND ARG...]", help="What to run, without a shell.")
]
Variable = Annotated[
    list[str] | None,
    typer.Option("--variable", metavar="NAME=VALUE", help="In its environment. May be repeated."),
]
Capability = Annotated[
    list[str] | None, typer.Option("--capability", metavar="WORD", help="What it can do. May be repeated.")
]
Memory = Annotated[int | None, typer.Option("--memory-mb", min=1, metavar="N", help="The most memory.")]
Cpu = Annotated[int | None, typer.Option("--cpu-seconds", min=1, metavar="N", help="The most CPU time.")]
Files = Annotated[int | None, typer.Option("--open-files", min=1, metavar="N", help="The most open files.")]
FileSize = Annotated[int | None, typer.Option("--file-size-mb", min=1, metavar="N", help="The largest file.")]
Noop = Annotated[bool, typer.Option("--noop", help="Does nothing and succeeds: to rehearse a schedule.")]

LIMITS = ("memory_mb", "cpu_seconds", "open_files", "file_size_mb")

COLUMNS = (
    Column("ID", lambda agent, _: agent.get("id")),
    Column("NAME", lambda agent, _: agent.get("name"), flexible=True),
    Column("RUNS", lambda agent, _: _runs(agent), flexible=True),
    Column("CAPABILITIES", lambda agent, _: ", ".join(agent.get("capabilities") or ()), flexible=True),
    Column("ACTIVE", lambda agent, _: agent.get("active")),
)


def create_agent(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    command: Command = None,
    chosen_id: ChosenId = None,
    description: Description = None,
    variable: Variable = None,
    memory_mb: Memory = None,
    cpu_seconds: Cpu = None,
    open_files: Files = None,
    file_size_mb: FileSize = None,
    capability: Capability = None,
    noop: Noop = False,
) -> None:
    """Create an agent: a command that gets the prompt on standard input and in LAMP_PROMPT.

    \b
    Examples:
      lamp agent create disk-check -- df -h /
      lamp agent create reporter --memory-mb 512 --variable LANG=C -- python3 report.py
      lamp agent create rehearsal --noop
    """
    lamp = of(ctx)
    if noop == bool(command):
        raise WrongUse(
            "say what the agent runs, after two hyphens, or --noop: lamp agent create NAME -- COMMAND ARG..."
        )
    body: dict[str, Any] = {
        "id": chosen_id,
        "name": name,
        "description": description,
        "capabilities": capability,
    }
    body["runner"] = _changed({}, ctx.params)
    agent = lamp.client.post(AGENTS, {field: value for field, value in body.items() if value is not None})
    lamp.output.record(agent, _sheet, f"Created agent {agent.get('id')}")


def update_agent(
    ctx: typer.Context,
    agent: AgentId,
    command: Command = None,
    name: Annotated[Text, typer.Option("--name", help="A new name; the id stays.")] = None,
    description: Description = None,
    variable: Variable = None,
    memory_mb: Memory = None,
    cpu_seconds: Cpu = None,
    open_files: Files = None,
    file_size_mb: FileSize = None,
    capability: Capability = None,
    active: Annotated[Text, typer.Option("--active", metavar="BOOL", help="Whether it may run jobs.")] = None,
    noop: Noop = False,
) -> None:
    """Change an agent; what is not named stays. Variables and capabilities are replaced by those given.

    \b
    Examples:
      lamp agent update disk-check -- df -h /home
      lamp agent update disk-check --memory-mb 64 --active=false
    """
    lamp = of(ctx)
    path = item(AGENTS, agent)
    body: dict[str, Any] = {"name": name, "description": description, "capabilities": capability}
    body["active"] = None if active is None else boolean(active)
    headers = {}
    if command or noop or variable or any(ctx.params[limit] for limit in LIMITS):
        # The runner is one field: it is changed as it was read, or not at all.
        read = lamp.client.request("GET", path)
        body["runner"] = _changed(read.document["runner"], ctx.params)
        headers = {"If-Match": etag} if (etag := read.headers.get("ETag")) else {}
    body = {field: value for field, value in body.items() if value is not None}
    if not body:
        raise WrongUse("nothing to change: name at least one option (see `lamp agent update --help`)")
    changed = lamp.client.patch(path, body, headers)
    lamp.output.record(changed, _sheet, f"Updated agent {changed.get('id')}")


def list_agents(ctx: typer.Context) -> None:
    """List agents.

    \b
    Example:
      lamp agent list
    """
    lamp = of(ctx)
    lamp.output.records(lamp.client.get(AGENTS), COLUMNS, "No agents. Create one: lamp agent create --help")


def get_agent(ctx: typer.Context, agent: AgentId) -> None:
    """Show one agent: what it runs, within which limits.

    \b
    Example:
      lamp agent get disk-check
    """
    lamp = of(ctx)
    lamp.output.record(lamp.client.get(item(AGENTS, agent)), _sheet)


def delete_agent(ctx: typer.Context, agent: AgentId, yes: Yes = False) -> None:
    """Delete an agent that no job and no team uses.

    \b
    Example:
      lamp agent delete disk-check
    """
    lamp = of(ctx)
    lamp.confirm(f"Delete agent {agent}?", yes)
    lamp.client.delete(item(AGENTS, agent))
    lamp.output.done({"id": agent, "deleted": True}, f"Deleted agent {agent}")


def _changed(runner: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """`runner` with what the arguments say of it."""
    if given["noop"]:
        return {"kind": "noop"}
    changed = {**runner, "kind": "command"}
    if given["command"]:
        changed["command"] = list(given["command"])
    if given["variable"]:
        changed["variables"] = inputs.pairs(given["variable"], "--variable")
    if limits := {limit: given[limit] for limit in LIMITS if given[limit] is not None}:
        changed["limits"] = {**(changed.get("limits") or {}), **limits}
    return changed


def _runs(agent: Record) -> str | None:
    import shlex

    runner = agent.get("runner") or {}
    return shlex.join(runner.get("command") or ()) or runner.get("kind")


def _sheet(agent: Record, clock: Clock) -> Sheet:
    runner = agent.get("runner") or {}
    yield "ID", agent.get("id")
    yield "Name", agent.get("name")
    yield "Description", agent.get("description")
    yield "Active", agent.get("active")
    yield "Runs", _runs(agent)
    yield "Variables", [f"{name}={value}" for name, value in (runner.get("variables") or {}).items()]
    yield "Limits", [f"{k} {v}" for k, v in (runner.get("limits") or {}).items() if v is not None]
    yield "Capabilities", ", ".join(agent.get("capabilities") or ())
    yield "Created", clock.local(agent.get("created_at"))
    yield "Updated", clock.local(agent.get("updated_at"))
    yield "Revision", agent.get("revision")


app = group(
    "The programs that do the work.",
    {
        "create": create_agent,
        "list|ls|l": list_agents,
        "get|show|describe": get_agent,
        "update": update_agent,
        "delete|del|rm": delete_agent,
    },
)
