"""A small server of the Model Context Protocol: `stdio`, or `streamable-http PORT`. What is done goes to a file."""

import os
import subprocess
import sys
from pathlib import Path

from mcp.server.mcpserver import MCPServer

server = MCPServer("desk")
DONE = os.environ.get("DESK_FILE", "")


@server.tool()
def look_up(ticket: str) -> str:
    """Look a ticket up."""
    return f"ticket {ticket} of {os.environ.get('DESK_USER', 'nobody')}"


@server.tool()
def close_ticket(ticket: str) -> str:
    """Close a ticket."""
    with Path(DONE).open("a") as file:
        file.write(f"closed {ticket}\n")
    return f"closed {ticket}"


@server.tool()
def delete_all() -> str:
    """Delete everything."""
    with Path(DONE).open("a") as file:
        file.write("deleted\n")
    return "deleted"


@server.tool()
def fail() -> str:
    """Does not work."""
    raise RuntimeError("the desk is closed")


@server.tool()
def crash() -> str:
    """The server dies of it."""
    os._exit(3)


@server.tool()
def linger(mark: str) -> str:
    """Starts something that stays."""
    subprocess.run(["setsid", "--fork", "sleep", mark], check=False)
    return "lingering"


if __name__ == "__main__":
    more = {"port": int(sys.argv[2])} if len(sys.argv) > 2 else {}
    server.run(transport=sys.argv[1], **more)  # type: ignore[call-overload]
