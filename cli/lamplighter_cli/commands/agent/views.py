"""How agents read: the columns of a list, the sheet of one."""

import shlex
from collections.abc import Iterator
from typing import Any

from lamplighter_cli.commands import limits
from lamplighter_cli.commands.nouns import pairs_of
from lamplighter_cli.output import Column, Record, Sheet
from lamplighter_cli.times import Clock


def runs(agent: Record) -> str | None:
    """What runs it, in short."""
    runner = agent.get("runner") or {}
    match runner.get("kind"):
        case "command":
            return shlex.join(runner.get("command") or ())
        case "llm":
            return f"llm {runner.get('model')}"
        case "http" | "a2a" as kind:
            return f"{kind} {runner.get('url')}"
        case "bus":
            return f"bus {runner.get('executor')}"
        case kind:
            return kind


COLUMNS = (
    Column("ID", lambda agent, _: agent.get("id")),
    Column("NAME", lambda agent, _: agent.get("name"), flexible=True),
    Column("RUNS", lambda agent, _: runs(agent), flexible=True),
    Column("CAPABILITIES", lambda agent, _: ", ".join(agent.get("capabilities") or ()), flexible=True),
    Column("ENVIRONMENT", lambda agent, _: agent.get("environment")),
    Column("ACTIVE", lambda agent, _: agent.get("active")),
)


def sheet(agent: Record, clock: Clock) -> Sheet:
    yield "ID", agent.get("id")
    yield "Name", agent.get("name")
    yield "Project", agent.get("project")
    yield "Description", agent.get("description")
    yield "Active", agent.get("active")
    yield "Runs", runs(agent)
    yield from _runner(agent.get("runner") or {})
    yield "Environment", agent.get("environment")
    yield "Secrets", ", ".join(agent.get("secrets") or ())
    yield "Tools", list(_tools(agent.get("tools") or {}))
    yield "Limits", limits.words(agent.get("limits"))
    yield "Capabilities", ", ".join(agent.get("capabilities") or ())
    yield "Examples", list(agent.get("examples") or ())
    yield "Created", clock.local(agent.get("created_at"))
    yield "Updated", clock.local(agent.get("updated_at"))
    yield "Revision", agent.get("revision")
    yield "Warnings", list(agent.get("warnings") or ())


def _runner(runner: Record) -> Sheet:
    yield "Endpoint", runner.get("base_url")
    yield "API key", f"secret {runner['api_key']}" if runner.get("api_key") else None
    yield "Token", f"secret {runner['token']}" if runner.get("token") else None
    yield "Instructions", runner.get("instructions")
    yield "Variables", pairs_of(runner.get("variables"))
    yield "Headers", [*pairs_of(runner.get("headers")), *pairs_of(runner.get("secret_headers"), "=secret ")]
    said = runner.get("limits") or {}
    yield "Process", [f"{name} {value}" for name, value in said.items() if value is not None]
    yield "Sandbox", None if runner.get("sandbox") == "auto" else runner.get("sandbox")


def _tools(tools: Record) -> Iterator[str]:
    shell, http, files = (tools.get(name) or {} for name in ("shell", "http", "files"))
    if shell:
        yield f"shell: {', '.join(shell.get('programs') or ())}"
    if http:
        yield f"http: {', '.join(http.get('hosts') or ())} ({', '.join(http.get('methods') or ('GET', 'HEAD'))})"
    if tools.get("files") is not None:
        yield f"files: {'read and write' if files.get('write') else 'read'}"
    for server in tools.get("mcp") or ():
        yield _server(server)
    if approval := tools.get("approval"):
        yield f"after a person's word only: {', '.join(approval)}"


def _server(server: dict[str, Any]) -> str:
    place = server.get("url") or shlex.join(server.get("command") or ())
    return f"mcp {server.get('name')}: {', '.join(server.get('tools') or ())} of {place}"
