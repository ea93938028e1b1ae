"""Which of the things that people name a list has, and in which orders."""

from collections.abc import Callable

from lamplighter_contracts.agents import Agent, Team
from lamplighter_contracts.calendars import Calendar
from lamplighter_contracts.environments import Environment
from lamplighter_contracts.policies import Policy
from lamplighter_gateway.named.things import Thing
from lamplighter_gateway.web.lists import By, Sorts, milliseconds, named, sorts
from lamplighter_gateway.web.parameters import Parameters

Test = Callable[[Thing], bool]

SOURCES = ("list", "ics")


def sorts_of(id_field: str) -> Sorts:
    return sorts(
        By("id", lambda thing: getattr(thing, id_field)),
        By("name", named),
        By("created_at", milliseconds("created_at"), int),
        By("updated_at", milliseconds("updated_at"), int),
    )


def read_filters(kind: type[Thing], query: Parameters) -> Test:
    """Whether a thing is among them; what a list of its kind does not ask for is passed over."""
    project, name = query.text("project"), query.text("name")
    tests: list[Test] = []
    if project is not None:
        tests.append(lambda thing: thing.project == project)
    if name is not None:
        tests.append(lambda thing: name.casefold() in thing.name.casefold())
    tests += _OWN[kind](query)
    return lambda thing: all(test(thing) for test in tests)


def _of_agents(query: Parameters) -> list[Test]:
    environment, runner = query.text("environment"), query.text("runner")
    capability, active = query.text("capability"), query.flag("active")

    def test(thing: Thing) -> bool:
        assert isinstance(thing, Agent)
        return (
            environment in (None, thing.environment)
            and runner in (None, thing.runner.kind)
            and (capability is None or capability in thing.capabilities)
            and active in (None, thing.active)
        )

    return [test]


def _of_teams(query: Parameters) -> list[Test]:
    environment, agent = query.text("environment"), query.text("agent_id")
    active = query.flag("active")

    def test(thing: Thing) -> bool:
        assert isinstance(thing, Team)
        return (
            environment in (None, thing.environment)
            and (agent is None or agent in thing.everyone)
            and active in (None, thing.active)
        )

    return [test]


def _of_environments(query: Parameters) -> list[Test]:
    queue = query.text("queue")

    def test(thing: Thing) -> bool:
        assert isinstance(thing, Environment)
        return queue in (None, thing.queue)

    return [test]


def _of_calendars(query: Parameters) -> list[Test]:
    source = query.word("source", SOURCES)

    def test(thing: Thing) -> bool:
        assert isinstance(thing, Calendar)
        return source in (None, thing.source)

    return [test]


def _of_policies(query: Parameters) -> list[Test]:
    active, dry_run = query.flag("active"), query.flag("dry_run")

    def test(thing: Thing) -> bool:
        assert isinstance(thing, Policy)
        return active in (None, thing.active) and dry_run in (None, thing.dry_run)

    return [test]


_OWN: dict[type[Thing], Callable[[Parameters], list[Test]]] = {
    Agent: _of_agents,
    Team: _of_teams,
    Environment: _of_environments,
    Calendar: _of_calendars,
    Policy: _of_policies,
}
