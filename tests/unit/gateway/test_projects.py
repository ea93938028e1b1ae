"""What somebody sees who reaches one project of two, and what a thing of it may refer to."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from lamplighter_contracts.agents import Agent, Team
from lamplighter_contracts.calendars import Calendar, DaysEntry
from lamplighter_contracts.environments import DEFAULT_ENVIRONMENT, Environment, SealedSecret
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.policies import Policy
from lamplighter_contracts.problems import InvalidInput
from lamplighter_contracts.projects import EVERY_PROJECT
from lamplighter_contracts.tokens import Role, Token
from lamplighter_contracts.webhooks import WebhookReservation
from lamplighter_gateway.catalog.census import census
from lamplighter_gateway.catalog.contents import Catalog, Item, Key, Write, key_of, path_key, secret_key
from lamplighter_gateway.catalog.environments import all_environments, find_environment
from lamplighter_gateway.catalog.views import View, within
from lamplighter_gateway.jobs.bodies import read_timing
from lamplighter_gateway.jobs.cautions import Cautions, Situation
from lamplighter_gateway.jobs.changes import Jobs
from lamplighter_gateway.jobs.surroundings import surroundings
from lamplighter_gateway.named.calendars import CALENDARS
from lamplighter_gateway.named.environments import ENVIRONMENTS
from lamplighter_gateway.named.policies import POLICIES
from lamplighter_gateway.named.roster import AGENTS, TEAMS
from lamplighter_gateway.named.things import Named, Sort
from lamplighter_gateway.policing.questions import document_of
from lamplighter_gateway.web.problems import Problem

NOW = datetime(2026, 3, 2, tzinfo=UTC)
PROJECTS = ("shop", "payments")
RULES = {"kind": "rules", "rules": [{"name": "no", "then": "deny"}]}


def made(**fields: Any) -> dict[str, Any]:
    return {"created_at": NOW, "updated_at": NOW, "name": "Thing", **fields}


def things(project: str) -> list[tuple[Key, Item]]:
    """One of each noun, called `<project>-<noun>`."""
    agent = Agent(**made(agent_id=f"{project}-agent", project=project, runner={"kind": "noop"}))
    agent = agent.model_copy(update={"environment": project})
    team = Team(**made(team_id=f"{project}-team", project=project, members=(agent.agent_id,)))
    place = Environment(**made(environment_id=f"{project}-lab", project=project, queue=f"{project}-queue"))
    entries = (DaysEntry(first=NOW.date(), last=NOW.date()),)
    calendar = Calendar(**made(calendar_id=f"{project}-days", project=project, entries=entries))
    policy = Policy(**made(policy_id=f"{project}-policy", project=project, engine=RULES))
    executor = {"kind": "agent", "agent_id": agent.agent_id}
    triggers = [{"kind": "webhook", "path": f"/{project}"}]
    job = Job(
        **made(job_id=f"{project}-job", project=project, prompt="Go", executor=executor, scheduled_from=NOW),
        environment=project,
        triggers=triggers,
    )
    secrets = [
        SealedSecret(environment_id=name, name="TOKEN", sealed="-", created_at=NOW, updated_at=NOW)
        for name in (project, place.environment_id)
    ]
    token = Token(
        token_id=f"{project}-token",
        name="Token",
        role=Role.ADMIN,
        sha256="-",
        created_at=NOW,
        projects=(project,),
    )
    return [
        (key_of(Agent, agent.agent_id), agent),
        (key_of(Team, team.team_id), team),
        (key_of(Environment, place.environment_id), place),
        (key_of(Calendar, calendar.calendar_id), calendar),
        (key_of(Policy, policy.policy_id), policy),
        (key_of(Job, job.job_id), job),
        (key_of(Token, token.token_id), token),
        (path_key(f"/{project}"), WebhookReservation(path=f"/{project}", job_id=job.job_id)),
        *((secret_key(one.environment_id, one.name), one) for one in secrets),
    ]


@pytest.fixture
def catalog() -> Catalog:
    whole = Catalog()
    for project in PROJECTS:
        learn(whole, *things(project))
    return whole


def learn(catalog: Catalog, *items: tuple[Key, Item | None]) -> None:
    for key, item in items:
        catalog.learn(key, catalog.revision(key) + 1, item)


def apply(catalog: Catalog, writes: list[Write]) -> None:
    for write in writes:
        assert write.expected == catalog.revision(write.key)
        catalog.learn(write.key, write.expected + 1, write.item)


def seen(catalog: Catalog, projects: Iterable[str]) -> Catalog:
    """As somebody sees it who reaches these."""
    return catalog if EVERY_PROJECT in projects else View(catalog, projects)


def named(sort: Sort, catalog: Catalog, *projects: str) -> Named:
    return Named(sort, seen(catalog, projects or ("shop",)), NOW)


def jobs(catalog: Catalog, *projects: str) -> Jobs:
    return Jobs(seen(catalog, projects or ("shop",)), NOW, "me")


def wrong(error: pytest.ExceptionInfo[InvalidInput]) -> dict[str, str]:
    return {one.field: one.problem for one in error.value.errors}


def test_a_view_has_every_word_of_a_catalog() -> None:
    """One that it does not have would read all projects, or nothing."""
    said = {name for name in vars(Catalog) if not name.startswith("_")}
    assert said - vars(View).keys() == {"following"}


@pytest.mark.parametrize(("key", "item"), things("payments"), ids=lambda one: getattr(one, "kind", ""))
def test_what_is_out_of_reach_is_not_there(catalog: Catalog, key: Key, item: Item) -> None:
    view = seen(catalog, ["shop"])
    assert catalog.find(type(item), key.object_id) is not None
    assert view.find(type(item), key.object_id) is None
    ours = [view.find(type(one), k.object_id) for k, one in things("shop") if k.kind == key.kind]
    assert None not in ours
    assert view.all(type(item)) == ours
    walked = list(view.walk(type(item), "any", lambda one: "", None))
    assert len(walked) == len(ours)
    assert all(one in ours for one in walked)
    # A write follows what is there, seen or not.
    assert view.revision(key) == catalog.revision(key) == 1
    assert view.is_taken(key)


def test_a_view_hears_of_changes(catalog: Catalog) -> None:
    view = seen(catalog, ["shop"])
    apply(catalog, named(AGENTS, catalog).create("second", {"name": "Second", "runner": {"kind": "noop"}}))
    assert view.find(Agent, "second") is not None


def test_a_narrower_view_never_shows_more(catalog: Catalog) -> None:
    view = seen(catalog, ["shop"])
    assert within(view, "payments").all(Agent) == []
    assert len(within(view, "shop").all(Agent)) == 1
    assert len(within(catalog, "payments").all(Agent)) == 1


def test_a_token_is_seen_by_who_reaches_all_that_it_does(catalog: Catalog) -> None:
    both = Token(
        token_id="both", name="Both", role=Role.VIEWER, sha256="-", created_at=NOW, projects=PROJECTS
    )
    learn(catalog, (key_of(Token, "both"), both))
    assert seen(catalog, ["shop"]).find(Token, "both") is None
    assert seen(catalog, PROJECTS).find(Token, "both") is not None


AGENT = {"name": "New", "runner": {"kind": "noop"}}

REFERENCES: list[tuple[Sort, dict[str, Any], str, str]] = [
    (AGENTS, {**AGENT, "environment": "{}-lab"}, "environment", "environment '{}-lab', which does not exist"),
    (TEAMS, {"name": "New", "members": ["{}-agent"]}, "members.0", "agent '{}-agent', which does not exist"),
    (
        TEAMS,
        {"name": "New", "members": ["shop-agent"], "mode": "parallel", "merger": "{}-agent"},
        "merger",
        "agent '{}-agent', which does not exist",
    ),
    (
        TEAMS,
        {"name": "New", "members": ["shop-agent"], "environment": "{}-lab"},
        "environment",
        "environment '{}-lab', which does not exist",
    ),
    (
        ENVIRONMENTS,
        {"name": "New", "calendars": ["{}-days"]},
        "calendars",
        "calendar '{}-days', which does not exist",
    ),
    *(
        (
            POLICIES,
            {"name": "New", "engine": RULES, "attach": [{"kind": noun, "id": f"{{}}-{called}"}]},
            "attach.0.id",
            f"{noun} '{{}}-{called}', which does not exist",
        )
        for noun, called in (("agent", "agent"), ("team", "team"), ("environment", "lab"), ("job", "job"))
    ),
]


def filled(value: Any, project: str) -> Any:
    match value:
        case str():
            return value.format(project)
        case list():
            return [filled(one, project) for one in value]
        case dict():
            return {name: filled(one, project) for name, one in value.items()}
    return value


@pytest.mark.parametrize("reach", [("shop",), (EVERY_PROJECT,)], ids=["one", "all"])
@pytest.mark.parametrize(
    ("sort", "body", "field", "problem"), REFERENCES, ids=lambda one: one if isinstance(one, str) else ""
)
def test_a_thing_refers_to_its_own_project(
    catalog: Catalog, sort: Sort, body: dict[str, Any], field: str, problem: str, reach: tuple[str, ...]
) -> None:
    """Also one that somebody makes who reaches the other one too. It is told as of what does not exist."""
    body = {**body, "project": "shop"}
    assert named(sort, catalog, *reach).create("new", filled(body, "shop"))
    with pytest.raises(InvalidInput) as error:
        named(sort, catalog, *reach).create("new", filled(body, "payments"))
    assert problem.format("payments") in wrong(error)[field]
    # And what is suggested instead is of the project.
    assert "did you mean 'payments" not in wrong(error)[field]


JOB = {"name": "New", "prompt": "Go", "schedule": "0 9 * * *"}

OF_JOBS: list[tuple[dict[str, Any], str]] = [
    ({"agent_id": "{}-agent"}, "agent_id"),
    ({"team_id": "{}-team"}, "team_id"),
    ({"smart": True, "fallback_agent_id": "{}-agent"}, "fallback_agent_id"),
    ({"agent_id": "shop-agent", "environment": "{}-lab"}, "environment"),
    ({"agent_id": "shop-agent", "calendars": ["{}-days"]}, "calendars"),
    ({"planning_mode": "predefined_agent", "entity_id": "{}-agent"}, "entity_id"),
    ({"agent_id": "shop-agent", "environment_name": "{}-lab"}, "environment_name"),
]


@pytest.mark.parametrize("reach", [("shop",), (EVERY_PROJECT,)], ids=["one", "all"])
@pytest.mark.parametrize(("body", "field"), OF_JOBS, ids=lambda one: one if isinstance(one, str) else "")
def test_a_job_refers_to_its_own_project(
    catalog: Catalog, body: dict[str, Any], field: str, reach: tuple[str, ...]
) -> None:
    body = {**JOB, **body, "project": "shop"}
    assert jobs(catalog, *reach).create("new", filled(body, "shop"))
    with pytest.raises(InvalidInput) as error:
        jobs(catalog, *reach).create("new", filled(body, "payments"))
    assert "which does not exist" in wrong(error)[field]
    with pytest.raises(InvalidInput):
        jobs(catalog, *reach).change("shop-job", filled(body, "payments"))


def test_a_deleted_job_comes_back_only_to_its_own(catalog: Catalog) -> None:
    """Whatever has been written since, in whichever way."""
    apply(catalog, jobs(catalog).delete("shop-job"))
    foreign = catalog.find(Agent, "payments-agent")
    assert foreign is not None
    learn(catalog, (key_of(Agent, "shop-agent"), foreign.model_copy(update={"agent_id": "shop-agent"})))
    with pytest.raises(InvalidInput) as error:
        jobs(catalog, EVERY_PROJECT).restore("shop-job")
    assert "shop-agent" in wrong(error)["agent_id"]


@pytest.mark.parametrize(
    ("reach", "given", "project", "problem"),
    [
        (("shop",), {}, "shop", ""),
        (("shop",), {"project": "shop"}, "shop", ""),
        (("shop",), {"project": None}, "shop", ""),
        (("shop",), {"project": "payments"}, "", "names the project 'payments', which does not exist"),
        (("shop",), {"project": "shopp"}, "", "did you mean 'shop'?"),
        (("shop",), {"project": 7}, "", "must be text"),
        (PROJECTS, {}, "", "is missing: name one of payments, shop"),
        (PROJECTS, {"project": "payments"}, "payments", ""),
        (("shop", "default"), {}, "default", ""),
        ((EVERY_PROJECT,), {}, "default", ""),
        ((EVERY_PROJECT,), {"project": "brand-new"}, "brand-new", ""),
        ((EVERY_PROJECT,), {"project": "No Name"}, "", "must be small letters"),
    ],
)
def test_the_project_of_what_is_made(
    catalog: Catalog, reach: tuple[str, ...], given: dict[str, Any], project: str, problem: str
) -> None:
    makers: dict[str, Callable[[], list[Write]]] = {
        "agent": lambda: named(AGENTS, catalog, *reach).create("new", {**AGENT, **given}),
        "job": lambda: jobs(catalog, *reach).create("new", {**JOB, "smart": True, **given}),
    }
    for make in makers.values():
        if problem:
            with pytest.raises(InvalidInput) as error:
                make()
            assert problem in wrong(error)["project"]
        else:
            item = make()[-1].item
            assert isinstance(item, Agent | Job)
            # The environment of the project's own name goes without saying.
            assert (item.project, item.environment) == (project, project)


def test_a_project_is_never_changed(catalog: Catalog) -> None:
    both = (EVERY_PROJECT,)
    changes: dict[str, Callable[[str], list[Write]]] = {
        "agent": lambda project: named(AGENTS, catalog, *both).change("shop-agent", {"project": project}),
        "team": lambda project: named(TEAMS, catalog, *both).change("shop-team", {"project": project}),
        "calendar": lambda project: named(CALENDARS, catalog, *both).change(
            "shop-days", {"project": project}
        ),
        "environment": lambda project: named(ENVIRONMENTS, catalog, *both).change(
            "shop-lab", {"project": project}
        ),
        "policy": lambda project: named(POLICIES, catalog, *both).change("shop-policy", {"project": project}),
        "job": lambda project: jobs(catalog, *both).change("shop-job", {"project": project}),
    }
    for change in changes.values():
        item = change("shop")[-1].item
        assert isinstance(item, Agent | Team | Calendar | Environment | Policy | Job)
        assert item.project == "shop"
        with pytest.raises(InvalidInput) as error:
            change("payments")
        assert "cannot be changed: it is 'shop'" in wrong(error)["project"]


@pytest.mark.parametrize(
    ("sort", "name"), [(AGENTS, "payments-agent"), (TEAMS, "payments-team"), (POLICIES, "payments-policy")]
)
def test_another_projects_thing_is_no_thing(catalog: Catalog, sort: Sort, name: str) -> None:
    acts: list[Callable[[], object]] = [
        lambda: named(sort, catalog).find(name),
        lambda: named(sort, catalog).change(name, {"name": "Mine"}),
        lambda: named(sort, catalog).delete(name),
    ]
    for act in acts:
        with pytest.raises(Problem) as refused:
            act()
        there = str(refused.value).replace(name, "nobody")
        with pytest.raises(Problem) as of_nothing:
            named(sort, catalog).find("nobody")
        assert (refused.value.word, there) == (of_nothing.value.word, str(of_nothing.value))


def test_a_taken_id_says_no_more(catalog: Catalog) -> None:
    with pytest.raises(Problem) as refused:
        named(AGENTS, catalog).create("payments-agent", AGENT)
    assert (refused.value.word, str(refused.value)) == ("conflict", "The id 'payments-agent' is taken.")
    assert [(one.field, one.problem) for one in refused.value.errors] == [
        ("id", "is taken; choose another id")
    ]


def test_a_path_is_of_the_whole_installation(catalog: Catalog) -> None:
    body = {**JOB, "agent_id": "shop-agent", "webhook_path": "/payments"}
    with pytest.raises(Problem) as refused:
        jobs(catalog).create("new", body)
    assert refused.value.word == "webhook-path-taken"
    assert "payments-" not in str(refused.value)


# The environment of a project's own name.


def test_it_is_there_without_a_word(catalog: Catalog) -> None:
    view = seen(catalog, ["shop"])
    assert [one.environment_id for one in all_environments(view)] == ["shop", "shop-lab"]
    assert [one.environment_id for one in all_environments(catalog)] == [
        DEFAULT_ENVIRONMENT,
        "payments",
        "payments-lab",
        "shop",
        "shop-lab",
    ]
    assert find_environment("payments", view) is None
    assert find_environment("nobody", catalog) is None
    assert find_environment("default", view) is None
    with pytest.raises(Problem, match="always there"):
        named(ENVIRONMENTS, catalog).delete("shop")


def test_it_can_be_given_words_by_its_own_alone(catalog: Catalog) -> None:
    (write,) = named(ENVIRONMENTS, catalog).change("shop", {"concurrent": 3})
    assert isinstance(write.item, Environment)
    assert (write.item.project, write.item.concurrent, write.item.created_at) == ("shop", 3, NOW)
    for sort_name in ("payments", "default"):
        with pytest.raises(Problem) as refused:
            named(ENVIRONMENTS, catalog).create(sort_name, {"name": "Mine"})
        # It is promised to another project, and is never given away.
        assert str(refused.value) == f"The id {sort_name!r} is taken."


def test_a_name_that_another_project_had_first(catalog: Catalog) -> None:
    """As an environment of before there was a project of that name."""
    early = Environment(**made(environment_id="billing", project="shop"))
    learn(catalog, (key_of(Environment, "billing"), early))
    billing = seen(catalog, ["billing"])
    assert all_environments(billing) == []
    assert billing.find(SealedSecret, "billing.TOKEN") is None
    with pytest.raises(InvalidInput) as error:
        Jobs(billing, NOW, "me").create("new", {**JOB, "smart": True})
    assert "another project has made it; name another one" in wrong(error)["environment"]
    with pytest.raises(InvalidInput) as error:
        Named(AGENTS, billing, NOW).create("new", AGENT)
    assert "another project has made it" in wrong(error)["environment"]


def test_secrets_follow_their_environment(catalog: Catalog) -> None:
    for project in PROJECTS:
        view = seen(catalog, [project])
        assert {one.environment_id for one in view.all(SealedSecret)} == {project, f"{project}-lab"}


# What lies around.


def test_foreign_surroundings_are_none(catalog: Catalog) -> None:
    """Written straight into the catalog: no gateway would."""
    job = catalog.find(Job, "shop-job")
    assert job is not None
    exclusions = job.exclusions.model_copy(update={"calendars": ("shop-days", "payments-days")})
    stray = job.model_copy(update={"environment": "payments-lab", "exclusions": exclusions})
    around = surroundings(stray, catalog)
    assert (around.environment, set(around.calendars)) == (None, {"shop-days"})


def test_warnings_know_of_the_own_project_alone(catalog: Catalog) -> None:
    body = {**JOB, "smart": True, "capabilities": ["mail"]}
    job = jobs(catalog).create("new", body)[-1].item
    assert isinstance(job, Job)
    mailer = Agent(**made(agent_id="mailer", project="payments", runner={"kind": "noop"}))
    mailer = mailer.model_copy(update={"capabilities": ("mail",), "description": "Mail"})
    learn(catalog, (key_of(Agent, "mailer"), mailer))
    for view in (catalog, seen(catalog, ["shop"])):
        said = Cautions(view, Situation()).of_job(job)
        assert any("No agent with the capabilities mail" in one for one in said)


def test_a_preview_of_times_is_of_one_project(catalog: Catalog) -> None:
    view = seen(catalog, ["shop"])
    spec = read_timing({"schedule": "0 9 * * *", "calendars": ["shop-days"]}, view, NOW)
    assert (spec.project, spec.environment) == ("shop", "shop")
    with pytest.raises(InvalidInput) as error:
        read_timing({"schedule": "0 9 * * *", "calendars": ["payments-days"]}, view, NOW)
    assert wrong(error).keys() == {"calendars"}


# Policies.

EVERYTHING = {"name": "All", "engine": RULES, "attach": [{"kind": "everything"}]}


def test_only_who_reaches_all_governs_all(catalog: Catalog) -> None:
    with pytest.raises(InvalidInput) as error:
        named(POLICIES, catalog).create("all", EVERYTHING)
    assert "your token does not reach every project" in wrong(error)["attach"]
    apply(catalog, named(POLICIES, catalog, EVERY_PROJECT).create("all", {**EVERYTHING, "project": "shop"}))
    acts: list[Callable[[], object]] = [
        lambda: named(POLICIES, catalog).change("all", {"active": False}),
        lambda: named(POLICIES, catalog).change("all", {"attach": [{"kind": "project"}]}),
        lambda: named(POLICIES, catalog).delete("all"),
    ]
    for act in acts:
        with pytest.raises(Problem) as refused:
            act()
        assert refused.value.word == "forbidden"
    assert named(POLICIES, catalog).find("all")
    assert named(POLICIES, catalog, EVERY_PROJECT).change("all", {"active": False})


@pytest.mark.parametrize(
    ("given", "project", "field"),
    [
        ({"job_id": "shop-job"}, "shop", None),
        ({"agent_id": "shop-agent"}, "shop", None),
        ({"team_id": "shop-team", "tool": "shell"}, "shop", None),
        ({"environment": "shop-lab"}, "shop", None),
        ({"job_id": "payments-job"}, "", "input.job_id"),
        ({"job_id": "shop-job", "agent_id": "payments-agent"}, "", "input.agent_id"),
        ({"job_id": "shop-job", "environment": "payments-lab"}, "", "input.environment"),
        ({"project": "payments"}, "", "input.project"),
        ({"project": "shop"}, "shop", None),
        ({}, "shop", None),
    ],
)
def test_a_question_to_policies_is_about_one_project(
    catalog: Catalog, given: dict[str, Any], project: str, field: str | None
) -> None:
    view = seen(catalog, ["shop"])
    if field is None:
        assert document_of(given, view, NOW).job.project == project
        return
    with pytest.raises(InvalidInput) as error:
        document_of(given, view, NOW)
    assert wrong(error).keys() == {field}


@pytest.mark.parametrize(("said", "field"), [({}, None), ({"project": "payments"}, "input.job.project")])
def test_a_whole_document_is_of_a_project_that_is_reached(
    catalog: Catalog, said: dict[str, Any], field: str | None
) -> None:
    given = {
        "action": "job.save",
        "job": {"job_id": "x", "name": "x", "prompt": "x", **said},
        "executor": {"kind": "agent"},
        "environment": {"environment_id": "shop"},
    }
    view = seen(catalog, ["shop"])
    if field is None:
        assert document_of(given, view, NOW).job.project == "shop"
        return
    with pytest.raises(InvalidInput) as error:
        document_of(given, view, NOW)
    assert wrong(error).keys() == {field}


def test_a_census_counts_what_is_seen(catalog: Catalog) -> None:
    apply(catalog, jobs(catalog).delete("shop-job"))
    counts = census(seen(catalog, ["shop", "brand-new"]))
    each = {"agents": 1, "teams": 1, "environments": 2, "policies": 1, "calendars": 1}
    assert counts["shop"] == {"jobs": 0, **each}
    assert counts["brand-new"] == {noun: int(noun == "environments") for noun in ("jobs", *each)}
    assert census(catalog).keys() == {"default", *PROJECTS}


def test_a_project_is_there_while_something_is_in_it_or_names_it(catalog: Catalog) -> None:
    agent, token = key_of(Agent, "only"), key_of(Token, "key")
    apply(catalog, named(AGENTS, catalog, EVERY_PROJECT).create("only", {**AGENT, "project": "lab"}))
    learn(catalog, (token, things("lab")[6][1]))
    assert find_environment("lab", catalog) is not None
    learn(catalog, (agent, None))
    assert "lab" in catalog.projects
    learn(catalog, (token, None))
    assert "lab" not in catalog.projects
    assert find_environment("lab", catalog) is None
