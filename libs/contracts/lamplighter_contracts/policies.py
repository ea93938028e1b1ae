"""Who may run what, where, and with which tools: policies, the document that they judge, and what they decide."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from lamplighter_contracts.events import TriggerKind, Trust
from lamplighter_contracts.fields import Description, EnvName, Instant, Model, Name, Slug
from lamplighter_contracts.projects import DEFAULT_PROJECT
from lamplighter_contracts.runners import HttpUrl
from lamplighter_contracts.tools import ToolPattern

Pattern = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.*@:-]+$", max_length=200)]
"""A name; `*` stands for any part of it."""
Period = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
"""A time of the week, as a blackout is written: `fri 18:00 - mon 06:00`."""
RuleName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
REGO_LIMIT = 65_536


class PolicyAction(StrEnum):
    """What is asked: to save a job (the answer warns), to begin an execution, to call a tool (both bind)."""

    SAVE = "job.save"
    START = "execution.start"
    TOOL = "tool.call"


class Effect(StrEnum):
    """From the weakest to the strongest: of several that apply, the strongest decides."""

    ALLOW = "allow"
    APPROVAL = "require_approval"
    DENY = "deny"


class Attachment(Model):
    """What a policy governs: things of its own project. `project` is all of them; `everything` is all of every
    project, and only for who reaches every project."""

    kind: Literal["everything", "project", "environment", "team", "agent", "job"]
    id: Pattern = "default"


class Conditions(Model):
    """All that are given must hold. An empty list is a condition that is not given."""

    actions: tuple[PolicyAction, ...] = ()
    jobs: tuple[Pattern, ...] = ()
    agents: tuple[Pattern, ...] = ()
    teams: tuple[Pattern, ...] = ()
    environments: tuple[Pattern, ...] = ()
    runners: tuple[Pattern, ...] = ()
    triggers: tuple[TriggerKind, ...] = ()
    trust: Trust | None = None
    actors: tuple[Pattern, ...] = ()
    """Who made the job or started it: token ids."""
    tools: tuple[ToolPattern, ...] = ()
    """Of a call: its tool. Of a start: any of the tools that the executor has."""
    during: tuple[Period, ...] = ()
    outside: tuple[Period, ...] = ()
    timezone: str = "UTC"
    cost_over: float | None = Field(default=None, ge=0)
    """US dollars that the execution has used so far, or may use where it has not begun."""
    tokens_over: int | None = Field(default=None, ge=0)
    arguments: dict[str, Annotated[str, StringConstraints(max_length=500)]] = Field(default_factory=dict)
    """Of a call: an argument by name, and text that it contains."""


class Constraints(Model):
    """What is allowed, and less of it."""

    remove_tools: tuple[ToolPattern, ...] = ()
    max_seconds: int | None = Field(default=None, ge=1)
    max_tokens: int | None = Field(default=None, ge=1)
    max_cost: float | None = Field(default=None, gt=0)
    max_tool_calls: int | None = Field(default=None, ge=0)
    hide_secrets: tuple[Pattern, ...] = ()
    """Secrets that the run is not given."""


class Rule(Model):
    """Where its conditions hold, its effect and its constraints apply."""

    name: RuleName
    when: Conditions = Conditions()
    then: Effect = Effect.ALLOW
    message: Annotated[str, StringConstraints(max_length=500)] = ""
    """For people: why."""
    constraints: Constraints = Constraints()


class BuiltInRules(Model):
    """Every rule whose conditions hold applies. Where none does, all is allowed."""

    kind: Literal["rules"] = "rules"
    rules: tuple[Rule, ...] = Field(min_length=1, max_length=200)


class Rego(Model):
    """A module in Rego, evaluated in the process. Its document at `query` is a `Verdict`'s `deny`, `require_approval`
    (each a set of sentences), `allow` (false denies) and `constraints`."""

    kind: Literal["rego"] = "rego"
    module: Annotated[str, StringConstraints(min_length=1, max_length=REGO_LIMIT)]
    data: dict[str, JsonValue] = Field(default_factory=dict)
    query: Annotated[str, StringConstraints(pattern=r"^data(\.[A-Za-z_][A-Za-z0-9_]*)+$", max_length=200)] = (
        "data.lamplighter"
    )


class Opa(Model):
    """A server of Open Policy Agent, asked over its data API. Its answer has the same shape as `Rego`'s."""

    kind: Literal["opa"] = "opa"
    url: HttpUrl
    """Of the document: `https://opa.internal:8181/v1/data/lamplighter`."""
    token: EnvName | None = None
    """The name of a secret of the environment of the policy's project's own name, sent as a bearer token."""
    timeout_seconds: float = Field(default=2, gt=0, le=30)


