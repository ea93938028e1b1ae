"""Where things are in the API."""

from urllib.parse import quote

JOBS = "/api/v1/jobs"
EXECUTIONS = "/api/v1/executions"
AGENTS = "/api/v1/agents"
TEAMS = "/api/v1/teams"
TOKENS = "/api/v1/tokens"
VERSION = "/api/v1/version"


def item(collection: str, identity: str) -> str:
    """The path of one thing, whatever its id holds."""
    return f"{collection}/{quote(identity, safe='')}"
