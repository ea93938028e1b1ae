"""How many things there are in each project."""

from collections import Counter
from collections.abc import Iterable, Mapping

from lamplighter_contracts.agents import Agent, Team
from lamplighter_contracts.calendars import Calendar
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.policies import Policy
from lamplighter_gateway.catalog.contents import Catalog, Owned
from lamplighter_gateway.catalog.environments import all_environments


def census(catalog: Catalog) -> dict[str, dict[str, int]]:
    """By project, and by noun: `{"payments": {"jobs": 3, "agents": 1, ...}}`. A deleted job counts no more."""
    counts = {noun: Counter(thing.project for thing in things) for noun, things in _nouns(catalog).items()}
    return {
        project: {noun: count[project] for noun, count in counts.items()}
        for project in sorted(catalog.projects)
    }


def _nouns(catalog: Catalog) -> Mapping[str, Iterable[Owned]]:
    return {
        "jobs": [job for job in catalog.all(Job) if job.deleted_at is None],
        "agents": catalog.all(Agent),
        "teams": catalog.all(Team),
        "environments": all_environments(catalog),
        "policies": catalog.all(Policy),
        "calendars": catalog.all(Calendar),
    }
