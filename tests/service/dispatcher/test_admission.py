"""Whether an execution may begin, asked of a real catalog: who does it, policies, readiness, secrets, another queue."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from nats.aio.client import Client
from pydantic import BaseModel

from lamplighter_contracts import subjects
from lamplighter_contracts.agents import Agent, Team
from lamplighter_contracts.choices import Choice
from lamplighter_contracts.environments import CommandCheck, Environment, Readiness, SealedSecret
from lamplighter_contracts.events import Firing, JobDue, TriggerKind, Trust
from lamplighter_contracts.jobs import AgentExecutor, Executor, SmartExecutor, TeamExecutor
from lamplighter_contracts.policies import (
    BuiltInRules,
    Conditions,
    Constraints,
    Effect,
    Opa,
    Policy,
    Rule,
    ToolFacts,
    UsageFacts,
)
from lamplighter_contracts.runners import CommandRunner, LlmRunner, NoopRunner
from lamplighter_contracts.tools import HttpTool, ShellTool, Tools
from lamplighter_dispatcher.admission.admitting import (
    Admission,
    Admittance,
    Admitted,
    Blocked,
    Forward,
    Later,
    NeedsApproval,
)
from lamplighter_dispatcher.admission.directory import Directory
from lamplighter_dispatcher.admission.equipment import Equipment
from lamplighter_dispatcher.admission.plans import Plan
from lamplighter_runtime.messages import BusUnavailable
from lamplighter_runtime.sealed import WrongKeys, check_keys
from lamplighter_runtime.tasks import end
from lamplighter_vault import KeyRing, new_key
from tests.support import happenings
from tests.support.waiting import heard

NOW = datetime.now(UTC)
TIMES: dict[str, Any] = {"created_at": NOW, "updated_at": NOW}
RING = KeyRing.parse(new_key())
WRITER, SMART = AgentExecutor(agent_id="writer"), SmartExecutor()
SECONDS = 20


@dataclass
class House:
    """A dispatcher's admission, and the catalog around it."""

    bus: Client
    ready: bool = True
    checked: list[str] = field(default_factory=list)
    answer: str | None = None
    asked: list[str] = field(default_factory=list)

    async def open(self) -> None:
        self.directory = Directory(self.bus)
        self.following = asyncio.create_task(self.directory.follow())
        equipment = Equipment({"noop", "command", "llm"}, sandbox=False)
        self.admission = Admission(
            self.bus, self.directory, RING, equipment, self, chooser="chooser", ask=self.ask
        )

    async def close(self) -> None:
        await self.admission.close()
        await end([self.following])

    async def check_now(self, environment: Environment) -> Readiness:
        self.checked.append(environment.environment_id)
        return readiness(environment.environment_id, environment.revision, ready=self.ready)

    async def ask(self, agent: Agent, prompt: str) -> str | None:
        self.asked.append(prompt)
        return self.answer

    async def put(self, kind: str, object_id: str, item: BaseModel) -> int:
        stored = await self.bus.jetstream().publish(
            subjects.catalog(kind, object_id), item.model_dump_json().encode()
        )
        return stored.seq

    async def agent(self, agent_id: str = "writer", **changes: Any) -> None:
        fields: dict[str, Any] = {"runner": NoopRunner()} | changes
        await self.put("agents", agent_id, Agent(agent_id=agent_id, name=agent_id, **fields, **TIMES))

    async def environment(self, environment_id: str, **changes: Any) -> int:
        item = Environment(environment_id=environment_id, name=environment_id, **changes, **TIMES)
        return await self.put("environments", environment_id, item)

    async def secret(self, name: str, value: str, environment_id: str = "default") -> None:
        sealed = RING.seal(environment_id, name, value)
        item = SealedSecret(environment_id=environment_id, name=name, sealed=sealed, **TIMES)
        await self.put("secrets", f"{environment_id}.{name}", item)

    async def policy(self, effect: Effect = Effect.ALLOW, policy_id: str = "rule", **rule: Any) -> None:
        dry_run = rule.pop("dry_run", False)
        engine = rule.pop("engine", None) or BuiltInRules(
            rules=(Rule(name="r", then=effect, message="not so", **rule),)
        )
        item = Policy(policy_id=policy_id, name="p", engine=engine, dry_run=dry_run, **TIMES)
        await self.put("policies", policy_id, item)

    async def say(self, said: Readiness) -> None:
        subject = subjects.readiness(said.environment_id)
        await self.bus.jetstream().publish(subject, said.model_dump_json().encode())

    async def admit(self, due: JobDue, deliveries: int = 1) -> Admittance:
        async with asyncio.timeout(SECONDS):
            return await self.admission.admit(due, await self.admission.prepare([due]), deliveries)

    async def plan(self, due: JobDue) -> Plan:
        admitted = await self.admit(due)
        assert isinstance(admitted, Admitted), admitted
        return admitted.plan

    async def blocked(self, due: JobDue, deliveries: int = 1) -> Blocked:
        found = await self.admit(due, deliveries)
        assert isinstance(found, Blocked), found
        return found


