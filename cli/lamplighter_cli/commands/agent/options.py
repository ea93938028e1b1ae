"""The options that say what an agent is: what runs it, what it may use, what it may touch."""

from lamplighter_cli.commands.limits import LIMITS
from lamplighter_cli.grammar import boolean
from lamplighter_cli.settings import Setting, Settings
from lamplighter_cli.values import amount, number, reading, span, word

KINDS = ("command", "llm", "http", "a2a", "bus", "noop")

WHAT: Settings = (
    Setting("--description", "description", "TEXT", "What the agent is good for."),
    Setting(
        "--capability", "capabilities", "WORD", "What it can do. May be given several times.", several=True
    ),
    Setting(
        "--example",
        "examples",
        "TEXT",
        "A prompt that it is good at. May be given several times.",
        several=True,
    ),
    Setting(
        "--environment", "environment", "ID", "Where it works; by default in that of its project's own name."
    ),
    Setting(
        "--secret",
        "secrets",
        "NAME",
        "A secret of its environment that its runs get as a variable. May be given several times.",
        several=True,
    ),
    Setting("--active", "active", "BOOL", "Whether it is given work.", reading(boolean)),
    Setting(
        "--from-file", "", "FILE", "A whole agent as YAML or JSON, - reads a pipe; options go before it."
    ),
)

RUNNER: Settings = (
    Setting(
        "--runner", "", "WORD", f"What runs it: {', '.join(KINDS)}. A command alone needs no --runner.", word
    ),
    Setting(
        "--noop", "", "BOOL", "The same as --runner noop: it does nothing, to rehearse.", reading(boolean)
    ),
)

COMMAND: Settings = (
    Setting(
        "--variable",
        "runner.variables",
        "NAME=VALUE",
        "In its environment. May be given several times.",
        several=True,
    ),
    Setting("--memory-mb", "runner.limits.memory_mb", "N", "The most memory.", number),
    Setting("--cpu-seconds", "runner.limits.cpu_seconds", "N", "The most CPU time.", number),
    Setting("--open-files", "runner.limits.open_files", "N", "The most open files.", number),
    Setting("--file-size-mb", "runner.limits.file_size_mb", "N", "The largest file.", number),
    Setting("--sandbox", "runner.sandbox", "WORD", "auto (the default), required, off.", word),
)

LLM: Settings = (
    Setting(
        "--provider", "runner.provider", "WORD", "Whose protocol: openai (the default), anthropic.", word
    ),
    Setting("--base-url", "runner.base_url", "URL", "The endpoint; by default the provider's own."),
    Setting("--model", "runner.model", "NAME", "The model."),
    Setting(
        "--instructions", "runner.instructions", "TEXT", "The system prompt; - reads a pipe, @FILE a file."
    ),
    Setting(
        "--api-key-secret", "runner.api_key", "NAME", "The secret of its environment that holds the key."
    ),
    Setting("--temperature", "runner.temperature", "N", "From 0 to 2.", amount),
    Setting("--max-output-tokens", "runner.max_output_tokens", "N", "In one answer of the model.", number),
    Setting("--input-price", "runner.input_price", "USD", "For a million tokens that are sent.", amount),
    Setting("--output-price", "runner.output_price", "USD", "For a million tokens that come back.", amount),
)

HTTP: Settings = (
    Setting(
        "--header",
        "runner.headers",
        "NAME=VALUE",
        "A header of each request. May be given several times.",
        several=True,
    ),
    Setting(
        "--secret-header",
        "runner.secret_headers",
        "NAME=SECRET",
        "One whose value is a secret of its environment. May be given several times.",
        several=True,
    ),
    Setting("--poll", "runner.poll_seconds", "SPAN", "How often a 202 is asked after; 2s.", span),
)

URL = Setting("--url", "runner.url", "URL", "Of http: where to send the work. Of a2a: where its card is.")

A2A: Settings = (
    Setting("--token-secret", "runner.token", "NAME", "The secret that is sent as a bearer token."),
)

BUS: Settings = (
    Setting("--executor", "runner.executor", "NAME", "Whose offers: executor.NAME.offer."),
    Setting("--claim", "runner.claim_seconds", "SPAN", "How long an offer waits for somebody; 30s.", span),
    Setting("--silence", "runner.silence_seconds", "SPAN", "Silent for so long it is dead; 30s.", span),
)

OF_KIND: dict[str, Settings] = {
    "command": COMMAND,
    "llm": LLM,
    "http": (URL, *HTTP),
    "a2a": (URL, *A2A),
    "bus": BUS,
    "noop": (),
}
"""What each kind of runner has."""

TOOLS: Settings = (
    Setting("--tool-shell", "tools.shell.programs", "NAMES", "Programs that it may start, such as git,ls."),
    Setting("--tool-http", "tools.http.hosts", "HOSTS", "Hosts that it may ask, such as *.example.org."),
    Setting("--tool-http-methods", "tools.http.methods", "WORDS", "GET,HEAD unless you say more."),
    Setting("--tool-files", "tools.files", "WORD", "read, or write: in the run's own folder.", word),
    Setting(
        "--mcp",
        "tools.mcp",
        "NAME=URL",
        "A server of tools: NAME=https://..., or 'NAME=program argument'. May be given several times.",
        several=True,
    ),
    Setting(
        "--mcp-tool",
        "",
        "NAME=PATTERN",
        "Which of its tools the agent is offered; get_*, or * for all. May be given several times.",
        several=True,
    ),
    Setting(
        "--mcp-read-only",
        "",
        "NAME=PATTERN",
        "Which of them change nothing. May be given several times.",
        several=True,
    ),
    Setting(
        "--tool-approval",
        "tools.approval",
        "TOOL",
        "Each call waits for a person's word: shell, mcp.github.*. May be given several times.",
        several=True,
    ),
)

BOUNDS: Settings = (
    *LIMITS,
    Setting("--concurrent", "limits.concurrent", "N", "How many of its runs at a time; others wait.", number),
)

ALL: Settings = (*WHAT, *RUNNER, *COMMAND, *LLM, URL, *HTTP, *A2A, *BUS, *TOOLS, *BOUNDS)
