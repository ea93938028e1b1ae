"""What runs an agent, and how: one model a kind of runner. The dispatcher has a module for each."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, JsonValue, StringConstraints, Tag

from lamplighter_contracts.fields import EnvName, Model, Slug

HTTP_URL = r"^https?://[^\s/?#]+[^\s]*$"
HEADER_NAME = r"^[A-Za-z0-9!#$%&'*+.^_|~-]+$"
HEADER_VALUE = r"^[^\x00\r\n]*$"

Argument = Annotated[str, StringConstraints(max_length=32_768)]
HttpUrl = Annotated[str, StringConstraints(pattern=HTTP_URL, max_length=2_000)]
HeaderName = Annotated[str, StringConstraints(pattern=HEADER_NAME, max_length=100)]
HeaderValue = Annotated[str, StringConstraints(pattern=HEADER_VALUE, max_length=4_000)]


class CommandLimits(Model):
    """What one run of a command may use. None leaves the system's own limit."""

    cpu_seconds: int | None = Field(default=None, ge=1, le=86_400)
    memory_mb: int | None = Field(default=None, ge=16, le=1_048_576)
    file_size_mb: int | None = Field(default=None, ge=1, le=1_048_576)
    open_files: int | None = Field(default=None, ge=16, le=65_536)


class CommandRunner(Model):
    """A program on the dispatcher's machine, started without a shell; exit code 0 is success.

    Where an argument holds `{prompt}` or `{prompt_file}`, the prompt or the path of a file with it goes there, and
    standard input is empty; otherwise the prompt is on standard input. It is in `LAMP_PROMPT` in any case. A line
    of standard output that is a JSON object with `step`, `usage`, `effect` or `result` is progress; any other line
    is log. Without such a `result` the last lines of standard output are the result.
    """

    kind: Literal["command"] = "command"
    command: tuple[Argument, ...] = Field(min_length=1, max_length=256)
    variables: dict[EnvName, str] = Field(default_factory=dict)
    limits: CommandLimits = CommandLimits()
    sandbox: Literal["auto", "required", "off"] = "auto"
    """Bubblewrap: where it works, or the run is blocked without it, or never."""


class LlmRunner(Model):
    """An agent on a language model: any endpoint that speaks OpenAI's or Anthropic's protocol, local ones too."""

    kind: Literal["llm"] = "llm"
    provider: Literal["openai", "anthropic"] = "openai"
    """Whose protocol is spoken. Most local servers speak OpenAI's."""
    base_url: HttpUrl | None = None
    """None for the provider's own."""
    model: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    instructions: Annotated[str, StringConstraints(max_length=65_536)] = ""
    api_key: EnvName | None = None
    """The name of the environment's secret that holds the key. None for a server that asks for none."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_output_tokens: int | None = Field(default=None, ge=1, le=1_000_000)
    input_price: float = Field(default=0, ge=0, le=100_000)
    """US dollars for a million tokens that are sent."""
    output_price: float = Field(default=0, ge=0, le=100_000)
    """US dollars for a million tokens that come back."""


class HttpRunner(Model):
    """An agent behind an address: one POST, answered with JSON, an event stream, NDJSON, or 202 and a place to ask."""

    kind: Literal["http"] = "http"
    url: HttpUrl
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict, max_length=32)
    secret_headers: dict[HeaderName, EnvName] = Field(default_factory=dict, max_length=32)
    """Headers whose value is a secret of the environment, by its name."""
    poll_seconds: float = Field(default=2.0, ge=0.2, le=300)
    """How often a 202 is asked after, unless its answer says `Retry-After`."""


class A2aRunner(Model):
    """An agent that speaks A2A 1.0: its card is read at `url`."""

    kind: Literal["a2a"] = "a2a"
    url: HttpUrl
    token: EnvName | None = None
    """The name of the environment's secret that is sent as a bearer token."""


class BusRunner(Model):
    """Any process on the bus that answers offers of work: see `executors`."""

    kind: Literal["bus"] = "bus"
    executor: Slug
    """Whose offers: `executor.<name>.offer`."""
    claim_seconds: int = Field(default=30, ge=1, le=3_600)
    """How long an offer waits for somebody to take it."""
    silence_seconds: int = Field(default=30, ge=2, le=3_600)
    """An executor that says nothing for this long is taken for dead."""


class NoopRunner(Model):
    """Does nothing and succeeds at once: to rehearse a schedule or a webhook without an effect."""

    kind: Literal["noop"] = "noop"


class ExternalRunner(Model):
    """A kind that a package adds: an entry point of the group `lamplighter.runners`, named like the kind."""

    kind: Slug
    settings: dict[str, JsonValue] = Field(default_factory=dict)


MAY_LEAD = (LlmRunner, ExternalRunner)
"""What can be given the members of a team as tools. A kind from outside sees to it itself."""

BUILT_IN = ("command", "llm", "http", "a2a", "bus", "noop")


def _tag(value: Any) -> str:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return kind if kind in BUILT_IN else "external"


Runner = Annotated[
    Annotated[CommandRunner, Tag("command")]
    | Annotated[LlmRunner, Tag("llm")]
    | Annotated[HttpRunner, Tag("http")]
    | Annotated[A2aRunner, Tag("a2a")]
    | Annotated[BusRunner, Tag("bus")]
    | Annotated[NoopRunner, Tag("noop")]
    | Annotated[ExternalRunner, Tag("external")],
    Discriminator(_tag),
]