def readiness(environment_id: str, revision: int, *, ready: bool = True, ago: float = 0) -> Readiness:
    return Readiness(
        environment_id=environment_id,
        revision=revision,
        ready=ready,
        reason="" if ready else "the database is away",
        checked_at=datetime.now(UTC) - timedelta(seconds=ago),
        worker="w",
    )


def due(executor: Executor = WRITER, *, kind: TriggerKind = TriggerKind.SCHEDULE, **job: Any) -> JobDue:
    made = happenings.due(executor=executor)
    firing = Firing.model_validate({**made.firing.model_dump(exclude={"trust"}), "kind": kind})
    return made.model_copy(update={"firing": firing, "job": made.job.model_copy(update=job)})


@pytest.fixture
async def house(bus: Client) -> AsyncIterator[House]:
    house = House(bus)
    await house.open()
    await house.agent()
    yield house
    await house.close()


async def test_a_plain_agent_is_admitted(house: House) -> None:
    admitted = await house.admit(due())
    assert isinstance(admitted, Admitted)
    assert admitted.plan.agent is not None
    assert (admitted.plan.agent.agent_id, admitted.plan.verdict, admitted.due) == ("writer", None, due())


async def test_what_was_saved_a_moment_ago_binds(house: House) -> None:
    """Also what the directory has not heard of yet: agents, teams, environments and policies, time after time."""
    for number in range(30):
        await house.agent("writer", active=number % 2 == 0)
        effect = Effect.DENY if number % 4 == 0 else Effect.ALLOW
        await house.policy(effect)
        found = await house.admit(due())
        if number % 2:
            assert isinstance(found, Blocked)
            assert found.why.detail == "The agent 'writer' is not active."
        else:
            assert isinstance(found, Blocked if effect is Effect.DENY else Admitted), number


async def test_a_batch_of_plain_agents_costs_two_questions_asked_at_once(house: House, bus: Client) -> None:
    await house.agent("reader")
    dues = [due(AgentExecutor(agent_id=agent_id)) for agent_id in ("writer", "reader")] * 50
    await house.admission.prepare(dues)
    before = bus.stats["out_msgs"]
    catalog = await house.admission.prepare(dues)
    found = [await house.admission.admit(one, catalog) for one in dues]
    # The catalog, and what is the newest of policies.
    assert bus.stats["out_msgs"] - before == 2
    assert all(isinstance(one, Admitted) for one in found)


async def test_a_policy_binds_that_the_directory_has_yet_to_hear_of(house: House, bus: Client) -> None:
    """With its key, too, where it asks a server."""
    await house.admit(due())
    await end([house.following])
    await house.secret("TOKEN", "hush-hush")
    await house.policy(Effect.DENY)
    await house.policy(policy_id="far", engine=Opa(url="http://127.0.0.1:9/v1/data/x", token="TOKEN"))
    async with asyncio.timeout(SECONDS):
        preparing = asyncio.create_task(house.admission.prepare([due()]))
        # As long as all that can be read without news takes.
        for _ in range(20):
            await heard(bus)
        early = preparing.done()
        house.following = asyncio.create_task(house.directory.follow())
        catalog = await preparing
    assert not early
    assert ("default", "TOKEN") in catalog.secrets
    assert {policy.policy_id for policy in house.directory.policies} == {"rule", "far"}


