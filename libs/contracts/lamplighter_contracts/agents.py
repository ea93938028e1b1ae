"""Who does the work: agents, and teams of them."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from lamplighter_contracts.environments import DEFAULT_ENVIRONMENT
from lamplighter_contracts.fields import Description, EnvName, Instant, Model, Name, Slug, wrong_field
from lamplighter_contracts.projects import DEFAULT_PROJECT
from lamplighter_contracts.runners import Runner
from lamplighter_contracts.tools import Tools

Capability = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Example = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class RunLimits(Model):
    """What one execution may use. Whatever is reached first ends it, as `failed (limit: ...)`. None: no bound."""

    seconds: int | None = Field(default=None, ge=1, le=86_400)
    """Beside the job's own time limit: the shorter one holds."""
    tokens: int | None = Field(default=None, ge=1)
    """Sent and received together."""
    cost: float | None = Field(default=None, gt=0)
    """US dollars."""
    tool_calls: int | None = Field(default=None, ge=0)
    requests: int | None = Field(default=None, ge=1)
    """To the model."""


class AgentLimits(RunLimits):
    """`concurrent`: how many executions of the agent may run at once; more wait their turn."""

    requests: int | None = Field(default=50, ge=1)
    concurrent: int | None = Field(default=None, ge=1, le=10_000)


class AgentSpec(Model):
    """What a person may say of an agent."""

    name: Name
    project: Slug = DEFAULT_PROJECT
    """Chosen when it is made, and never changed."""
    description: Description = ""
    runner: Runner
    capabilities: tuple[Capability, ...] = Field(default=(), max_length=64)
    """Tags. A smart job may ask for some, and they count when one is chosen."""
    examples: tuple[Example, ...] = Field(default=(), max_length=64)
    """Prompts that it is good at."""
    environment: Slug = DEFAULT_ENVIRONMENT
    tools: Tools = Tools()
    secrets: tuple[EnvName, ...] = Field(default=(), max_length=64)
    """Names of the environment's secrets that its runs are given, as variables."""
    limits: AgentLimits = AgentLimits()
    active: bool = True


class Agent(AgentSpec):
    agent_id: Slug
    created_at: Instant
    updated_at: Instant
    revision: int = 0
    """The catalog's sequence of this revision: the ETag. Set when read, 0 in what is being written."""


class TeamSpec(Model):
    """Several agents for one job, on one budget.

    `sequence`: each gets the prompt and the result of the one before; the first that fails ends the team.
    `parallel`: all at once; the team completes if at least `needed` of them did (all, by default), and `merger`
    makes one result of theirs. `lead`: the agent `leader`, on a language model, is given its members as tools; a
    member that fails is told to the leader, who goes on.
    """

    name: Name
    project: Slug = DEFAULT_PROJECT
    description: Description = ""
    mode: Literal["sequence", "parallel", "lead"] = "sequence"
    members: tuple[Slug, ...] = Field(min_length=1, max_length=32)
    leader: Slug | None = None
    merger: Slug | None = None
    needed: int | None = Field(default=None, ge=1, le=32)
    limits: RunLimits = RunLimits()
    """Of all members together, beside each one's own."""
    environment: Slug | None = None
    """None: that of its leader, or of its first member."""
    active: bool = True

    @model_validator(mode="after")
    def _fits_its_mode(self) -> Self:
        if self.mode == "lead" and self.leader is None:
            raise wrong_field("leader", "is missing: a team of the mode 'lead' has one")
        if self.mode != "lead" and self.leader is not None:
            raise wrong_field("leader", f"only a team of the mode 'lead' has one, and this is {self.mode!r}")
        if self.mode != "parallel" and self.merger is not None:
            raise wrong_field(
                "merger", f"only a team of the mode 'parallel' has one, and this is {self.mode!r}"
            )
        if self.mode != "parallel" and self.needed is not None:
            raise wrong_field(
                "needed", f"only a team of the mode 'parallel' has it, and this is {self.mode!r}"
            )
        if self.needed is not None and self.needed > len(self.members):
            raise wrong_field("needed", f"is {self.needed}, and there are {len(self.members)} members")
        if self.mode != "sequence" and len(set(self.members)) != len(self.members):
            raise wrong_field("members", "names an agent twice, which only the mode 'sequence' allows")
        return self

    @property
    def everyone(self) -> tuple[str, ...]:
        """Its members, and whoever leads or merges."""
        others = tuple(name for name in (self.leader, self.merger) if name is not None)
        return self.members + tuple(name for name in others if name not in self.members)


class Team(TeamSpec):
    team_id: Slug
    created_at: Instant
    updated_at: Instant
    revision: int = 0
