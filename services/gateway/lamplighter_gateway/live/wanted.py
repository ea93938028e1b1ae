"""Which events a reader wants, of those that it may know of. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lamplighter_contracts.executions import ExecutionStatus
from lamplighter_contracts.projects import EVERY_PROJECT
from lamplighter_contracts.tokens import Role
from lamplighter_gateway.access.callers import Caller
from lamplighter_gateway.live.told import NAMES, Kind, Told, kind_of, name_of
from lamplighter_gateway.web.parameters import SHOWN, Parameters

STATUSES = (*(status.value for status in ExecutionStatus), "skipped")
_KINDS = tuple(kind.value for kind in Kind)


@dataclass(frozen=True)
class Wanted:
    """Empty: any. `may_know` is asked anew for each event."""

    may_know: Callable[[Told], bool]
    job_id: str = ""
    agent_id: str = ""
    project: str = ""
    names: frozenset[str] = frozenset(NAMES)
    statuses: frozenset[str] = frozenset()

    def takes(self, told: Told) -> bool:
        about = told.about
        return (
            told.name in self.names
            and (not self.job_id or about.job_id == self.job_id)
            and (not self.agent_id or self.agent_id in about.agents)
            and (not self.project or about.project == self.project)
            and (not self.statuses or told.status in self.statuses)
            and self.may_know(told)
        )


def known_to(caller: Caller) -> Callable[[Told], bool]:
    secret = caller.reaches(EVERY_PROJECT) and caller.role.reaches(Role.ADMIN)

    def may_know(told: Told) -> bool:
        return secret if told.about.secret else reaches(caller, told.about.project)

    return may_know


def reaches(caller: Caller, project: str | None) -> bool:
    """What nobody can place in a project any more is only for who reaches them all."""
    return caller.reaches(EVERY_PROJECT if project is None else project)


def read_wanted(query: Parameters, caller: Caller, job_id: str = "") -> Wanted:
    """From `?job_id=&agent_id=&kind=&type=&project=&status=`. What is wrong is noted in `query`."""
    kinds = _words(query, "kind", _KINDS)
    types = frozenset(_words(query, "type", NAMES))
    return Wanted(
        may_know=known_to(caller),
        job_id=job_id or query.text("job_id") or "",
        agent_id=query.text("agent_id") or "",
        project=query.text("project") or "",
        names=frozenset(
            name for name in NAMES if (not kinds or kind_of(name) in kinds) and (not types or name in types)
        ),
        statuses=frozenset(_words(query, "status", STATUSES)),
    )


def _words(query: Parameters, name: str, known: Sequence[str]) -> list[str]:
    """Several words, with commas between them; an event's CloudEvents type stands for its name."""
    given = [name_of(word) for word in (query.text(name) or "").split(",") if word]
    if strange := [word for word in given if word not in known]:
        query.wrong(name, f"is {strange[0][:SHOWN]!r}; allowed are {', '.join(known)}")
    return given
