"""Nothing of another project than the job's has a part in its plan, whatever the catalog says."""

from typing import Any

import pytest

from lamplighter_contracts.choices import Choice
from lamplighter_contracts.environments import Environment
from lamplighter_contracts.events import JobDue
from lamplighter_contracts.jobs import Executor, SmartExecutor
from lamplighter_dispatcher.admission.choosing import given_to
from lamplighter_dispatcher.admission.plans import Catalog, NoPlan, Plan, resolve
from tests.support import happenings
from tests.unit.dispatcher.test_plans import CREW, ONE, TIMES, agent, job, model, team


def of(project: str, thing: Any) -> Any:
    return thing.model_copy(update={"project": project})


def place(environment_id: str, project: str = "default", **fields: Any) -> Environment:
    return Environment(environment_id=environment_id, name="e", project=project, **fields, **TIMES)


FOREIGN, OWN = of("shop", agent("a")), of("pay", agent("a"))
CHOSEN = Choice(chosen="a", how="score", reason="")


@pytest.mark.parametrize(
    ("executor", "catalog", "reason", "words"),
    [
        (ONE, Catalog({"a": FOREIGN}), "agent", "The agent 'a' is not of the project 'pay', and the job is."),
        (ONE, Catalog({"a": agent("a")}), "agent", "The agent 'a' is not of the project 'pay'"),
        (SmartExecutor(), Catalog({"a": FOREIGN}), "agent", "The agent 'a' is not of the project 'pay'"),
        (
            CREW,
            Catalog({"a": OWN}, {"crew": team("a")}),
            "team",
            "The team 'crew' is not of the project 'pay'",
        ),
        (
            CREW,
            Catalog({"a": OWN, "b": of("shop", agent("b"))}, {"crew": of("pay", team("a", "b"))}),
            "agent",
            "The agent 'b' is not of the project 'pay', and the job is. It is a member of the team 'crew'.",
        ),
        (
            CREW,
            Catalog(
                {"a": OWN, "l": of("shop", model("l"))},
                {"crew": of("pay", team("a", mode="lead", leader="l"))},
            ),
            "agent",
            "The agent 'l' is not of the project 'pay'",
        ),
        (
            CREW,
            Catalog(
                {"a": OWN, "m": of("shop", agent("m"))},
                {"crew": of("pay", team("a", mode="parallel", merger="m"))},
            ),
            "agent",
            "The agent 'm' is not of the project 'pay'",
        ),
    ],
)
def test_somebody_elses_has_no_part(executor: Executor, catalog: Catalog, reason: str, words: str) -> None:
    choice = CHOSEN if isinstance(executor, SmartExecutor) else None
    plan = resolve(job(executor, project="pay", environment="pay"), catalog, choice)
    assert isinstance(plan, NoPlan)
    assert plan.reason == reason
    assert words in plan.detail


@pytest.mark.parametrize(
    ("environment", "environments", "words"),
    [
        ("pay", {}, ""),
        ("pay", {"pay": place("pay", "pay")}, ""),
        ("lab", {"lab": place("lab", "pay")}, ""),
        ("pay", {"pay": place("pay", "shop")}, "The environment 'pay' is not of the project 'pay'"),
        ("lab", {"lab": place("lab")}, "The environment 'lab' is not of the project 'pay'"),
        ("default", {}, "The environment 'default' does not exist."),
        ("pay", {"pay": None}, "The environment 'pay' is of a kind"),
    ],
)
def test_where_it_runs(environment: str, environments: dict[str, Environment | None], words: str) -> None:
    plan = resolve(job(ONE, project="pay", environment=environment), Catalog({"a": OWN}, {}, environments))
    if words:
        assert isinstance(plan, NoPlan)
        assert plan.reason == "environment"
        assert words in plan.detail
    else:
        assert isinstance(plan, Plan)
        assert (plan.environment.environment_id, plan.environment.project) == (environment, "pay")


def test_who_was_chosen_takes_the_job_to_its_own_place() -> None:
    """Which is there without a word, where the agent names none."""
    due: JobDue = happenings.due(executor=SmartExecutor())
    moved = due.job.model_copy(update={"project": "pay", "environment": "pay", "inherits_environment": True})
    due = due.model_copy(update={"job": moved})
    home = OWN.model_copy(update={"environment": "pay"})
    given = given_to(due, CHOSEN, Catalog({"a": home}))
    assert (given.job.environment, given.job.queue) == ("pay", "default")
    lab = Catalog({"a": home}, {}, {"pay": place("pay", "pay", queue="inner")})
    assert given_to(due, CHOSEN, lab).job.queue == "inner"
