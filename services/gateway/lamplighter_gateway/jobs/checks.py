"""What is wrong with a job in view of the catalog and the clock, field by field."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from difflib import get_close_matches

from lamplighter_contracts.agents import Agent, Team
from lamplighter_contracts.calendars import Calendar
from lamplighter_contracts.problems import FieldError
from lamplighter_gateway.catalog.contents import Catalog
from lamplighter_gateway.catalog.environments import all_environments, find_environment
from lamplighter_gateway.jobs.timing_checks import check_times, check_wording
from lamplighter_gateway.jobs.wanted import Wanted
from lamplighter_gateway.jobs.webhook_checks import check_webhook


def check(wanted: Wanted, before: Wanted, catalog: Catalog, now: datetime) -> list[FieldError]:
    """Every field that cannot be. Empty means the job can run. `before` is what is there now, and `catalog` shows what
    the job may refer to."""
    return [
        *check_times(wanted, before, now),
        *check_wording(wanted, before),
        *check_webhook(wanted, before),
        *_check_executor(wanted, catalog),
        *check_environment(wanted.environment, catalog),
        *check_calendars(wanted.calendars, catalog),
    ]


def _check_executor(wanted: Wanted, catalog: Catalog) -> Iterator[FieldError]:
    for field in ("agent_id", "fallback_agent_id"):
        name = getattr(wanted, field)
        if name is not None and catalog.find(Agent, name) is None:
            yield missing(field, "agent", name, [a.agent_id for a in catalog.all(Agent)])
    if wanted.team_id is not None and catalog.find(Team, wanted.team_id) is None:
        yield missing("team_id", "team", wanted.team_id, [t.team_id for t in catalog.all(Team)])


def check_environment(name: object, catalog: Catalog) -> Iterator[FieldError]:
    """What is no text at all is told of elsewhere."""
    if not isinstance(name, str) or find_environment(name, catalog) is not None:
        return
    if name in catalog.projects:
        problem = f"names {name!r}, which is not its project's: another project has made it; name another one"
        yield FieldError(field="environment", problem=problem)
    else:
        known = [environment.environment_id for environment in all_environments(catalog)]
        yield missing("environment", "environment", name, known)


def check_calendars(names: Iterable[str], catalog: Catalog) -> Iterator[FieldError]:
    for name in names:
        if catalog.find(Calendar, name) is None:
            yield missing("calendars", "calendar", name, [c.calendar_id for c in catalog.all(Calendar)])


def missing(field: str, kind: str, name: str, known: Sequence[str]) -> FieldError:
    """There is no such `kind`; with the nearest name, if one is near."""
    near = get_close_matches(name, known, n=1)
    hint = f": did you mean {near[0]!r}?" if near else ""
    return FieldError(field=field, problem=f"names the {kind} {name!r}, which does not exist{hint}")
