"""Where things are in the API."""

from urllib.parse import quote

JOBS = "/api/v1/jobs"
EVENTS = "/api/v1/events"
EXECUTIONS = "/api/v1/executions"
DELIVERIES = "/api/v1/deliveries"
APPROVALS = "/api/v1/approvals"
AGENTS = "/api/v1/agents"
TEAMS = "/api/v1/teams"
CALENDARS = "/api/v1/calendars"
ENVIRONMENTS = "/api/v1/environments"
POLICIES = "/api/v1/policies"
ROTATE = "/api/v1/secrets/rotate"
PROJECTS = "/api/v1/projects"
TOKENS = "/api/v1/tokens"
AUDIT = "/api/v1/audit"
BACKFILLS = "/api/v1/backfills"
PREVIEW = "/api/v1/schedules/preview"
SIMULATIONS = "/api/v1/simulations"
WORKERS = "/api/v1/workers"
QUEUES = "/api/v1/queues"
EXPLAIN_CHOICE = "/api/v1/smart/explain"
REPLAY_CHOICES = "/api/v1/smart/replay"
VERSION = "/api/v1/version"


def item(collection: str, identity: str) -> str:
    """The path of one thing, whatever its id holds."""
    return f"{collection}/{quote(identity, safe='')}"