Engine = Annotated[BuiltInRules | Rego | Opa, Field(discriminator="kind")]


class PolicySpec(Model):
    name: Name
    project: Slug = DEFAULT_PROJECT
    description: Description = ""
    attach: tuple[Attachment, ...] = Field(
        default=(Attachment(kind="project"),), min_length=1, max_length=200
    )
    engine: Engine
    dry_run: bool = False
    """What it would have denied is recorded, and nothing is denied."""
    active: bool = True


class Policy(PolicySpec):
    policy_id: Slug
    created_at: Instant
    updated_at: Instant
    revision: int = 0


class JobFacts(Model):
    job_id: str
    project: str = DEFAULT_PROJECT
    name: str
    revision: int = 0
    prompt: str
    """As the executor is asked; for a save, as it is written."""
    created_by: str = ""


class TriggerFacts(Model):
    kind: TriggerKind | None = None
    """None while a job is being saved."""
    trust: Trust = Trust.INTERNAL
    triggered_by: str = ""
    provider: str = ""
    event: str = ""


class ExecutorFacts(Model):
    kind: Literal["agent", "team", "smart"]
    agent_id: str = ""
    """Of a call: the agent that calls. Of a start: the agent, or the leader or first member of a team."""
    team_id: str = ""
    members: tuple[str, ...] = ()
    runners: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()


class EnvironmentFacts(Model):
    environment_id: str
    queue: str = ""
    ready: bool | None = None


class ToolFacts(Model):
    name: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    has_effect: bool = True


class UsageFacts(Model):
    """Used so far, and the bounds; None is no bound."""

    tokens: int = 0
    cost: float = 0
    tool_calls: int = 0
    seconds: float = 0
    max_tokens: int | None = None
    max_cost: float | None = None


class PolicyInput(Model):
    """The one document that every policy judges. Its JSON Schema is published."""

    version: Literal["lamplighter.policy.v1"] = "lamplighter.policy.v1"
    action: PolicyAction
    at: Instant
    at_ns: int
    """The same as nanoseconds since 1970, which Rego's `time` functions take."""
    job: JobFacts
    trigger: TriggerFacts = TriggerFacts()
    executor: ExecutorFacts
    environment: EnvironmentFacts
    tool: ToolFacts | None = None
    usage: UsageFacts = UsageFacts()
    execution_id: str = ""
    attempt: int = 0


class Applied(Model):
    """One rule that had a say."""

    policy_id: str
    revision: int = 0
    rule: str = ""
    effect: Effect
    message: str = ""
    dry_run: bool = False


class Verdict(Model):
    """What all policies that apply decide together. The strongest effect wins; of limits the lowest."""

    effect: Effect = Effect.ALLOW
    applied: tuple[Applied, ...] = ()
    constraints: Constraints = Constraints()
    failed: bool = False
    """A policy could not be asked: it is denied, and worth another try."""
    policy_hash: str = ""
    """Over the ids, revisions and contents of all policies that were asked; empty where there were none."""
    took_us: int = 0

    @property
    def reason(self) -> str:
        """The sentences of those rules that made the effect what it is."""
        said = [a.message or f"the rule {a.rule!r} of {a.policy_id!r}" for a in self.binding]
        return "; ".join(dict.fromkeys(said))

    @property
    def binding(self) -> tuple[Applied, ...]:
        return tuple(a for a in self.applied if a.effect is self.effect and not a.dry_run)
