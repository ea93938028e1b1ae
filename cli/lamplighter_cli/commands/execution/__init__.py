"""`lamp execution`: what ran, what it said, and how to stop it."""

from lamplighter_cli.commands.execution import logs, reading
from lamplighter_cli.grammar import group

app = group(
    "See what ran, read what it said, stop it.",
    {
        "list|ls|l": reading.list_executions,
        "get|show|describe": reading.get_execution,
        "logs|log|stream|watch": logs.show_log,
        "cancel|stop|abort|kill": reading.cancel_execution,
    },
)
