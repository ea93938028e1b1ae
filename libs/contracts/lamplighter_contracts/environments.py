"""Where work happens: a worker queue, what every run in it is given, and what it may reach."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from lamplighter_contracts.fields import Description, EnvName, Instant, Model, Name, Slug
from lamplighter_contracts.projects import DEFAULT_PROJECT
from lamplighter_contracts.runners import Argument, HttpUrl
from lamplighter_contracts.timing import Exclusions
from lamplighter_contracts.tools import Host, ToolPattern

DEFAULT_ENVIRONMENT = "default"
DEFAULT_QUEUE = "default"

NETWORK = r"^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$"
Network = Annotated[str, StringConstraints(pattern=NETWORK, max_length=50)]
"""An address, or a range in CIDR notation."""


class CommandCheck(Model):
    """Ready while the program ends with exit code 0; its last line is the reason where it does not."""

    kind: Literal["command"] = "command"
    command: tuple[Argument, ...] = Field(min_length=1, max_length=64)
    every_seconds: int = Field(default=60, ge=5, le=86_400)
    timeout_seconds: int = Field(default=10, ge=1, le=300)


class UrlCheck(Model):
    """Ready while a GET is answered with a 2xx."""

    kind: Literal["url"] = "url"
    url: HttpUrl
    every_seconds: int = Field(default=60, ge=5, le=86_400)
    timeout_seconds: int = Field(default=10, ge=1, le=300)


Check = Annotated[CommandCheck | UrlCheck, Field(discriminator="kind")]


class NetworkRules(Model):
    """Where requests of its runs may go. Loopback, private, link-local and metadata addresses are closed unless a
    range or a host here opens them."""

    hosts: tuple[Host, ...] | None = None
    """None: any public host. `*.example.org` stands for all below. A host named here may be a private one."""
    ranges: tuple[Network, ...] = Field(default=(), max_length=64)
    """Addresses that are open although they are not public."""
    internet: bool = True
    """Whether commands in a sandbox have a network at all."""


class EnvironmentSpec(Model):
    """What a person may say of an environment."""

    name: Name
    project: Slug = DEFAULT_PROJECT
    """Chosen when it is made, and never changed."""
    description: Description = ""
    queue: Slug = DEFAULT_QUEUE
    variables: dict[EnvName, str] = Field(default_factory=dict)
    timezone: str = "UTC"
    """In which its exclusions are read."""
    exclusions: Exclusions = Exclusions()
    """Hold for the schedules of all jobs in it, beside their own."""
    check: Check | None = None
    """What has to hold before something runs in it. None: it is always ready."""
    tools: tuple[ToolPattern, ...] | None = None
    """The tools that agents may use in it, of those that they have. None: all of them."""
    network: NetworkRules = NetworkRules()
    concurrent: int | None = Field(default=None, ge=1, le=10_000)
    """How many executions may run in it at once; more wait their turn."""


class Environment(EnvironmentSpec):
    environment_id: Slug
    created_at: Instant
    updated_at: Instant
    revision: int = 0


_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


def implied_environment(project: str) -> Environment:
    """The environment of a project's own name: there, and empty, as long as nobody has said a word about it."""
    name = project.replace("-", " ").capitalize()
    return Environment(
        environment_id=project, name=name, project=project, created_at=_ALWAYS, updated_at=_ALWAYS
    )


class Readiness(Model):
    """How an environment's check went, as the last dispatcher that made it found."""

    environment_id: Slug
    revision: int
    """Of the environment that was checked."""
    ready: bool
    reason: str = ""
    """Why not, in a sentence."""
    checked_at: Instant
    worker: str


class SealedSecret(Model):
    """A secret of an environment as the catalog keeps it: nobody reads it there."""

    environment_id: Slug
    name: EnvName
    sealed: str
    """`v1.<key id>.<base64>`: AES-256-GCM, with environment and name as associated data."""
    version: int = 1
    created_at: Instant
    updated_at: Instant
    updated_by: str = ""
    revision: int = 0
