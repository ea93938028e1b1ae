"""The options that bound what a run may use. Whatever is reached first ends it."""

from lamplighter_cli import spans
from lamplighter_cli.output import Record
from lamplighter_cli.settings import Setting
from lamplighter_cli.values import amount, number, span

LIMITS = (
    Setting("--max-tokens", "limits.tokens", "N", "Tokens, sent and received together.", number),
    Setting("--max-cost", "limits.cost", "USD", "US dollars.", amount),
    Setting("--max-tool-calls", "limits.tool_calls", "N", "Calls of tools; 0 for none.", amount),
    Setting("--max-requests", "limits.requests", "N", "Requests to the model; 50 for an agent.", number),
    Setting("--max-seconds", "limits.seconds", "SPAN", "How long one run may take, such as 10m.", span),
)

_WORDS = {
    "seconds": lambda value: spans.words(value) or "",
    "tokens": lambda value: f"{value:,} tokens",
    "cost": lambda value: f"${value:g}",
    "tool_calls": lambda value: f"{value} tool calls",
    "requests": lambda value: f"{value} requests",
    "concurrent": lambda value: f"{value} at a time",
}


def words(limits: Record | None) -> str | None:
    said = [
        _WORDS[name](value) for name, value in (limits or {}).items() if value is not None and name in _WORDS
    ]
    return ", ".join(said) or None
