"""Hard facts: what removes an agent, in which order, and how busy those are that are left."""

from typing import Any

import pytest

from lamplighter_choosing import Contender, Wish, contenders
from lamplighter_contracts.agents import Agent
from lamplighter_contracts.choices import Filter
from lamplighter_contracts.environments import UrlCheck
from tests.unit.choosing.given import agent, environment, limited, not_ready, program, worker

CHECK = UrlCheck(url="http://example.org/")
HOME = environment("home", check=CHECK, revision=7)


def one(of: Agent, wish: Wish | None = None, **known: Any) -> Contender:
    around: dict[str, Any] = {"environments": {}, "readiness": {}, "workers": [worker()]} | known
    (found,) = contenders(
        [of], around["environments"], around["readiness"], around["workers"], wish or Wish("x")
    )
    return found


def test_where_nothing_speaks_against_it_an_agent_stays() -> None:
    assert one(agent("a")).removed_by is None


@pytest.mark.parametrize(
    ("of", "wish", "known", "by", "detail"),
    [
        (agent("a", active=False), Wish("x"), {}, Filter.INACTIVE, "is not active"),
        (agent("a", "", "sql"), Wish("x", ("helm",)), {}, Filter.CAPABILITY, "lacks the capability 'helm'"),
        (
            agent("a"),
            Wish("x", ("helm", "sql")),
            {},
            Filter.CAPABILITY,
            "lacks the capabilities 'helm', 'sql'",
        ),
        (
            agent("a", environment="lab"),
            Wish("x", environment="prod"),
            {"environments": {"lab": environment("lab")}},
            Filter.ENVIRONMENT,
            "works in 'lab', and the job asks for 'prod'",
        ),
        (
            agent("a", environment="lab"),
            Wish("x"),
            {},
            Filter.ENVIRONMENT,
            "works in 'lab', which does not exist",
        ),
        (
            agent("a", environment="home"),
            Wish("x"),
            {"environments": {"home": HOME}, "readiness": {"home": not_ready(HOME, "No disk.")}},
            Filter.ENVIRONMENT,
            "works in 'home', which is not ready: No disk",
        ),
        (
            agent("a", environment="lab"),
            Wish("x"),
            {"environments": {"lab": environment("lab", "far")}},
            Filter.QUEUE,
            "works on the queue 'far', which no worker serves now",
        ),
        (
            agent("a"),
            Wish("x"),
            {"workers": [worker(draining=True)]},
            Filter.QUEUE,
            "works on the queue 'default', which no worker serves now",
        ),
        (
            agent("a", runner=program()),
            Wish("x"),
            {"workers": [worker(runners=("noop",))]},
            Filter.RUNNER,
            "needs the runner 'command', which no worker of the queue 'default' has",
        ),
    ],
)
def test_what_removes_an_agent(of: Agent, wish: Wish, known: dict[str, Any], by: Filter, detail: str) -> None:
    found = one(of, wish, **known)

    assert (found.removed_by, found.detail) == (by, detail)


def test_the_first_fact_counts() -> None:
    bad = agent("a", active=False, environment="gone")

    assert one(bad, Wish("x", ("sql",))).removed_by is Filter.INACTIVE
    assert one(agent("a", environment="gone"), Wish("x", ("sql",))).removed_by is Filter.CAPABILITY


def test_capabilities_are_the_same_in_any_case() -> None:
    assert one(agent("a", "", "SQL"), Wish("x", ("sql",))).removed_by is None


@pytest.mark.parametrize(
    "known",
    [
        {},
        {"readiness": {"home": not_ready(HOME, revision=6)}},
        {
            "environments": {"home": HOME.model_copy(update={"check": None})},
            "readiness": {"home": not_ready(HOME)},
        },
    ],
)
def test_what_is_not_known_of_an_environment_as_it_is_now_removes_nobody(known: dict[str, Any]) -> None:
    around: dict[str, Any] = {"environments": {"home": HOME}, "readiness": {}} | known

    assert one(agent("a", environment="home"), **around).removed_by is None


def test_where_no_worker_is_heard_of_queues_and_runners_are_not_known() -> None:
    assert one(agent("a"), workers=[]).removed_by is None


def test_the_default_environment_is_there_without_a_word_about_it() -> None:
    assert one(agent("a"), environments={}).removed_by is None


def test_the_fallback_is_asked_for_its_place_before_its_capabilities() -> None:
    wish = Wish("x", ("sql",), fallback="a")

    assert one(agent("a"), wish).removed_by is Filter.CAPABILITY
    assert one(agent("a", environment="gone"), wish).removed_by is Filter.ENVIRONMENT


@pytest.mark.parametrize(
    ("of", "workers", "load"),
    [
        (agent("a"), [worker()], 0),
        (agent("a"), [worker(running=5)], 0.5),
        (agent("a"), [worker(running=5, waiting=5)], 1),
        (agent("a"), [worker("v", running=10), worker("w")], 0.5),
        (agent("a", limits=limited(4)), [worker(running=3, agents={"a": 3})], 0.75),
        (agent("a", limits=limited(4)), [worker(agents={"a": 2}), worker("v", "far", agents={"a": 2})], 1),
        (agent("a", limits=limited(2)), [worker(agents={"a": 9})], 1),
        (agent("a"), [], 0),
    ],
)
def test_how_busy_an_agent_is(of: Agent, workers: list[Any], load: float) -> None:
    assert one(of, workers=workers).load == pytest.approx(load)


def test_a_policy_removes_only_what_is_still_there() -> None:
    denied = Contender(agent("a")).without(Filter.POLICY, "is kept from it")

    assert (denied.removed_by, denied.detail) == (Filter.POLICY, "is kept from it")
    assert denied.without(Filter.TRUST, "other") == denied
