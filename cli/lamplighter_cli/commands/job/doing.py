"""The options that say who does a job, what they are given, and what becomes of an attempt that fails."""

from lamplighter_cli.grammar import boolean
from lamplighter_cli.settings import Setting
from lamplighter_cli.values import amount, number, span, word

WHO = (
    Setting("--agent", "agent_id", "ID", "The agent that does it.", keeps_empty=True),
    Setting("--team", "team_id", "ID", "The team that does it.", keeps_empty=True),
    Setting(
        "--smart", "smart", "BOOL", "Whoever fits best, chosen when it starts.", boolean, keeps_empty=True
    ),
    Setting(
        "--capability",
        "capabilities",
        "WORD",
        "With --smart: what the agent must have. May be given several times.",
        several=True,
    ),
    Setting("--fallback", "fallback_agent_id", "ID", "With --smart: who takes it where nobody fits clearly."),
)

BOUNDS = (
    Setting(
        "--secret",
        "secrets",
        "NAME",
        "A secret of the environment that its runs get as a variable. May be given several times.",
        several=True,
    ),
    Setting("--max-tokens", "max_tokens", "N", "Tokens of one run, sent and received.", number),
    Setting("--max-cost", "max_cost", "USD", "US dollars of one run.", amount),
    Setting("--max-tool-calls", "max_tool_calls", "N", "Calls of tools in one run.", amount),
    Setting(
        "--approval-wait", "approval_wait_seconds", "SPAN", "How long it waits for a person's word; 1d.", span
    ),
)

RETRY = (
    Setting("--retry-attempts", "retry_attempts", "N", "Attempts in all; 3.", number),
    Setting(
        "--retry-on",
        "retry_on",
        "WORD",
        "Which ends are tried again: unavailable (the default), exit_code, timeout, ... May be given several times.",
        word,
        several=True,
    ),
    Setting("--retry-first", "retry_first_seconds", "SPAN", "The wait before the second attempt; 10s.", span),
    Setting("--retry-factor", "retry_factor", "N", "By which each wait is longer; 3.", amount),
    Setting("--retry-most", "retry_most_seconds", "SPAN", "The longest wait; 10m.", span),
    Setting(
        "--retry-after-effects",
        "retry_after_effects",
        "BOOL",
        "Also where the attempt changed something; the next one is told of it.",
        boolean,
        keeps_empty=True,
    ),
)
