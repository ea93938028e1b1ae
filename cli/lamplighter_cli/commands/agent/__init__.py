"""`lamp agent`: who does the work."""

from typing import Annotated

import typer

from lamplighter_cli.commands.agent import options, views
from lamplighter_cli.commands.agent.requests import agent_body, named
from lamplighter_cli.commands.nouns import Noun, reading, resting
from lamplighter_cli.commands.options import ChosenId, Project
from lamplighter_cli.context import of
from lamplighter_cli.exits import WrongUse
from lamplighter_cli.grammar import group
from lamplighter_cli.nested import touches_parts
from lamplighter_cli.paths import AGENTS, item
from lamplighter_cli.settings import Setting, taking
from lamplighter_cli.settings import options as as_options

AgentId = Annotated[str, typer.Argument(metavar="AGENT", help="The agent's id.", show_default=False)]
Command = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[-- COMMAND ARG...]", help="What to run, without a shell; {prompt} is the prompt."
    ),
]

DESCRIPTION = (
    as_options(options.WHAT),
    as_options(options.RUNNER, "What runs it"),
    as_options(options.COMMAND, "A command"),
    as_options(options.LLM, "An agent on a language model"),
    as_options((options.URL, *options.HTTP), "An agent behind an address (http, a2a)"),
    as_options(options.A2A, "An agent behind an address (http, a2a)"),
    as_options(options.BUS, "A process on the bus"),
    as_options(options.TOOLS, "What an agent on a language model may use"),
    as_options(options.BOUNDS, "What one run may use"),
)
"""All that may be said of an agent."""

NOUN = Noun(
    "agent",
    AGENTS,
    views.COLUMNS,
    views.sheet,
    "disk-check",
    shows=": what runs it, with which tools, within which limits",
    unused=" that no job and no team uses",
)


@taking(*DESCRIPTION)
def create_agent(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", show_default=False)] = None,
    command: Command = None,
    chosen_id: ChosenId = None,
    project: Project = None,
) -> None:
    """Create an agent: a command, an agent on a language model, behind an address or on the bus.

    A command gets the prompt in place of {prompt}, or else on standard input, and in LAMP_PROMPT in any case.

    \b
    Examples:
      lamp agent create disk-check -- df -h /
      lamp agent create reporter --memory-mb 512 --variable LANG=C --secret TOKEN -- python3 report.py
      lamp agent create writer --runner llm --model gpt-5-mini --api-key-secret OPENAI_KEY \\
        --instructions @writer.md --tool-files write --mcp github=https://mcp.example.org --mcp-tool "github=get_*"
      lamp agent create clerk --runner a2a --url https://agents.example.org/clerk
      lamp agent create --from-file agent.yaml
    """
    lamp = of(ctx)
    body = agent_body(lamp, ctx.params)
    said = {"name": name, "id": chosen_id, "project": lamp.project(project, body.get("project"))}
    body |= {field: value for field, value in said.items() if value is not None}
    if not body.get("name"):
        raise WrongUse("an agent needs a NAME (see `lamp agent create --help`)")
    if not body.get("runner"):
        raise WrongUse(
            f"say what does the work: --runner {'|'.join(options.KINDS)}, or a command after two hyphens, "
            "as in `lamp agent create NAME -- COMMAND ARG...`"
        )
    agent = lamp.client.post(AGENTS, {field: value for field, value in body.items() if value is not None})
    lamp.output.record(agent, views.sheet, f"Created agent {agent.get('id')}")


@taking(as_options((Setting("--name", "", "TEXT", "A new name; the id stays."),)), *DESCRIPTION)
def update_agent(ctx: typer.Context, agent: AgentId, command: Command = None) -> None:
    """Change an agent; what is not named stays. An empty value takes a setting away: --max-cost "", --mcp "".

    What may be given several times is replaced by what is given. Another kind of runner replaces the one before.

    \b
    Examples:
      lamp agent update disk-check -- df -h /home
      lamp agent update disk-check --memory-mb 64 --active=false
      lamp agent update writer --model gpt-5 --max-cost 0.50 --tool-approval "mcp.github.*"
    """
    lamp = of(ctx)
    path, headers, before = item(AGENTS, agent), {}, {}
    if (
        command
        or ctx.params["noop"]
        or ctx.params["runner"]
        or touches_parts(named(ctx.params))
        or _of_servers(ctx)
    ):
        # A part is one field: it is changed as it was read, or not at all.
        read = lamp.client.request("GET", path)
        before, headers = read.document, {"If-Match": tag} if (tag := read.headers.get("ETag")) else {}
    body = agent_body(lamp, ctx.params, before)
    if ctx.params["name"]:
        body["name"] = ctx.params["name"]
    if not body:
        raise WrongUse("nothing to change: name at least one option (see `lamp agent update --help`)")
    changed = lamp.client.patch(path, body, headers)
    lamp.output.record(changed, views.sheet, f"Updated agent {changed.get('id')}")


def _of_servers(ctx: typer.Context) -> bool:
    return bool(ctx.params["mcp_tool"] or ctx.params["mcp_read_only"])


app = group(
    "Who does the work.",
    {"create": create_agent, **reading(NOUN), "update": update_agent, **resting(NOUN)},
)
