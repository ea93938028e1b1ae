"""Who does the work: agents, and teams of them."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from lamplighter_contracts.environments import DEFAULT_ENVIRONMENT
from lamplighter_contracts.fields import Description, EnvName, Instant, Model, Name, Slug

Argument = Annotated[str, StringConstraints(max_length=32_768)]


class CommandLimits(Model):
    """What one run of a command may use. None leaves the system's own limit."""

    cpu_seconds: int | None = Field(default=None, ge=1, le=86_400)
    memory_mb: int | None = Field(default=None, ge=16, le=1_048_576)
    file_size_mb: int | None = Field(default=None, ge=1, le=1_048_576)
    open_files: int | None = Field(default=None, ge=16, le=65_536)


class CommandRunner(Model):
    """A program on the dispatcher's machine, started without a shell.

    The prompt comes on standard input and in `LAMP_PROMPT`; exit code 0 is success; the last lines of standard
    output are the result.
    """

    kind: Literal["command"] = "command"
    command: tuple[Argument, ...] = Field(min_length=1, max_length=256)
    variables: dict[EnvName, str] = Field(default_factory=dict)
    limits: CommandLimits = CommandLimits()


class NoopRunner(Model):
    """Does nothing and succeeds at once: to rehearse a schedule or a webhook without an effect."""

    kind: Literal["noop"] = "noop"


Runner = Annotated[CommandRunner | NoopRunner, Field(discriminator="kind")]


class AgentSpec(Model):
    """What a person may say of an agent."""

    name: Name
    description: Description = ""
    runner: Runner
    capabilities: tuple[Name, ...] = Field(default=(), max_length=64)
    environment: Slug = DEFAULT_ENVIRONMENT
    active: bool = True


class Agent(AgentSpec):
    agent_id: Slug
    created_at: Instant
    updated_at: Instant
    revision: int = 0
    """The catalog's sequence of this revision: the ETag. Set when read, 0 in what is being written."""


class TeamSpec(Model):
    """Several agents for one job. `sequence`: each gets the prompt and the result of the one before."""

    name: Name
    description: Description = ""
    mode: Literal["sequence"] = "sequence"
    members: tuple[Slug, ...] = Field(min_length=1, max_length=32)
    active: bool = True


class Team(TeamSpec):
    team_id: Slug
    created_at: Instant
    updated_at: Instant
    revision: int = 0
