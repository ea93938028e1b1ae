"""The tools of an agent, when some are taken away from it. Pure."""

from collections.abc import Sequence

from lamplighter_contracts.tools import McpServer, Tools
from lamplighter_dispatcher.admission.tool_names import matches

READING = ("files.read", "files.list")
WRITING = "files.write"


def without(tools: Tools, removed: Sequence[str]) -> Tools:
    """Whole tools are gone. Of what is there by a pattern, or in one with others, the rest of a removal falls to
    whoever is asked before each call."""
    if not removed:
        return tools
    files = tools.files
    if files is not None and all(matches(name, removed) for name in READING):
        files = None
    elif files is not None and matches(WRITING, removed):
        files = files.model_copy(update={"write": False})
    return tools.model_copy(
        update={
            "shell": None if matches("shell", removed) else tools.shell,
            "http": None if matches("http", removed) else tools.http,
            "files": files,
            "mcp": tuple(server for server in (_server(one, removed) for one in tools.mcp) if server.tools),
        }
    )


def _server(server: McpServer, removed: Sequence[str]) -> McpServer:
    # A pattern that matches the text of another matches all that the other does: `*` is matched by `*` alone.
    left = tuple(tool for tool in server.tools if not matches(f"mcp.{server.name}.{tool}", removed))
    return server.model_copy(update={"tools": left})