async def test_without_news_nothing_is_admitted(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamplighter_dispatcher.admission.directory.FENCE_SECONDS", 0.2)
    plan = await house.plan(due())
    await end([house.following])
    await house.policy(Effect.DENY)
    with pytest.raises(BusUnavailable):
        await house.admit(due())
    assert plan.judge is not None
    refused = await plan.judge(ToolFacts(name="shell"), UsageFacts(), "writer")
    assert (refused.effect, refused.failed) == (Effect.DENY, True)


async def test_a_team_and_the_secrets_of_its_members_are_read_though_nobody_was_heard_of(
    house: House,
) -> None:
    await house.secret("TOKEN", "hush-hush")
    await house.agent("reader", secrets=("TOKEN",))
    team = Team(team_id="crew", name="crew", members=("writer", "reader"), **TIMES)
    await house.put("teams", "crew", team)
    plan = await house.plan(due(TeamExecutor(team_id="crew")))
    assert [agent.agent_id for agent in plan.members] == ["writer", "reader"]
    assert plan.secrets == {"TOKEN": "hush-hush"}


# Secrets


async def test_secrets_of_job_agent_and_runner_are_opened(house: House) -> None:
    await house.environment("closed")
    for name in ("MINE", "OWN", "KEY"):
        await house.secret(name, f"value of {name}", "closed")
    await house.agent(runner=LlmRunner(model="m", api_key="KEY"), secrets=("OWN",))
    plan = await house.plan(due(environment="closed", secrets=("MINE",)))
    assert plan.secrets == {name: f"value of {name}" for name in ("MINE", "OWN", "KEY")}
    assert plan.variables(plan.members[0]) == {"MINE": "value of MINE", "OWN": "value of OWN"}


async def test_a_secret_that_is_not_there_blocks(house: House) -> None:
    await house.secret("KEY", "of another environment", "closed")
    await house.agent(runner=LlmRunner(model="m", api_key="KEY"))
    found = await house.blocked(due())
    assert found.why.reason == "secret"
    assert found.why.detail == (
        "The runner of the agent 'writer' asks for the secret 'KEY', which the environment 'default' does not have."
    )


async def test_a_secret_moved_to_another_place_does_not_open(house: House) -> None:
    item = SealedSecret(
        environment_id="default", name="KEY", sealed=RING.seal("closed", "KEY", "value"), **TIMES
    )
    await house.put("secrets", "default.KEY", item)
    found = await house.blocked(due(secrets=("KEY",)))
    assert found.why.reason == "secret"
    assert "cannot be opened" in found.why.detail


async def test_a_dispatcher_knows_whether_its_keys_are_the_right_ones(house: House, bus: Client) -> None:
    await check_keys(bus, RING)
    await house.secret("KEY", "value")
    await check_keys(bus, RING)
    with pytest.raises(WrongKeys, match="is another one than the secret 'KEY'"):
        await check_keys(bus, KeyRing.parse(new_key()))
    with pytest.raises(WrongKeys, match="lacks the key 'k1'"):
        await check_keys(bus, KeyRing.parse(new_key("k9")))


# Environments


async def test_an_environment_that_is_not_there_blocks(house: House) -> None:
    found = await house.blocked(due(environment="gone"))
    assert (found.why.reason, found.why.detail) == ("environment", "The environment 'gone' does not exist.")


CHECK = CommandCheck(command=("true",), every_seconds=60, timeout_seconds=5)


@pytest.mark.parametrize(
    ("said", "found", "checks"),
    [
        (partial(readiness, "e", 0), True, 0),
        (partial(readiness, "e", 0, ready=False), False, 0),
        (partial(readiness, "e", 0, ago=600), True, 1),
        (partial(readiness, "e", 0, ready=False, ago=600), True, 1),
        (partial(readiness, "e", -1), True, 1),
        (None, True, 1),
    ],
)
async def test_a_check_is_believed_while_it_is_young_and_of_this_revision(
    house: House, said: Callable[[], Readiness] | None, found: bool, checks: int
) -> None:
    revision = await house.environment("e", check=CHECK)
    if said is not None:
        # Said now, however long ago this test was collected.
        heard = said()
        await house.say(heard.model_copy(update={"revision": revision + heard.revision}))
    admitted = await house.admit(due(environment="e"))
    assert isinstance(admitted, Admitted) is found
    assert len(house.checked) == checks
    if isinstance(admitted, Blocked):
        assert admitted.why.reason == "environment"
        assert "is not ready: the database is away" in admitted.why.detail


async def test_of_many_that_want_the_same_check_one_makes_it(house: House) -> None:
    await house.environment("e", check=CHECK)
    house.ready = False
    one = due(environment="e")
    catalog = await house.admission.prepare([one])
    found = await asyncio.gather(*(house.admission.admit(one, catalog) for _ in range(20)))
    assert all(isinstance(each, Blocked) for each in found)
    assert house.checked == ["e"]


async def test_a_sandbox_that_is_required_and_not_there_blocks(house: House) -> None:
    await house.agent(runner=CommandRunner(command=("true",), sandbox="required"))
    assert (await house.blocked(due())).why.reason == "sandbox"


# Policies


async def test_a_denial_blocks_with_its_sentence(house: House) -> None:
    await house.policy(Effect.DENY, when=Conditions(trust=Trust.EXTERNAL))
    assert isinstance(await house.admit(due()), Admitted)
    found = await house.blocked(due(kind=TriggerKind.WEBHOOK))
    assert (found.why.reason, found.why.detail) == ("policy", "A policy denies it: not so.")
    assert found.verdict is not None
    assert found.verdict.policy_hash


async def test_one_that_only_rehearses_denies_nothing(house: House) -> None:
    await house.policy(Effect.DENY, dry_run=True)
    plan = await house.plan(due())
    assert plan.verdict is not None
    assert [applied.dry_run for applied in plan.verdict.applied] == [True]


async def test_an_approval_is_asked_for_with_the_whole_plan(house: House) -> None:
    await house.policy(Effect.APPROVAL)
    found = await house.admit(due())
    assert isinstance(found, NeedsApproval)
    assert found.verdict.reason == "not so"


async def test_constraints_reach_limits_tools_and_secrets(house: House) -> None:
    await house.secret("OPEN", "open-open")
    tools = Tools(shell=ShellTool(programs=("ls",)), http=HttpTool(hosts=("x.org",)))
    await house.agent(tools=tools, secrets=("HIDDEN", "OPEN"))
    constraints = Constraints(remove_tools=("shell",), max_seconds=9, hide_secrets=("HID*",))
    await house.policy(constraints=constraints)
    plan = await house.plan(due())
    assert plan.limits.seconds == 9
    assert (plan.members[0].tools.shell, plan.members[0].tools.http) == (None, tools.http)
    assert plan.secrets == {"OPEN": "open-open"}
    assert plan.judge is not None
    assert (await plan.judge(ToolFacts(name="shell"), UsageFacts(), "writer")).effect is Effect.DENY
    assert (await plan.judge(ToolFacts(name="http"), UsageFacts(), "writer")).effect is Effect.ALLOW


async def test_a_policy_saved_while_it_runs_binds_its_next_call(house: House) -> None:
    plan = await house.plan(due())
    assert plan.judge is not None
    assert (await plan.judge(ToolFacts(name="shell"), UsageFacts(), "writer")).policy_hash == ""
    for effect in (Effect.DENY, Effect.ALLOW, Effect.APPROVAL):
        await house.policy(effect, when=Conditions(tools=("shell",)))
        assert (await plan.judge(ToolFacts(name="shell"), UsageFacts(), "writer")).effect is effect


@pytest.mark.parametrize(("deliveries", "seconds"), [(1, 1), (2, 5), (3, 25), (4, 60), (5, None), (9, None)])
async def test_a_policy_that_cannot_be_asked_is_tried_again_and_then_denies(
    house: House, deliveries: int, seconds: float | None
) -> None:
    await house.policy(engine=Opa(url="http://127.0.0.1:9/v1/data/x", timeout_seconds=0.5))
    found = await house.admit(due(), deliveries)
    if seconds is None:
        assert isinstance(found, Blocked)
        assert found.why.reason == "policy_error"
    else:
        assert isinstance(found, Later)
        assert found.seconds == seconds


async def test_a_policy_of_a_kind_that_is_not_known_here_denies(house: House, bus: Client) -> None:
    await bus.jetstream().publish(subjects.catalog("policies", "new"), b'{"engine": {"kind": "oracle"}}')
    assert isinstance(await house.admit(due()), Later)
    assert (await house.blocked(due(), 5)).why.detail == (
        "Nobody knows whether it is allowed, so it is not: this dispatcher is too old to read the policy 'new'."
    )
    await house.policy(policy_id="new")
    assert isinstance(await house.admit(due()), Admitted)


# Smart


async def two_trades(house: House) -> None:
    await house.agent(description="Writes reports and letters.", capabilities=("writing",))
    await house.agent("backup", description="Backs up databases.", capabilities=("databases",))


async def test_a_smart_job_is_given_to_whom_it_fits_and_to_one_made_a_moment_ago(house: House) -> None:
    await two_trades(house)
    admitted = await house.admit(due(SMART, prompt="Write the report"))
    assert isinstance(admitted, Admitted)
    assert admitted.plan.choice is not None
    assert admitted.plan.agent is not None
    assert (admitted.plan.agent.agent_id, admitted.plan.choice.how) == ("writer", "score")
    assert admitted.due.choice == admitted.plan.choice


async def test_one_that_was_chosen_before_is_not_chosen_again(house: House) -> None:
    await two_trades(house)
    choice = Choice(chosen="backup", how="score", reason="it fitted")
    given = due(SMART).model_copy(update={"choice": choice})
    plan = await house.plan(given)
    assert plan.agent is not None
    assert plan.agent.agent_id == "backup"


async def test_it_goes_on_to_the_queue_of_whom_it_was_given_to(house: House) -> None:
    await house.environment("inner", queue="closed")
    await house.agent(environment="inner")
    found = await house.admit(due(SMART, inherits_environment=True))
    assert isinstance(found, Forward)
    assert (found.due.job.queue, found.due.job.environment) == ("closed", "inner")
    assert found.due.choice is not None
    assert found.due.choice.chosen == "writer"
    assert isinstance(await house.admit(found.due), Admitted)


async def test_where_nobody_fits_it_is_blocked_with_all_candidates(house: House) -> None:
    found = await house.blocked(due(SmartExecutor(capabilities=("flying",))))
    assert found.why.reason == "needs_choice"
    assert found.choice is not None
    assert [one.agent_id for one in found.choice.candidates] == ["writer"]


@pytest.mark.parametrize(
    ("trust", "kind", "removed_by"),
    [
        (None, TriggerKind.SCHEDULE, "policy"),
        (None, TriggerKind.WEBHOOK, "policy"),
        (Trust.EXTERNAL, TriggerKind.WEBHOOK, "trust"),
    ],
)
async def test_policies_keep_some_from_being_chosen(
    house: House, trust: Trust | None, kind: TriggerKind, removed_by: str
) -> None:
    await two_trades(house)
    await house.policy(Effect.DENY, when=Conditions(agents=("writer",), trust=trust))
    found = await house.admit(due(SMART, kind=kind, prompt="Write the report"))
    choice = found.choice if isinstance(found, Blocked) else None
    choice = found.plan.choice if isinstance(found, Admitted) else choice
    assert choice is not None
    removed = {one.agent_id: one.removed_by for one in choice.candidates}
    assert removed == {"writer": removed_by, "backup": None}


@pytest.mark.parametrize(
    ("answer", "how"),
    [("backup: it knows", "model"), ("none", "nobody"), (None, "nobody"), ("chooser: me", "model")],
)
async def test_a_model_is_asked_where_the_score_leaves_it_open(
    house: House, answer: str | None, how: str
) -> None:
    await two_trades(house)
    await house.agent("chooser", runner=LlmRunner(model="m"))
    house.answer = answer
    found = await house.admit(due(SMART).model_copy(update={"prompt": "Sing"}))
    assert len(house.asked) == 1
    assert "Sing" in house.asked[0]
    if how == "model":
        assert isinstance(found, Admitted)
        assert found.plan.choice is not None
        assert found.plan.choice.how == "model"
    else:
        assert isinstance(found, Blocked)
        assert found.choice is not None
        assert found.choice.how == "nobody"
