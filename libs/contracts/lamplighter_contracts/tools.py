"""What an agent on a language model may use, each tool with its own bounds.

Policies and approvals name tools: `shell`, `http`, `files.read`, `files.list`, `files.write`,
`mcp.<server>.<tool>`, and in a team that is led `ask.<member>`.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from lamplighter_contracts.fields import EnvName, Model, Slug
from lamplighter_contracts.runners import Argument, HeaderName, HeaderValue, HttpUrl

PROGRAM = r"^[^\s\x00]+$"
HOST = r"^[A-Za-z0-9.*:\[\]-]+$"
TOOL_PATTERN = r"^[A-Za-z0-9_.*-]+$"

Program = Annotated[str, StringConstraints(pattern=PROGRAM, max_length=200)]
Host = Annotated[str, StringConstraints(pattern=HOST, max_length=253)]
ToolPattern = Annotated[str, StringConstraints(pattern=TOOL_PATTERN, max_length=200)]
"""A tool's name; `*` stands for any part of it."""
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


class ShellTool(Model):
    """Programs by name, each call a list of arguments, never a shell. They run in the run's folder."""

    programs: tuple[Program, ...] = Field(min_length=1, max_length=64)
    timeout_seconds: int = Field(default=60, ge=1, le=3_600)


class HttpTool(Model):
    """Requests to hosts that both this list and the environment's network rules allow."""

    hosts: tuple[Host, ...] = Field(min_length=1, max_length=64)
    """Names; `*.example.org` stands for all below."""
    methods: tuple[Method, ...] = ("GET", "HEAD")
    timeout_seconds: int = Field(default=30, ge=1, le=600)


class FilesTool(Model):
    """Files in the run's own folder, and nowhere else."""

    write: bool = False


class McpServer(Model):
    """A server of the Model Context Protocol: a program (stdio), or an address (streamable HTTP)."""

    name: Slug
    command: tuple[Argument, ...] = Field(default=(), max_length=64)
    url: HttpUrl | None = None
    tools: tuple[ToolPattern, ...] = Field(min_length=1, max_length=128)
    """Which of its tools the agent is offered. There is no default that lets all in."""
    read_only: tuple[ToolPattern, ...] = ()
    """Which of them change nothing. Of any other a call counts as an effect."""
    variables: dict[EnvName, str] = Field(default_factory=dict)
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)
    secret_variables: dict[EnvName, EnvName] = Field(default_factory=dict)
    """Of a program: a variable, and the environment's secret that it holds."""
    secret_headers: dict[HeaderName, EnvName] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_one_place(self) -> "McpServer":
        if bool(self.command) == (self.url is not None):
            raise ValueError("needs either 'command' (a program) or 'url' (an address)")
        return self


class Tools(Model):
    """Nothing is allowed that is not named here."""

    shell: ShellTool | None = None
    http: HttpTool | None = None
    files: FilesTool | None = None
    mcp: tuple[McpServer, ...] = Field(default=(), max_length=16)
    approval: tuple[ToolPattern, ...] = Field(default=(), max_length=64)
    """Tools of which each call waits for a person's word."""
