"""What another project has is kept from a job by the dispatcher too: somebody may have written past the gateway."""

from typing import Any

import pytest

from lamplighter_contracts.agents import Team
from lamplighter_contracts.environments import DEFAULT_ENVIRONMENT
from lamplighter_contracts.jobs import TeamExecutor
from lamplighter_contracts.policies import Attachment, BuiltInRules, Effect, Opa, Policy, Rule
from lamplighter_dispatcher.admission.admitting import Admitted, Blocked
from tests.service.dispatcher.test_admission import SMART, TIMES, House, due, house
from tests.service.dispatcher.world import World

__all__ = ["house"]

OF_PAY: dict[str, Any] = {"project": "pay", "environment": "pay"}


async def policy(house: House, policy_id: str, project: str, kind: Any = "project", **fields: Any) -> None:
    engine = BuiltInRules(rules=(Rule(name="r", then=Effect.DENY, message=f"says {policy_id}"),))
    item = Policy(
        policy_id=policy_id,
        name="p",
        project=project,
        attach=(Attachment(kind=kind),),
        **{"engine": engine, **fields},
        **TIMES,
    )
    await house.put("policies", policy_id, item)


@pytest.mark.usefixtures("dispatcher")
async def test_an_agent_of_another_project_does_not_run(world: World) -> None:
    """Written straight into the catalog, where no gateway looked at it."""
    await world.python("thief", "print('took it')")
    await world.team("gang", "thief")
    for executor, reason in (("thief", "agent"), (TeamExecutor(team_id="gang"), "team")):
        execution = await world.fire(executor, **OF_PAY)
        final = await world.finished(execution)
        assert (final.outcome, final.reason, final.attempt) == ("blocked", reason, 0)
        assert "is not of the project 'pay', and the job is" in final.detail
        assert await world.texts(execution) == []


async def test_one_of_its_own_runs_in_the_environment_of_its_name(house: House) -> None:
    await house.agent("clerk", project="pay", environment="pay", secrets=("KEY",))
    await house.secret("KEY", "hush-hush", "pay")
    plan = await house.plan(due(executor_of("clerk"), **OF_PAY))
    assert (plan.environment.environment_id, plan.secrets) == ("pay", {"KEY": "hush-hush"})


async def test_secrets_of_another_projects_environment_stay_there(house: House) -> None:
    await house.agent("clerk", project="pay", secrets=("KEY",))
    await house.secret("KEY", "of all", DEFAULT_ENVIRONMENT)
    await house.secret("KEY", "of the shop", "lab")
    await house.environment("lab", project="shop")
    for environment in (DEFAULT_ENVIRONMENT, "lab"):
        found = await house.blocked(due(executor_of("clerk"), project="pay", environment=environment))
        assert found.why.reason == "environment"
    found = await house.blocked(due(executor_of("clerk"), **OF_PAY))
    assert found.why.reason == "secret"


async def test_a_member_of_another_project_blocks_the_team(house: House) -> None:
    await house.agent("clerk", project="pay")
    team = Team(team_id="crew", name="crew", project="pay", members=("clerk", "writer"), **TIMES)
    await house.put("teams", "crew", team)
    found = await house.blocked(due(TeamExecutor(team_id="crew"), **OF_PAY))
    assert found.why.reason == "agent"
    assert "member of the team 'crew'" in found.why.detail


async def test_a_smart_job_is_given_to_its_own(house: House) -> None:
    """However well the others would do it."""
    await house.agent("best", description="Writes reports.", capabilities=("writing",))
    await house.agent("clerk", project="pay", environment="pay", description="Files letters.")
    found = await house.admit(due(SMART, prompt="Write the report", inherits_environment=True, **OF_PAY))
    choice = found.choice if isinstance(found, Blocked) else None
    if isinstance(found, Admitted):
        choice = found.plan.choice
    assert choice is not None
    assert [one.agent_id for one in choice.candidates] == ["clerk"]


async def test_policies_govern_their_own_project_or_everything(house: House) -> None:
    await house.agent("clerk", project="pay", environment="pay")
    asked = due(executor_of("clerk"), **OF_PAY)
    await policy(house, "of-shop", "shop")
    assert isinstance(await house.admit(asked), Admitted)
    await policy(house, "of-all", "shop", "everything")
    assert (await house.blocked(asked)).why.detail == "A policy denies it: says of-all."
    await policy(house, "of-all", "shop", "everything", active=False)
    await policy(house, "of-pay", "pay")
    assert (await house.blocked(asked)).why.detail == "A policy denies it: says of-pay."


async def test_a_policy_has_the_secrets_of_its_own_environment(house: House) -> None:
    """Its server is anybody's who may write policies there."""
    engine = Opa(url="http://127.0.0.1:9/v1/data/x", token="TOKEN")
    await policy(house, "far", "pay", engine=engine)
    for environment in (DEFAULT_ENVIRONMENT, "pay", "shop"):
        await house.secret("TOKEN", f"of {environment}", environment)
    catalog = await house.admission.prepare([due()])
    assert [place for place in catalog.secrets if place[1] == "TOKEN"] == [("pay", "TOKEN")]
    await house.environment("pay", project="shop")
    await house.admission.prepare([due(SMART)])
    catalog = await house.admission.prepare([due()])
    assert [place for place in catalog.secrets if place[1] == "TOKEN"] == []


def executor_of(agent_id: str) -> Any:
    return due().job.executor.model_copy(update={"agent_id": agent_id})
